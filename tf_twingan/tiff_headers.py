"""The first directory of a TIFF, held against `image_limits`."""

import struct
from typing import BinaryIO

from tf_twingan import image_limits

# Bytes of one value by its TIFF type; what Pillow does not know, it skips.
_SIZES = {
  **{1: 1, 2: 1, 3: 2, 4: 4, 5: 8, 6: 1, 7: 1, 8: 2, 9: 4, 10: 8},
  **{11: 4, 12: 8, 13: 4, 16: 8, 17: 8, 18: 8},
}
_PARTS = (273, 279, 324, 325)
# Width and height, of the image and of a tile.
_SIDES = (256, 257, 322, 323)


def check(file: BinaryIO, head: bytes) -> None:
  """Holds the first directory against the limits, as Pillow reads it whole.

  Args:
    file: the file, open at any place.
    head: its first bytes, 16 or more unless it is shorter.

  Raises:
    image_limits.Refused: it is over a limit.
  """
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
  file.seek(min(struct.unpack(order + place, raw)[0], image_limits.MAX_BYTES))
  raw = file.read(struct.calcsize(order + count))
  if len(raw) < struct.calcsize(order + count):
    return
  entries = struct.unpack(order + count, raw)[0]
  if entries > image_limits.MAX_PARTS:
    raise image_limits.Refused(f'a TIFF of {entries:,} tags')
  other = 0
  numbers = {}
  for _ in range(entries):
    raw = file.read(struct.calcsize(order + entry))
    if len(raw) < struct.calcsize(order + entry):
      break
    tag, kind, values, value = struct.unpack(order + entry, raw)
    if tag in _PARTS:
      image_limits.check_number(
        'strips or tiles', values, image_limits.MAX_PARTS
      )
    other += values * _SIZES.get(kind, 0)
    image_limits.check_number(
      'bytes beside the pixels', other, image_limits.MAX_OTHER_BYTES
    )
    if tag in _SIDES:
      if values != 1 or kind not in (3, 4):
        raise image_limits.Refused(
          'a TIFF whose size is no number of 16 or 32 bits'
        )
      # Of a tag that stands there twice, decoders do not take the same one.
      number = struct.unpack_from(order + 'xxHI'[kind - 1], value)[0]
      numbers[tag] = max(number, numbers.get(tag, 0))
  width, height = numbers.get(256, 0), numbers.get(257, 0)
  image_limits.check_pixels(width, height)
  # A decoder makes room for a whole tile, however small the image is.
  tile = numbers.get(322, 0), numbers.get(323, 0)
  if tile[0] * tile[1] > max(2**22, 4 * width * height):
    raise image_limits.Refused(
      f'tiles of {tile[0]}x{tile[1]} pixels for an image of {width}x{height}'
    )
