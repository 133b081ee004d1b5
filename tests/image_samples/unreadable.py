"""Files that are damaged, or whose headers claim too much."""

import struct

from PIL import Image

from tests import image_bytes
from tests.image_samples import base, jpegs


def damaged() -> dict[str, bytes]:
  """Files by name that no reader can read, but may try to."""
  whole = {
    kind: image_bytes.encoded(Image.fromarray(base.asymmetric_image()), kind)
    for kind in ('JPEG', 'PNG', 'GIF', 'BMP')
  }
  cmyk = image_bytes.encoded(jpegs.as_cmyk(base.asymmetric_image()), 'JPEG')
  adobe = cmyk.index(b'\xff\xee')
  return {
    'empty': b'',
    'JPEG of unknown inks': cmyk[:adobe] + cmyk[adobe + 16 :],
    'text': b'no image',
    'html': b'<!DOCTYPE html><html><body>404</body></html>',
    **_pieces(whole),
    'PNG checksum': whole['PNG'][:60] + b'\0\1\2\3' + whole['PNG'][64:],
    'GIF data': whole['GIF'][:-20] + b'\0;',
  }


def _pieces(files: dict[str, bytes]) -> dict[str, bytes]:
  """Beginnings of files."""
  return {
    **{f'{kind} magic': content[:4] for kind, content in files.items()},
    **{f'{kind} header': content[:40] for kind, content in files.items()},
    **{
      f'{kind} half': content[: len(content) // 2]
      for kind, content in files.items()
    },
  }


def foreign() -> dict[str, bytes]:
  """Files by name that no reader takes, or of kinds that graphs do not read."""
  unread = {
    kind: image_bytes.encoded(Image.fromarray(base.asymmetric_image()), kind)
    for kind in ('WEBP', 'TIFF', 'PPM', 'AVIF')
  }
  png = image_bytes.encoded(Image.fromarray(base.asymmetric_image()), 'PNG')
  jpeg = image_bytes.encoded(Image.fromarray(base.asymmetric_image()), 'JPEG')
  frame = jpeg.index(b'\xff\xc0')
  pixels = png.index(b'IDAT') - 4
  return {
    **_pieces(unread),
    'PDF': b'%PDF-1.7\n1 0 obj << /Type /Catalog >> endobj\n%%EOF\n',
    'SVG': b'<svg xmlns="http://www.w3.org/2000/svg" width="9" height="9"/>',
    'zip': b'PK\x03\x04\x14\0\0\0\x08\0' + b'\0' * 40,
    'gzip': b'\x1f\x8b\x08\0\0\0\0\0\0\x03\x4b\x04\0',
    'zeros': bytes(4096),
    'pointer of Git LFS': b'version https://git-lfs.github.com/spec/v1\n'
    b'oid sha256:' + b'4' * 64 + b'\nsize 12345\n',
    'JSON': b'{"error": "not found"}',
    'JPEG 2000': b'\0\0\0\x0cjP  \r\n\x87\n' + bytes(64),
    'JPEG of 12 bits': jpeg[: frame + 4] + b'\x0c' + jpeg[frame + 5 :],
    'JPEG of no height': jpeg[: frame + 5] + b'\0\0' + jpeg[frame + 7 :],
    'PNG of no width': image_bytes.png(0, 4, depth=8, color=2, data=b''),
    'PNG without pixels': png[:pixels] + png[-12:],
  }


def oversized() -> dict[str, bytes]:
  """Small files by name whose headers claim far more pixels than allowed."""
  large = 60_000
  png = image_bytes.png(large, large, depth=8, color=2, data=b'')
  jpeg = image_bytes.encoded(Image.fromarray(base.asymmetric_image()), 'JPEG')
  frame = jpeg.index(b'\xff\xc0')
  gif = image_bytes.encoded(Image.new('P', (4, 4)), 'GIF')
  bmp = image_bytes.encoded(Image.fromarray(base.asymmetric_image()), 'BMP')
  size = struct.pack('<HH', large, large)
  frame_start = gif.index(b'\x2c\0\0\0\0\4\0\4\0')
  return {
    'PNG': png,
    'JPEG': jpeg[: frame + 5]
    + struct.pack('>HH', large, large)
    + jpeg[frame + 9 :],
    'GIF screen': gif[:6] + size + gif[10:],
    'GIF frame': gif[: frame_start + 5] + size + gif[frame_start + 9 :],
    'BMP': bmp[:18] + struct.pack('<ii', large, large) + bmp[26:],
    'BMP top-down': bmp[:18] + struct.pack('<ii', large, -large) + bmp[26:],
  }
