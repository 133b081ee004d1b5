"""Segments and scans of a JPEG, held against `image_limits`."""

import re
import struct
from typing import BinaryIO

from tf_twingan import image_limits


def check(file: BinaryIO, head: bytes) -> bool:
  """Reads the segments of a JPEG up to the end of its last scan.

  Args:
    file: the file, open at any place.
    head: its first bytes; not used.

  Returns:
    Whether it has several scans.

  Raises:
    image_limits.Refused: it is over a limit.
  """
  del head
  scans = parts = junk = other = pixels = components = 0
  progressive = False
  file.seek(2)
  while True:
    marker, skipped = _next_marker(file, image_limits.MAX_PARTS - junk)
    if marker in (None, 0xD9):
      break
    junk += skipped
    parts += 1
    if parts > image_limits.MAX_PARTS:
      raise image_limits.Refused(
        f'a JPEG of more than {image_limits.MAX_PARTS:,} segments; save it anew'
      )
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
      allowed = min(
        image_limits.MAX_SCANS,
        max(1, image_limits.MAX_SCANNED_PIXELS // max(pixels, 1)),
      )
      if scans > allowed:
        raise image_limits.Refused(
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
      image_limits.check_number(
        'bytes beside the pixels', other, image_limits.MAX_OTHER_BYTES
      )
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
      raise image_limits.Refused(
        f'more than {image_limits.MAX_PARTS:,} bytes without meaning in a JPEG'
      )
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
