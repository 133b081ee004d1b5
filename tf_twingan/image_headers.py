"""Limits of image files, held against their headers before decoding.

A file of a few bytes can announce an image of gigabytes, and one of a few
megabytes can keep a decoder busy for minutes. `check` tells the format of a
file and refuses what no camera and no program writes:

  bytes of a file            512 MiB, 64 MiB where the decoder needs them whole
  pixels, decoded            64 Mi (8192x8192), see `check_pixels`
  pixels, stored             256 Mi in a JPEG that is decoded smaller
  scans of a JPEG            100, and fewer of a large one
  segments, chunks, blocks   65,536
  strips or tiles of a TIFF  65,536
  what is no pixels (text, profiles, previews)  64 MiB
  decoded by slow code       4 Mi values (text PPM, run-length BMP)

What decoding needs is limited for all threads together: see `memory_budget`.
Only the first frame or page of a file is ever read.
"""

import re
import struct
from typing import BinaryIO, NamedTuple

from tf_twingan import av1_headers

MAX_PIXELS = 64 * 2**20
MAX_STORED_PIXELS = 256 * 2**20
MAX_BYTES = 512 * 2**20
# Pillow's WebP, AVIF and HEIC decoders take the whole file into memory.
MAX_WHOLE_BYTES = 64 * 2**20
MAX_SCANS = 100
MAX_SCANNED_PIXELS = 32 * MAX_PIXELS
MAX_PARTS = 2**16
MAX_OTHER_BYTES = 64 * 2**20
MAX_SLOW_VALUES = 4 * 2**20

_PNG = b'\x89PNG\r\n\x1a\n'
_TIFF = (b'II*\0', b'MM\0*', b'II+\0', b'MM\0+')
_AVIF_BRANDS = {b'avif', b'avis'}
_HEIF_BRANDS = {
  *(b'heic', b'heix', b'heim', b'heis', b'hevc', b'hevx', b'hevm', b'hevs'),
  *(b'mif1', b'msf1', b'mif2'),
}


class Refused(Exception):
  """Why an image is refused that a decoder might accept."""


class Header(NamedTuple):
  """What a file says of itself.

  Attributes:
    kind: JPEG, PNG, WEBP, GIF, BMP, TIFF, PPM, AVIF or HEIF, by what the file
      holds, whatever its name.
    has_several_scans: whether the decoder keeps the coefficients of all pixels
      in memory until it has read the last scan of a JPEG.
  """

  kind: str
  has_several_scans: bool = False


def check(file: BinaryIO, size: int) -> Header | None:
  """Reads the header of an image file.

  Args:
    file: the file, open at any place.
    size: its length in bytes.

  Returns:
    None if the file is of no kind that is known.

  Raises:
    Refused: it is over a limit.
  """
  if size > MAX_BYTES:
    raise Refused(_over('bytes', size, MAX_BYTES))
  file.seek(0)
  head = file.read(4096)
  for kind, belongs, check_kind in _KINDS:
    if belongs(head):
      if kind in ('WEBP', 'AVIF', 'HEIF') and size > MAX_WHOLE_BYTES:
        raise Refused(_over(f'bytes of {kind}', size, MAX_WHOLE_BYTES))
      return Header(kind, bool(check_kind and check_kind(file, head)))
  return None


def check_pixels(width: int, height: int, limit: int = MAX_PIXELS) -> None:
  """Raises Refused if an image has more pixels than the limit."""
  if width * height > limit:
    raise Refused(
      f'{width}x{height} pixels are over the limit of {limit} pixels; '
      'make it smaller'
    )


def _over(what: str, value: int, limit: int) -> str:
  return f'{value:,} {what} are over the limit of {limit:,}; make it smaller'


