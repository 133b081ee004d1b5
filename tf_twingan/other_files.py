"""What a file named like an image holds if it is none, for messages."""

import re

# By how they begin.
_KINDS = (
  (
    rb'\s*<(!doctype\s+html|html|head|body)\b',
    'a web page, as a failed download leaves it; download the image itself',
  ),
  (rb'version https://git-lfs', 'a pointer of Git LFS; run `git lfs pull`'),
  (rb'\s*<(\?xml|svg)\b', 'an SVG or another XML file; save it as PNG'),
  (rb'%PDF-', 'a PDF; save its pages as PNG'),
  (rb'8BPS', 'a file of Photoshop; save it as PNG'),
  (rb'\0\0\0\x0cjP|\xff\x4f\xff\x51', 'a JPEG 2000; save it as PNG'),
  (rb'\0\0\0\x0cJXL|\xff\x0a', 'a JPEG XL; save it as PNG'),
  (rb'\0\0\x01\0', 'an icon (ICO); save it as PNG'),
  (
    rb'.{4}ftyp|\x1aE\xdf\xa3',
    'a video, or a photo of a kind that is not read; save it as PNG',
  ),
  (rb'PK\x03\x04|\x1f\x8b|7z\xbc\xaf|Rar!', 'an archive; unpack it'),
)


def describe(head: bytes) -> str:
  """What a file is that is no image of a kind that is read.

  Args:
    head: how it begins, 64 bytes or more; empty if the file is.
  """
  if not head:
    return 'an empty file'
  for start, kind in _KINDS:
    if re.match(start, head, re.IGNORECASE | re.DOTALL):
      return f'it holds {kind}'
  return (
    'not an image in a known format, or damaged at its start (known: JPEG, '
    'PNG, WEBP, GIF, BMP, TIFF, PPM, AVIF, HEIC)'
  )
