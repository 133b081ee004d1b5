"""How files say that what they store is turned or mirrored."""

import struct
from collections.abc import Mapping, Sequence

from PIL import Image

from tests.image_samples import base

_TRANSPOSE = Image.Transpose
# How an upright image is stored, by its orientation in EXIF.
STORED: Mapping[int, Sequence[Image.Transpose]] = {
  1: (),
  2: (_TRANSPOSE.FLIP_LEFT_RIGHT,),
  3: (_TRANSPOSE.ROTATE_180,),
  4: (_TRANSPOSE.FLIP_TOP_BOTTOM,),
  5: (_TRANSPOSE.TRANSPOSE,),
  6: (_TRANSPOSE.ROTATE_90,),
  7: (_TRANSPOSE.TRANSVERSE,),
  8: (_TRANSPOSE.ROTATE_270,),
}
SIDEWAYS = 6  # The orientation of the samples that test how it is written.


def stored(image, orientation):
  for move in STORED[orientation]:
    image = image.transpose(move)
  return image


def pillow_exif(orientation):
  exif = Image.Exif()
  exif[0x0112] = orientation
  return exif


def exif(orientation):
  """EXIF with two entries, the second of which is the orientation."""
  entries = struct.pack('<HHII', 0x0100, 4, 1, base.WIDTH)
  entries += struct.pack('<HHIHH', 0x0112, 3, 1, orientation, 0)
  return struct.pack('<2sHIH', b'II', 42, 8, 2) + entries + bytes(4)


def xmp(orientation):
  return (
    b'<x:xmpmeta xmlns:x="adobe:ns:meta/"><rdf:Description tiff:Orientation="'
    + str(orientation).encode()
    + b'"/></x:xmpmeta>'
  )


def exif_in_hexadecimal(orientation):
  digits = (b'Exif\0\0' + exif(orientation)).hex().encode()
  lines = b'\n'.join(digits[i : i + 72] for i in range(0, len(digits), 72))
  return b'\nexif\n%8d\n%s\n' % (len(digits) // 2, lines)