def _check_jpeg(file: BinaryIO, head: bytes) -> bool:
  """Whether a JPEG has several scans; there must not be too many."""
  del head
  scans = parts = junk = other = pixels = components = 0
  progressive = False
  file.seek(2)
  while True:
    marker, skipped = _next_marker(file, MAX_PARTS - junk)
    if marker in (None, 0xD9):
      break
    junk += skipped
    parts += 1
    if parts > MAX_PARTS:
      raise Refused(f'a JPEG of more than {MAX_PARTS:,} segments; save it anew')
    # Markers that stand alone.
    if marker == 0x01 or 0xD0 <= marker <= 0xD8:
      continue
    length = max(0, int.from_bytes(file.read(2), 'big') - 2)
    if marker == 0xDA:
      scan = file.read(length)
      scans += 1
      # The only scan of an ordinary JPEG; what follows it is never read.
      if not progressive and scans == 1 and scan[:1] == bytes([components]):
        break
      allowed = min(MAX_SCANS, max(1, MAX_SCANNED_PIXELS // max(pixels, 1)))
      if scans > allowed:
        raise Refused(
          f'more than {allowed} scans take too long to decode; save it anew, '
          'not progressive'
        )
      _skip_entropy_coded(file)
    elif not pixels and marker in _FRAMES:
      frame = file.read(length).ljust(6, b'\0')
      _, height, width, components = struct.unpack('>BHHB', frame[:6])
      pixels = width * height
      progressive = marker in _PROGRESSIVE
    else:
      other += length
      if other > MAX_OTHER_BYTES:
        raise Refused(_over('bytes beside the pixels', other, MAX_OTHER_BYTES))
      file.seek(length, 1)
  return scans > 1


_FRAMES = frozenset(range(0xC0, 0xD0)) - {0xC4, 0xC8, 0xCC}
_PROGRESSIVE = frozenset((0xC2, 0xC6, 0xCA, 0xCE))


def _next_marker(file: BinaryIO, at_most: int) -> tuple[int | None, int]:
  """The next marker of a JPEG, and how many bytes a decoder skips before it.

  Args:
    file: the file, open behind a segment.
    at_most: number of bytes that may be skipped.
  """
  skipped = -1  # The first byte of the marker is not.
  after_ff = False
  while byte := file.read(1):
    if after_ff and byte not in (b'\0', b'\xff'):
      return byte[0], skipped
    after_ff = byte == b'\xff'
    skipped += 1
    if skipped > at_most:
      raise Refused(f'more than {MAX_PARTS:,} bytes without meaning in a JPEG')
  return None, skipped


_MARKER = re.compile(rb'\xff[^\x00\xff\xd0-\xd7]')


def _skip_entropy_coded(file: BinaryIO) -> None:
  """Moves to the next marker of a JPEG, or to its end."""
  while block := file.read(2**20):
    if found := _MARKER.search(block):
      file.seek(found.start() - len(block), 1)
      return
    # The marker may be cut in two.
    if block.endswith(b'\xff') and len(block) > 1:
      file.seek(-1, 1)


def _check_png(file, head):
  if head[12:16] == b'IHDR':
    check_pixels(*struct.unpack('>II', head[16:24].ljust(8, b'\0')))
  if head[12:16] == b'CgBI':
    raise Refused("a PNG of Apple's own kind (CgBI); save it as plain PNG")
  file.seek(len(_PNG))
  chunks = other = 0
  while len(header := file.read(8)) == 8:
    length, kind = struct.unpack('>I4s', header)
    chunks += 1
    if chunks > MAX_PARTS:
      raise Refused(f'a PNG of more than {MAX_PARTS:,} chunks')
    if kind == b'IEND':
      break
    if kind not in (b'IDAT', b'fdAT'):
      other += length
      if other > MAX_OTHER_BYTES:
        raise Refused(_over('bytes beside the pixels', other, MAX_OTHER_BYTES))
    file.seek(length + 4, 1)


def _check_webp(file, head):
  kind, data = head[12:16], head[20:30].ljust(10, b'\0')
  if kind == b'VP8X':
    check_pixels(
      int.from_bytes(data[4:7], 'little') + 1,
      int.from_bytes(data[7:10], 'little') + 1,
    )
  elif kind == b'VP8L':
    bits = int.from_bytes(data[1:5], 'little')
    check_pixels((bits & 0x3FFF) + 1, (bits >> 14 & 0x3FFF) + 1)
  elif kind == b'VP8 ':
    width, height = struct.unpack('<HH', data[6:10])
    check_pixels(width & 0x3FFF, height & 0x3FFF)
  file.seek(12)
  chunks = 0
  while len(header := file.read(8)) == 8:
    chunks += 1
    if chunks > MAX_PARTS:
      raise Refused(f'a WebP of more than {MAX_PARTS:,} chunks and frames')
    length = int.from_bytes(header[4:], 'little')
    file.seek(length + length % 2, 1)


def _check_gif(file, head):
  """Goes up to the first frame, behind which nothing is read."""
  check_pixels(*struct.unpack('<HH', head[6:10].ljust(4, b'\0')))

  def skip_colors(flags: int) -> None:
    if flags & 0x80:
      file.seek(3 << (flags & 7) + 1, 1)

  file.seek(13)
  skip_colors(head[10] if len(head) > 10 else 0)
  blocks = 0
  while start := file.read(1):
    blocks += 1
    if start == b',':
      left, top, width, height = struct.unpack(
        '<4H', file.read(8).ljust(8, b'\0')
      )
      check_pixels(left + width, top + height)
      return
    if start == b'!':
      file.seek(1, 1)
      while (length := file.read(1)) not in (b'', b'\0'):
        file.seek(length[0], 1)
        blocks += 1
        if blocks > MAX_PARTS:
          break
    if blocks > MAX_PARTS:
      raise Refused(f'a GIF of more than {MAX_PARTS:,} blocks before its image')


def _check_bmp(file, head):
  if len(head) < 34 or head[14:18] == b'\x0c\0\0\0':
    return
  width, height, _, bits, compression = struct.unpack('<iiHHI', head[18:34])
  values = abs(width) * abs(height)
  check_pixels(abs(width), abs(height))
  # Pillow decodes run lengths in Python.
  if compression in (1, 2) and bits in (4, 8):
    size = file.seek(0, 2)
    # No encoder takes more than two bytes for a pixel, and for an end of row.
    most = 2 * values + 2 * abs(height) + MAX_PARTS
    if values > MAX_SLOW_VALUES or size > most:
      raise Refused(
        f'{abs(width)}x{abs(height)} pixels and {size:,} bytes are too many '
        'for a BMP with run lengths; save it as PNG'
      )


def _check_ppm(file, head):
  """Pillow reads the header byte by byte, and decodes text in Python."""
  del head
  file.seek(0)
  head = re.sub(rb'#[^\r\n]*', b'', file.read(MAX_PARTS))
  fields = head.split(None, 4)
  if len(fields) < 3 or not all(len(f) <= 10 for f in fields[:3]):
    raise Refused('a PPM whose header is cut off or too long; save it as PNG')
  try:
    width, height = int(fields[1]), int(fields[2])
  except ValueError:
    raise Refused('a PPM whose header holds no size; save it as PNG') from None
  check_pixels(width, height)
  if fields[0] in (b'P1', b'P2', b'P3'):
    size = file.seek(0, 2)
    values = width * height * (3 if fields[0] == b'P3' else 1)
    file.seek(0)
    if (
      values > MAX_SLOW_VALUES
      or size > 16 * values + MAX_PARTS
      or file.read().count(b'#') > 1000
    ):
      raise Refused(
        f'{width}x{height} pixels and {size:,} bytes are too many for a PPM '
        'written as text; save it as PNG'
      )


# Bytes of one value by its TIFF type; what Pillow does not know, it skips.
_TIFF_SIZES = {
  **{1: 1, 2: 1, 3: 2, 4: 4, 5: 8, 6: 1, 7: 1, 8: 2, 9: 4, 10: 8},
  **{11: 4, 12: 8, 13: 4, 16: 8, 17: 8, 18: 8},
}
_TIFF_PARTS = (273, 279, 324, 325)
# Width and height, of the image and of a tile.
_TIFF_SIDES = (256, 257, 322, 323)


def _check_tiff(file, head):
  """Holds the first directory against the limits, as Pillow reads it whole."""
  order = '<' if head[:2] == b'II' else '>'
  big = head[2:4] in (b'+\0', b'\0+')
  if big:
    place, count, entry = 'Q', 'Q', 'HHQ8s'
  else:
    place, count, entry = 'I', 'H', 'HHI4s'
  at = struct.calcsize(order + place)
  raw = head[8 if big else 4 :][:at]
  if len(raw) < at:
    return
  file.seek(min(struct.unpack(order + place, raw)[0], MAX_BYTES))
  raw = file.read(struct.calcsize(order + count))
  if len(raw) < struct.calcsize(order + count):
    return
  entries = struct.unpack(order + count, raw)[0]
  if entries > MAX_PARTS:
    raise Refused(f'a TIFF of {entries:,} tags')
  other = 0
  numbers = {}
  for _ in range(entries):
    raw = file.read(struct.calcsize(order + entry))
    if len(raw) < struct.calcsize(order + entry):
      break
    tag, kind, values, value = struct.unpack(order + entry, raw)
    if tag in _TIFF_PARTS and values > MAX_PARTS:
      raise Refused(_over('strips or tiles', values, MAX_PARTS))
    other += values * _TIFF_SIZES.get(kind, 0)
    if other > MAX_OTHER_BYTES:
      raise Refused(_over('bytes beside the pixels', other, MAX_OTHER_BYTES))
    if tag in _TIFF_SIDES:
      if values != 1 or kind not in (3, 4):
        raise Refused('a TIFF whose size is no number of 16 or 32 bits')
      # Of a tag that stands there twice, decoders do not take the same one.
      number = struct.unpack_from(order + 'xxHI'[kind - 1], value)[0]
      numbers[tag] = max(number, numbers.get(tag, 0))
  width, height = numbers.get(256, 0), numbers.get(257, 0)
  check_pixels(width, height)
  # A decoder makes room for a whole tile, however small the image is.
  tile = numbers.get(322, 0), numbers.get(323, 0)
  if tile[0] * tile[1] > max(2**22, 4 * width * height):
    raise Refused(
      f'tiles of {tile[0]}x{tile[1]} pixels for an image of {width}x{height}'
    )


def _check_avif(file, head):
  """Holds the frames inside against the limits, whatever the file claims."""
  del head
  file.seek(0)
  try:
    size = av1_headers.largest_frame(file.read())
  except ValueError as error:
    raise Refused(f'a damaged AVIF file ({error})') from None
  check_pixels(*size)


def _is_webp(head: bytes) -> bool:
  return head[:4] == b'RIFF' and head[8:12] == b'WEBP'


def _brands(head: bytes) -> set[bytes]:
  """The brands of an ISO media file, the main one and the compatible ones."""
  if head[4:8] != b'ftyp':
    return set()
  end = min(int.from_bytes(head[:4], 'big'), len(head))
  return {head[8:12], *(head[i : i + 4] for i in range(16, end, 4))}


_KINDS = (
  ('JPEG', lambda head: head[:3] == b'\xff\xd8\xff', _check_jpeg),
  ('PNG', lambda head: head[:8] == _PNG, _check_png),
  ('WEBP', _is_webp, _check_webp),
  ('GIF', lambda head: head[:6] in (b'GIF87a', b'GIF89a'), _check_gif),
  ('BMP', lambda head: head[:2] == b'BM', _check_bmp),
  ('TIFF', lambda head: head[:4] in _TIFF, _check_tiff),
  ('PPM', lambda head: re.match(rb'P([1-6fy]|0CMYK)', head), _check_ppm),
  # A HEIF file may hold both kinds of pixels; AVIF needs nothing installed.
  ('AVIF', lambda head: _brands(head) & _AVIF_BRANDS, _check_avif),
  ('HEIF', lambda head: _brands(head) & _HEIF_BRANDS, None),
)
