"""The headers of image files, held against `image_limits` before decoding.

`check` tells the format of a file by what it holds, and refuses what no camera
and no program writes. Only the first frame or page of a file is ever read.
"""

import re
import struct
from typing import BinaryIO, NamedTuple

from tf_twingan import av1_headers, image_limits, jpeg_headers, tiff_headers

_PNG = b'\x89PNG\r\n\x1a\n'
_TIFF = (b'II*\0', b'MM\0*', b'II+\0', b'MM\0+')
_AVIF_BRANDS = {b'avif', b'avis'}
_HEIF_BRANDS = {
  *(b'heic', b'heix', b'heim', b'heis', b'hevc', b'hevx', b'hevm', b'hevs'),
  *(b'mif1', b'msf1', b'mif2'),
}


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
    image_limits.Refused: it is over a limit.
  """
  image_limits.check_number('bytes', size, image_limits.MAX_BYTES)
  file.seek(0)
  head = file.read(4096)
  for kind, belongs, check_kind in _KINDS:
    if belongs(head):
      if kind in ('WEBP', 'AVIF', 'HEIF'):
        image_limits.check_number(
          f'bytes of {kind}', size, image_limits.MAX_WHOLE_BYTES
        )
      return Header(kind, bool(check_kind and check_kind(file, head)))
  return None


def _check_png(file, head):
  if head[12:16] == b'IHDR':
    image_limits.check_pixels(
      *struct.unpack('>II', head[16:24].ljust(8, b'\0'))
    )
  if head[12:16] == b'CgBI':
    raise image_limits.Refused(
      "a PNG of Apple's own kind (CgBI); save it as plain PNG"
    )
  file.seek(len(_PNG))
  chunks = other = 0
  while len(header := file.read(8)) == 8:
    length, kind = struct.unpack('>I4s', header)
    chunks += 1
    if chunks > image_limits.MAX_PARTS:
      raise image_limits.Refused(
        f'a PNG of more than {image_limits.MAX_PARTS:,} chunks'
      )
    if kind == b'IEND':
      break
    if kind not in (b'IDAT', b'fdAT'):
      other += length
      image_limits.check_number(
        'bytes beside the pixels', other, image_limits.MAX_OTHER_BYTES
      )
    file.seek(length + 4, 1)


def _check_webp(file, head):
  kind, data = head[12:16], head[20:30].ljust(10, b'\0')
  if kind == b'VP8X':
    image_limits.check_pixels(
      int.from_bytes(data[4:7], 'little') + 1,
      int.from_bytes(data[7:10], 'little') + 1,
    )
  elif kind == b'VP8L':
    bits = int.from_bytes(data[1:5], 'little')
    image_limits.check_pixels((bits & 0x3FFF) + 1, (bits >> 14 & 0x3FFF) + 1)
  elif kind == b'VP8 ':
    width, height = struct.unpack('<HH', data[6:10])
    image_limits.check_pixels(width & 0x3FFF, height & 0x3FFF)
  file.seek(12)
  chunks = 0
  while len(header := file.read(8)) == 8:
    chunks += 1
    if chunks > image_limits.MAX_PARTS:
      raise image_limits.Refused(
        f'a WebP of more than {image_limits.MAX_PARTS:,} chunks and frames'
      )
    length = int.from_bytes(header[4:], 'little')
    file.seek(length + length % 2, 1)


def _check_gif(file, head):
  """Goes up to the first frame, behind which nothing is read."""
  image_limits.check_pixels(*struct.unpack('<HH', head[6:10].ljust(4, b'\0')))

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
      image_limits.check_pixels(left + width, top + height)
      return
    if start == b'!':
      file.seek(1, 1)
      while (length := file.read(1)) not in (b'', b'\0'):
        file.seek(length[0], 1)
        blocks += 1
        if blocks > image_limits.MAX_PARTS:
          break
    if blocks > image_limits.MAX_PARTS:
      raise image_limits.Refused(
        f'a GIF of more than {image_limits.MAX_PARTS:,} blocks before its image'
      )


def _check_bmp(file, head):
  if len(head) < 34 or head[14:18] == b'\x0c\0\0\0':
    return
  width, height, _, bits, compression = struct.unpack('<iiHHI', head[18:34])
  values = abs(width) * abs(height)
  image_limits.check_pixels(abs(width), abs(height))
  # Pillow decodes run lengths in Python.
  if compression in (1, 2) and bits in (4, 8):
    size = file.seek(0, 2)
    # No encoder takes more than two bytes for a pixel, and for an end of row.
    most = 2 * values + 2 * abs(height) + image_limits.MAX_PARTS
    if values > image_limits.MAX_SLOW_VALUES or size > most:
      raise image_limits.Refused(
        f'{abs(width)}x{abs(height)} pixels and {size:,} bytes are too many '
        'for a BMP with run lengths; save it as PNG'
      )


def _check_ppm(file, head):
  """Pillow reads the header byte by byte, and decodes text in Python."""
  del head
  file.seek(0)
  head = re.sub(rb'#[^\r\n]*', b'', file.read(image_limits.MAX_PARTS))
  fields = head.split(None, 4)
  if len(fields) < 3 or not all(len(f) <= 10 for f in fields[:3]):
    raise image_limits.Refused(
      'a PPM whose header is cut off or too long; save it as PNG'
    )
  try:
    width, height = int(fields[1]), int(fields[2])
  except ValueError:
    raise image_limits.Refused(
      'a PPM whose header holds no size; save it as PNG'
    ) from None
  image_limits.check_pixels(width, height)
  if fields[0] in (b'P1', b'P2', b'P3'):
    size = file.seek(0, 2)
    values = width * height * (3 if fields[0] == b'P3' else 1)
    file.seek(0)
    if (
      values > image_limits.MAX_SLOW_VALUES
      or size > 16 * values + image_limits.MAX_PARTS
      or file.read().count(b'#') > 1000
    ):
      raise image_limits.Refused(
        f'{width}x{height} pixels and {size:,} bytes are too many for a PPM '
        'written as text; save it as PNG'
      )


def _check_avif(file, head):
  """Holds the frames inside against the limits, whatever the file claims."""
  del head
  file.seek(0)
  try:
    size = av1_headers.largest_frame(file.read())
  except ValueError as error:
    raise image_limits.Refused(f'a damaged AVIF file ({error})') from None
  image_limits.check_pixels(*size)


def _is_webp(head: bytes) -> bool:
  return head[:4] == b'RIFF' and head[8:12] == b'WEBP'


def _brands(head: bytes) -> set[bytes]:
  """The brands of an ISO media file, the main one and the compatible ones."""
  if head[4:8] != b'ftyp':
    return set()
  end = min(int.from_bytes(head[:4], 'big'), len(head))
  return {head[8:12], *(head[i : i + 4] for i in range(16, end, 4))}


_KINDS = (
  ('JPEG', lambda head: head[:3] == b'\xff\xd8\xff', jpeg_headers.check),
  ('PNG', lambda head: head[:8] == _PNG, _check_png),
  ('WEBP', _is_webp, _check_webp),
  ('GIF', lambda head: head[:6] in (b'GIF87a', b'GIF89a'), _check_gif),
  ('BMP', lambda head: head[:2] == b'BM', _check_bmp),
  ('TIFF', lambda head: head[:4] in _TIFF, tiff_headers.check),
  ('PPM', lambda head: re.match(rb'P([1-6fy]|0CMYK)', head), _check_ppm),
  # A HEIF file may hold both kinds of pixels; AVIF needs nothing installed.
  ('AVIF', lambda head: _brands(head) & _AVIF_BRANDS, _check_avif),
  ('HEIF', lambda head: _brands(head) & _HEIF_BRANDS, None),
)
