"""Image files byte by byte, of kinds that Pillow does not write."""

import io
import struct
import zlib
from collections.abc import Mapping, Sequence

import numpy as np
from PIL import Image


def encoded(image: Image.Image | np.ndarray, kind: str, **options) -> bytes:
  """What Pillow writes."""
  if isinstance(image, np.ndarray):
    image = Image.fromarray(image)
  stream = io.BytesIO()
  image.save(stream, kind, **options)
  return stream.getvalue()


def png_chunk(kind: bytes, content: bytes) -> bytes:
  return (
    struct.pack('>I', len(content))
    + kind
    + content
    + struct.pack('>I', zlib.crc32(kind + content))
  )


def png(
  width: int,
  height: int,
  *,
  depth: int,
  color: int,
  data: bytes,
  interlaced: bool = False,
  transparent: bytes = b'',
  more: bytes = b'',
  after: bytes = b'',
) -> bytes:
  """A PNG.

  Args:
    width: in pixels.
    height: in pixels.
    depth: bits of a sample.
    color: 0 grey, 2 RGB, 3 palette, 4 grey and alpha, 6 RGBA.
    data: rows, each with its filter byte.
    interlaced: whether they are those of the seven passes.
    transparent: what tRNS holds; empty for no such chunk.
    more: further chunks before the data.
    after: chunks after the data.
  """
  head = struct.pack(
    '>IIBBBBB', width, height, depth, color, 0, 0, int(interlaced)
  )
  return (
    b'\x89PNG\r\n\x1a\n'
    + png_chunk(b'IHDR', head)
    + more
    + (png_chunk(b'tRNS', transparent) if transparent else b'')
    + png_chunk(b'IDAT', zlib.compress(data))
    + after
    + png_chunk(b'IEND', b'')
  )


def tiff(
  width: int,
  height: int,
  bits: Sequence[int],
  photometric: int | None,
  data: bytes,
  *,
  order: str = '<',
  tags: Mapping[int, Sequence[int]] | None = None,
) -> bytes:
  """An uncompressed TIFF of one strip, or of one for each colour.

  Args:
    width: in pixels.
    height: in pixels.
    bits: of each sample of a pixel.
    photometric: 0 min-is-white, 1 min-is-black, 2 RGB, 3 palette, 5 CMYK,
      6 YCbCr, 8 Lab; None for no such tag.
    data: the strips.
    order: '<' or '>', the byte order of numbers.
    tags: further tags, or others in the place of those.
  """
  tags = dict(tags or {})
  strips = len(bits) if tags.get(284) == [2] else 1
  length = len(data) // strips
  entries = {
    256: [width],
    257: [height],
    258: bits,
    259: [1],
    273: [8 + i * length for i in range(strips)],
    277: [len(bits)],
    278: [height],
    279: [length] * strips,
    **({} if photometric is None else {262: [photometric]}),
    **tags,
  }
  data += b'\0' * (len(data) % 2)
  # Sizes and offsets have 32 bits, all else 16.
  long = {256, 257, 273, 278, 279, 322, 323, 324, 325}
  at = 8 + len(data) + 2 + 12 * len(entries) + 4
  directory, values = struct.pack(order + 'H', len(entries)), b''
  for tag, numbers in sorted(entries.items()):
    kind, letter = (4, 'I') if tag in long else (3, 'H')
    content = struct.pack(f'{order}{len(numbers)}{letter}', *numbers)
    directory += struct.pack(order + 'HHI', tag, kind, len(numbers))
    if len(content) <= 4:
      directory += content.ljust(4, b'\0')
    else:
      directory += struct.pack(order + 'I', at + len(values))
      values += content
  return (
    {'<': b'II*\0', '>': b'MM\0*'}[order]
    + struct.pack(order + 'I', 8 + len(data))
    + data
    + directory
    + bytes(4)
    + values
  )


def jpeg_of_scans(width: int, height: int, scans: int) -> bytes:
  """A progressive JPEG whose last scan comes again and again."""
  content = encoded(Image.new('RGB', (width, height)), 'JPEG', progressive=True)
  last = content.rindex(b'\xff\xda')
  return content[:last] + content[last:-2] * scans + content[-2:]


def jpeg_segment(marker: int, data: bytes) -> bytes:
  """A segment of a JPEG, with its length."""
  return struct.pack('>BBH', 0xFF, marker, len(data) + 2) + data


def bmp(
  width: int,
  height: int,
  bits: int,
  rows: bytes,
  *,
  palette: bytes = b'',
  colours: int = 0,
  compression: int = 0,
  masks: Sequence[int] = (),
  header: int = 40,
) -> bytes:
  """A BMP.

  Args:
    width: width in pixels.
    height: height in pixels; negative if the first row is the top one.
    bits: bits of a pixel.
    rows: the rows, each filled up to whole 4 bytes.
    palette: blue, green, red and 0 of each colour.
    colours: number of colours that the header gives; 0 is all.
    compression: kind of compression.
    masks: of red, green, blue and maybe alpha.
    header: length of the header; masks follow one of 40 bytes.
  """
  fields = struct.pack(
    '<IiiHHIIiiII', header, width, height, 1, bits, compression, len(rows),
    0, 0, colours, 0,
  )  # fmt: skip
  fields += struct.pack(f'<{len(masks)}I', *masks)
  fields += bytes(max(0, header - len(fields)))
  start = 14 + len(fields) + len(palette)
  head = struct.pack('<2sIHHI', b'BM', start + len(rows), 0, 0, start)
  return head + fields + palette + rows
