"""Files that look like images, and must be refused."""

import struct
import zlib

import numpy as np
from PIL import Image

from tests import image_bytes

SMALL = Image.fromarray(
  np.random.default_rng(0).integers(0, 256, [30, 40, 3], np.uint8)
)


def _png_head(width: int, height: int) -> bytes:
  head = struct.pack('>IIBBBBB', width, height, 8, 2, 0, 0, 0)
  return b'\x89PNG\r\n\x1a\n' + image_bytes.png_chunk(b'IHDR', head)


def _webp_head(width: int, height: int) -> bytes:
  sizes = (width - 1).to_bytes(3, 'little') + (height - 1).to_bytes(3, 'little')
  chunk = b'VP8X' + struct.pack('<I', 10) + bytes(4) + sizes
  return b'RIFF' + struct.pack('<I', 4 + len(chunk)) + b'WEBP' + chunk


# Few bytes that would become many.
BOMBS = {
  'png_of_gigapixels': _png_head(60_000, 60_000) + bytes(100),
  'png_over_the_limit': _png_head(6325, 6325)
  + image_bytes.png_chunk(b'IDAT', zlib.compress(bytes(1000))),
  'png_text': _png_head(8, 8)
  + image_bytes.png_chunk(b'zTXt', b'a\0\0' + zlib.compress(bytes(10**7)))
  + image_bytes.png_chunk(b'IEND', b''),
  'png_chunks': _png_head(8, 8) + image_bytes.png_chunk(b'teXt', b'') * 70_000,
  'gif': b'GIF89a' + struct.pack('<HHBBB', 65535, 65535, 0, 0, 0) + b',',
  'gif_blocks': b'GIF89a'
  + struct.pack('<HHBBB', 8, 8, 0, 0, 0)
  + b'!\xfe\x01a\0' * 70_000,
  'bmp': image_bytes.bmp(60_000, 60_000, 24, b''),
  'webp': _webp_head(16_384, 16_384),
  'tiff': image_bytes.tiff(60_000, 60_000, [8], 1, b'a'),
  'ppm': b'P6 60000 60000 255\n',
  'ppm_as_text': b'P3 4000 4000 255\n' + b'1 ' * 1000,
  'jpeg_of_scans': image_bytes.jpeg_of_scans(2000, 2000, 500),
  'jpeg_of_gigapixels': image_bytes.encoded(SMALL, 'JPEG').replace(
    struct.pack('>HH', 30, 40), struct.pack('>HH', 65_000, 65_000)
  ),
}
# What is named like an image and is none.
OTHERS = {
  'empty': b'',
  'text': b'hello',
  'page': b'<!doctype html><script>alert(1)</script>',
  'svg': b'<svg xmlns="http://www.w3.org/2000/svg"><script/></svg>',
  'laughs': b'<?xml version="1.0"?><!DOCTYPE a [<!ENTITY b "b">]><a>&b;</a>',
  'pdf': b'%PDF-1.7',
  'postscript': b'%!PS-Adobe-3.0 EPSF-3.0\n(/etc/passwd) run',
  'zip': b'PK\x03\x04' + bytes(100),
  'video': b'\0\0\0\x18ftypmp42' + bytes(100),
  'program': b'\x7fELF' + bytes(100),
  'magick': b'push graphic-context\nfill url(https://example.org/)',
}
