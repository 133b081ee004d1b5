"""Small image files of every kind that people send, with what they show.

`samples` returns them by name, each with the pixels that any reader has to find
in it. The pixels are those that the file was made of, not what some decoder
read. Three readers are held against the same files: `tf_twingan.image_io`, the
graph of an exported SavedModel, and, from the folder that `write` fills, one of
another language:

  python -m tests.image_samples FOLDER

writes each file as NAME.SUFFIX, its pixels as NAME.expected.png and a table of
all of them, samples.json.
"""

import io
import json
import pathlib
import struct
import sys
import zlib
from collections.abc import Mapping, Sequence
from typing import NamedTuple

import numpy as np
from PIL import Image

WIDTH, HEIGHT = 64, 96
EXACT = 0.0
_LOSSY = 2.0  # Of 255 on average, of JPEG at high quality.

_TRANSPOSE = Image.Transpose
# How an upright image is stored, by its orientation in EXIF.
_STORED: Mapping[int, Sequence[Image.Transpose]] = {
  1: (),
  2: (_TRANSPOSE.FLIP_LEFT_RIGHT,),
  3: (_TRANSPOSE.ROTATE_180,),
  4: (_TRANSPOSE.FLIP_TOP_BOTTOM,),
  5: (_TRANSPOSE.TRANSPOSE,),
  6: (_TRANSPOSE.ROTATE_90,),
  7: (_TRANSPOSE.TRANSVERSE,),
  8: (_TRANSPOSE.ROTATE_270,),
}
_SIDEWAYS = 6  # The orientation of the samples that test how it is written.
_CLEAR = 63  # The transparent colour of palettes.


class Sample(NamedTuple):
  """One file.

  Attributes:
    content: the file.
    suffix: suffix of its name, such as '.png'.
    expected: what it shows, uint8 RGB [height, width, 3]: upright, opaque on
      white, the first frame.
    tolerance: mean difference of 255 that the coding of the file explains.
    refused_by_graph: what a SavedModel calls the kind of file that it does not
      read; '' if it reads it.
  """

  content: bytes
  suffix: str
  expected: np.ndarray
  tolerance: float = EXACT
  refused_by_graph: str = ''


def asymmetric_image() -> np.ndarray:
  """An image without any symmetry, uint8 RGB [96, 64, 3]."""
  y, x = np.mgrid[0:HEIGHT, 0:WIDTH]
  pixels = np.stack([40 + 3 * x, 40 + 2 * y, np.full_like(x, 60)], -1)
  pixels = pixels.astype(np.uint8)
  pixels[20:44, 8:24], pixels[52:76, 40:56] = (230, 30, 30), (30, 60, 230)
  return pixels


def samples() -> dict[str, Sample]:
  """All samples by name."""
  return {**_jpegs(), **_pngs(), **_gifs(), **_bmps(), **_others()}


def damaged() -> dict[str, bytes]:
  """Files by name that no reader can read, but may try to."""
  whole = {
    kind: encode(Image.fromarray(asymmetric_image()), kind)
    for kind in ('JPEG', 'PNG', 'GIF', 'BMP')
  }
  cmyk = encode(_as_cmyk(asymmetric_image()), 'JPEG')
  adobe = cmyk.index(b'\xff\xee')
  return {
    'empty': b'',
    'JPEG of unknown inks': cmyk[:adobe] + cmyk[adobe + 16 :],
    'text': b'no image',
    'html': b'<!DOCTYPE html><html><body>404</body></html>',
    **{f'{kind} magic': content[:4] for kind, content in whole.items()},
    **{f'{kind} header': content[:40] for kind, content in whole.items()},
    **{
      f'{kind} half': content[: len(content) // 2]
      for kind, content in whole.items()
    },
    'PNG checksum': whole['PNG'][:60] + b'\0\1\2\3' + whole['PNG'][64:],
    'GIF data': whole['GIF'][:-20] + b'\0;',
  }


def oversized() -> dict[str, bytes]:
  """Small files by name whose headers claim far more pixels than allowed."""
  large = 60_000
  png = png_file(large, large, bits=8, colour=2, rows=b'')
  jpeg = encode(Image.fromarray(asymmetric_image()), 'JPEG')
  frame = jpeg.index(b'\xff\xc0')
  gif = encode(Image.new('P', (4, 4)), 'GIF')
  bmp = encode(Image.fromarray(asymmetric_image()), 'BMP')
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


def encode(image: Image.Image, kind: str, **options) -> bytes:
  """Encodes an image by Pillow."""
  stream = io.BytesIO()
  image.save(stream, kind, **options)
  return stream.getvalue()


def png_file(
  width: int,
  height: int,
  *,
  bits: int,
  colour: int,
  rows: bytes,
  interlaced: bool = False,
  before: Sequence[tuple[bytes, bytes]] = (),
  after: Sequence[tuple[bytes, bytes]] = (),
) -> bytes:
  """Builds a PNG.

  Args:
    width: width in pixels.
    height: height in pixels.
    bits: bits of a channel.
    colour: kind of colour, 0 to 6.
    rows: the rows, each after the number of its filter.
    interlaced: whether they are those of the seven passes.
    before: chunks, (name, data), before the pixels.
    after: chunks after the pixels.
  """
  head = struct.pack(
    '>IIBBBBB', width, height, bits, colour, 0, 0, int(interlaced)
  )
  chunks = [(b'IHDR', head), *before, (b'IDAT', zlib.compress(rows)), *after]
  return b'\x89PNG\r\n\x1a\n' + b''.join(
    png_chunk(name, data) for name, data in [*chunks, (b'IEND', b'')]
  )


def png_chunk(name: bytes, data: bytes) -> bytes:
  """Builds a chunk of a PNG, with its length and checksum."""
  checksum = struct.pack('>I', zlib.crc32(name + data))
  return struct.pack('>I', len(data)) + name + data + checksum


def jpeg_segment(marker: int, data: bytes) -> bytes:
  """Builds a segment of a JPEG, with its length."""
  return struct.pack('>BBH', 0xFF, marker, len(data) + 2) + data


def bmp_file(
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
  """Builds a BMP.

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


def write(folder: pathlib.Path) -> None:
  """Writes all samples, for a reader that is not Python.

  Args:
    folder: is made if it is missing.
  """
  folder.mkdir(parents=True, exist_ok=True)
  table = []
  for name, sample in samples().items():
    stem = ''.join(c if c.isalnum() else '_' for c in name)
    (folder / f'{stem}{sample.suffix}').write_bytes(sample.content)
    expected = folder / f'{stem}.expected.png'
    Image.fromarray(sample.expected).save(expected)
    table.append(
      dict(
        name=name,
        file=f'{stem}{sample.suffix}',
        expected=expected.name,
        tolerance=sample.tolerance,
        refused_by_graph=sample.refused_by_graph,
      )
    )
  (folder / 'samples.json').write_text(json.dumps(table, indent=2) + '\n')


def _jpegs():
  pixels = asymmetric_image()
  image = Image.fromarray(pixels)
  grey = image.convert('L')
  best = dict(quality=95, subsampling=0)

  def sample(content, expected=pixels):
    return Sample(content, '.jpg', expected, _LOSSY)

  plain = encode(image, 'JPEG', **best)
  sideways = encode(_stored(image, _SIDEWAYS), 'JPEG', **best)
  exif = _exif(_SIDEWAYS)
  upright_exif = jpeg_segment(0xE1, b'Exif\0\0' + _exif(1))
  big_endian = struct.pack('>2sHIHHHIHHI', b'MM', 42, 8, 1, 0x0112, 3, 1,
                           _SIDEWAYS, 0, 0)  # fmt: skip
  xmp = b'http://ns.adobe.com/xap/1.0/\0' + _xmp(_SIDEWAYS)
  after_others = (
    jpeg_segment(0xED, b'Photoshop 3.0\0')
    + jpeg_segment(0xFE, b'A note: \xff\xe1 Exif\0\0 is not here.')
    + b'\xff\xff'
    + jpeg_segment(0xE1, b'Exif\0\0' + exif)
  )
  cmyk = encode(_as_cmyk(pixels), 'JPEG', **best)
  ycck = _ycck(pixels)
  return {
    'jpeg': sample(plain),
    'jpeg, half the colours': sample(encode(image, 'JPEG', quality=95)),
    'jpeg, progressive': sample(
      encode(image, 'JPEG', progressive=True, **best)
    ),
    'jpeg, grey': sample(encode(grey, 'JPEG', **best), _rgb(grey)),
    'jpeg, cmyk': sample(cmyk),
    'jpeg, ycck': sample(ycck),
    **{
      f'jpeg, orientation {number}': sample(
        encode(
          _stored(image, number), 'JPEG', exif=_pillow_exif(number), **best
        )
      )
      for number in _STORED
    },
    'jpeg, big-endian orientation': sample(
      _with_segments(sideways, jpeg_segment(0xE1, b'Exif\0\0' + big_endian))
    ),
    'jpeg, orientation after others': sample(
      _with_segments(sideways, after_others)
    ),
    'jpeg, orientation in xmp': sample(
      _with_segments(sideways, jpeg_segment(0xE1, xmp))
    ),
    'jpeg, exif before xmp': sample(
      _with_segments(plain, upright_exif + jpeg_segment(0xE1, xmp))
    ),
    'jpeg, unknown orientation': sample(
      _with_segments(plain, jpeg_segment(0xE1, b'Exif\0\0' + _exif(9)))
    ),
    'jpeg, damaged exif': sample(
      _with_segments(
        plain, jpeg_segment(0xE1, b'Exif\0\0II*\0\x08\0\0\0\xff\xff\x12\x01')
      )
    ),
  }


def _pngs():
  pixels = asymmetric_image()
  image = Image.fromarray(pixels)
  grey, bits = image.convert('L'), image.convert('1')
  alpha = _alpha()
  colours = np.where(alpha[..., None] > 0, pixels, 0)
  shown = _on_white(colours, alpha)
  greys = np.where(alpha > 0, np.asarray(grey), 0)
  shown_grey = _on_white(np.stack([greys] * 3, -1), alpha)
  index, table = _indexed()
  clear = np.where(index == _CLEAR, 0, 255)
  half = np.where(index == _CLEAR, 0, np.where(index % 2, 255, 128))
  turned = _stored(image, _SIDEWAYS)
  turned_rows = dict(bits=8, colour=2, rows=_rows(np.asarray(turned)))

  def rgb(rows, **options):
    return png_file(WIDTH, HEIGHT, bits=8, colour=2, rows=rows, **options)

  xmp = b'XML:com.adobe.xmp\0\0\0\0\0' + _xmp(_SIDEWAYS)
  packed_xmp = b'XML:com.adobe.xmp\0\1\0\0\0' + zlib.compress(_xmp(_SIDEWAYS))
  profile = _exif_in_hexadecimal(_SIDEWAYS)
  keyword = b'Raw profile type exif\0'

  def sample(content, expected=pixels):
    return Sample(content, '.png', np.ascontiguousarray(expected))

  def sideways(before=(), after=()):
    return sample(
      png_file(HEIGHT, WIDTH, before=before, after=after, **turned_rows)
    )

  def wide(values, colour, before=()):
    rows = _rows(values.astype('>u2').view(np.uint8).reshape(HEIGHT, -1))
    return png_file(
      WIDTH, HEIGHT, bits=16, colour=colour, rows=rows, before=before
    )

  # The low bytes are not zero, and not the high bytes either.
  wide_pixels = pixels.astype(np.uint16) * 256 + 77
  wide_grey = np.asarray(grey).astype(np.uint16) * 257
  wide_alpha = alpha.astype(np.uint16) * 257
  few = np.asarray(grey) >> 4  # Greys of four bits.
  few_rows = _rows((few[:, 0::2] << 4 | few[:, 1::2]).astype(np.uint8))
  colour_key = struct.pack('>3H', 230, 30, 30)
  keyed = np.where((pixels == (230, 30, 30)).all(-1)[..., None], 255, pixels)
  grey_key = int(np.asarray(grey)[0, 0])
  keyed_grey = np.where(_rgb(grey) == grey_key, 255, _rgb(grey))
  return {
    'png': sample(encode(image, 'PNG')),
    'png, grey': sample(encode(grey, 'PNG'), _rgb(grey)),
    'png, 4 bits': sample(
      png_file(WIDTH, HEIGHT, bits=4, colour=0, rows=few_rows),
      np.stack([few * 17] * 3, -1),
    ),
    'png, 1 bit': sample(encode(bits, 'PNG'), _rgb(bits)),
    'png, alpha': sample(
      encode(Image.fromarray(np.dstack([colours, alpha])), 'PNG'), shown
    ),
    'png, grey and alpha': sample(
      encode(Image.fromarray(np.dstack([greys, alpha])), 'PNG'), shown_grey
    ),
    'png, palette': sample(encode(_palette_image(), 'PNG'), table[index]),
    'png, transparent palette': sample(
      encode(_palette_image(), 'PNG', transparency=_CLEAR),
      _on_white(table[index], clear),
    ),
    'png, palette with alphas': sample(
      encode(
        _palette_image(),
        'PNG',
        transparency=bytes([128, 255] * 31 + [128, 0]),
      ),
      _on_white(table[index], half),
    ),
    'png, transparent colour': sample(
      rgb(
        _rows(pixels),
        before=[(b'tRNS', colour_key)],
      ),
      keyed,
    ),
    'png, transparent grey': sample(
      encode(grey, 'PNG', transparency=grey_key), keyed_grey
    ),
    'png, 16 bits': sample(wide(wide_pixels, 2)),
    'png, 16 bits, grey': sample(wide(wide_grey, 0), _rgb(grey)),
    'png, 16 bits, transparent grey': sample(
      wide(wide_grey, 0, [(b'tRNS', struct.pack('>H', grey_key * 257))]),
      keyed_grey,
    ),
    'png, 16 bits, alpha': sample(
      wide(np.dstack([colours.astype(np.uint16) * 256 + 77, wide_alpha]), 6),
      shown,
    ),
    'png, 16 bits, grey and alpha': sample(
      wide(np.dstack([greys.astype(np.uint16) * 257, wide_alpha]), 4),
      shown_grey,
    ),
    'png, interlaced': sample(
      rgb(
        _interlaced_rows(pixels),
        interlaced=True,
      )
    ),
    'png, animated': sample(
      encode(
        image,
        'PNG',
        save_all=True,
        append_images=[Image.new('RGB', image.size)],
      )
    ),
    'png, orientation 6': sideways([(b'eXIf', _exif(_SIDEWAYS))]),
    'png, orientation after the pixels': sideways(
      (), [(b'eXIf', _exif(_SIDEWAYS))]
    ),
    'png, orientation in xmp': sideways([(b'iTXt', xmp)]),
    'png, orientation in packed xmp': sideways([(b'iTXt', packed_xmp)]),
    'png, orientation in a text': sideways([(b'tEXt', keyword + profile)]),
    'png, orientation in a packed text': sideways(
      [(b'zTXt', keyword + b'\0' + zlib.compress(profile))]
    ),
    'png, the word eXIf': sample(
      rgb(
        _rows(pixels),
        before=[(b'tEXt', b'Comment\0eXIf' + _exif(_SIDEWAYS))],
      )
    ),
  }


def _gifs():
  index, table = _indexed()
  image = _palette_image()
  shown = _on_white(table[index], np.where(index == _CLEAR, 0, 255))
  grey = Image.fromarray(asymmetric_image()).convert('L')
  plain = encode(image, 'GIF', optimize=False)
  larger = plain[:6] + struct.pack('<HH', WIDTH + 10, HEIGHT + 6) + plain[10:]
  clear = encode(image, 'GIF', transparency=_CLEAR, optimize=False)
  larger_clear = (
    clear[:6] + struct.pack('<HH', WIDTH + 10, HEIGHT + 6) + clear[10:]
  )

  def sample(content, expected=table[index]):
    return Sample(content, '.gif', expected)

  def around(pixels, colour):
    canvas = np.full([HEIGHT + 6, WIDTH + 10, 3], colour, np.uint8)
    canvas[:HEIGHT, :WIDTH] = pixels
    return canvas

  return {
    'gif': sample(plain),
    'gif, transparent': sample(clear, shown),
    'gif, not interlaced': sample(encode(image, 'GIF', interlace=False)),
    'gif, grey': sample(encode(grey, 'GIF'), _rgb(grey)),
    'gif, animated': sample(
      encode(
        image,
        'GIF',
        save_all=True,
        append_images=[Image.new('L', image.size)],
        optimize=False,
      )
    ),
    'gif, own table of the frame': sample(_with_table_in_frame(plain)),
    'gif, a larger screen': sample(larger, around(table[index], table[0])),
    'gif, a larger transparent screen': sample(
      larger_clear, around(shown, 255)
    ),
    'gif, a comment': sample(encode(image, 'GIF', comment=b',' * 600)),
  }


def _bmps():
  pixels = asymmetric_image()
  image = Image.fromarray(pixels)
  grey, bits = image.convert('L'), image.convert('1')
  index, table = _indexed()
  palette = _bmp_palette(table)
  alpha = _alpha()
  blue_first = pixels[..., ::-1]
  of_four = np.dstack([blue_first, alpha])
  few = index % 16
  few_rows = (few[:, 0::2] << 4 | few[:, 1::2]).astype(np.uint8)
  five = pixels.astype(np.uint16) >> 3
  six = pixels[..., 1].astype(np.uint16) >> 2
  values_555 = five[..., 0] << 10 | five[..., 1] << 5 | five[..., 2]
  values_565 = five[..., 0] << 11 | six << 5 | five[..., 2]
  shown_555 = five * 255 // 31
  shown_565 = shown_555.copy()
  shown_565[..., 1] = six * 255 // 63
  two_colours = bytes([10, 20, 200, 0, 240, 250, 30, 0])
  bit_rows = np.packbits(np.asarray(bits), axis=1)
  narrow = pixels[:, :61]  # Rows that are filled up.
  old = (
    struct.pack('<IHHHH', 12, WIDTH, HEIGHT, 1, 8)
    + b''.join(bytes(c[::-1]) for c in table)
    + bytes(3 * (256 - len(table)))
  )
  old_start = 14 + len(old)

  def sample(content, expected=pixels, refused=''):
    expected = np.ascontiguousarray(expected, np.uint8)
    return Sample(content, '.bmp', expected, EXACT, refused)

  def stored(rows):
    rows = np.ascontiguousarray(rows[::-1])
    rows = rows.view(np.uint8).reshape(HEIGHT, -1)
    fill = -rows.shape[1] % 4
    return np.pad(rows, [(0, 0), (0, fill)]).tobytes()

  run = b''.join(
    b''.join(bytes([1, number]) for number in row) + b'\0\0'
    for row in index[::-1]
  )
  return {
    'bmp': sample(encode(image, 'BMP')),
    'bmp, filled-up rows': sample(
      encode(Image.fromarray(narrow), 'BMP'), narrow
    ),
    'bmp, grey': sample(encode(grey, 'BMP'), _rgb(grey)),
    'bmp, palette': sample(
      bmp_file(
        WIDTH, HEIGHT, 8, stored(index), palette=palette, colours=len(table)
      ),
      table[index],
    ),
    'bmp, 4 bits': sample(
      bmp_file(
        WIDTH, HEIGHT, 4, stored(few_rows), palette=palette[:64], colours=16
      ),
      table[few],
    ),
    'bmp, 1 bit': sample(encode(bits, 'BMP'), _rgb(bits)),
    'bmp, 1 bit of two colours': sample(
      bmp_file(WIDTH, HEIGHT, 1, stored(bit_rows), palette=two_colours),
      np.where(np.asarray(bits)[..., None], (30, 250, 240), (200, 20, 10)),
    ),
    'bmp, top-down': sample(
      bmp_file(WIDTH, -HEIGHT, 24, stored(blue_first[::-1]))
    ),
    'bmp, 16 bits': sample(
      bmp_file(WIDTH, HEIGHT, 16, stored(values_555)), shown_555
    ),
    'bmp, 16 bits, more green': sample(
      bmp_file(
        WIDTH,
        HEIGHT,
        16,
        stored(values_565),
        compression=3,
        masks=(0xF800, 0x7E0, 0x1F),
      ),
      shown_565,
    ),
    # A fourth byte counts as alpha only if the header says so.
    'bmp, 32 bits': sample(bmp_file(WIDTH, HEIGHT, 32, stored(of_four))),
    'bmp, 32 bits, alpha': sample(
      bmp_file(
        WIDTH,
        HEIGHT,
        32,
        stored(of_four),
        compression=3,
        masks=(0xFF0000, 0xFF00, 0xFF, 0xFF000000),
        header=108,
      ),
      _on_white(pixels, alpha),
    ),
    'bmp, old header': sample(
      struct.pack('<2sIHHI', b'BM', old_start + index.size, 0, 0, old_start)
      + old
      + stored(index),
      table[index],
    ),
    'bmp, compressed': sample(
      bmp_file(
        WIDTH,
        HEIGHT,
        8,
        run + b'\0\1',
        palette=palette,
        colours=len(table),
        compression=1,
      ),
      table[index],
      refused='BMP: compressed',
    ),
  }


def _others():
  pixels = asymmetric_image()
  image = Image.fromarray(pixels)

  def sample(kind, suffix, name, tolerance=EXACT, **options):
    content = encode(image, kind, **options)
    return Sample(content, suffix, pixels, tolerance, name)

  return {
    'webp': sample('WEBP', '.webp', 'WebP', lossless=True),
    'webp, lossy': sample('WEBP', '.webp', 'WebP', _LOSSY, quality=98),
    'tiff': sample('TIFF', '.tif', 'TIFF'),
    'ppm': sample('PPM', '.ppm', 'PPM'),
    'avif': sample('AVIF', '.avif', 'AVIF', _LOSSY, quality=95),
  }


def _rgb(image):
  return np.asarray(image.convert('RGB'))


def _stored(image, orientation):
  for move in _STORED[orientation]:
    image = image.transpose(move)
  return image


def _alpha():
  alpha = np.zeros([HEIGHT, WIDTH], np.uint8)
  alpha[10:86, 6:58] = 255
  alpha[40:60, 6:58] = 128
  return alpha


def _on_white(pixels, alpha):
  share = np.asarray(alpha, np.float64)[..., None] / 255
  return np.rint(pixels * share + 255 * (1 - share)).astype(np.uint8)


def _indexed():
  """Colour numbers up to `_CLEAR`, uint8 [96, 64], and their colours."""
  levels = np.arange(_CLEAR + 1)
  table = np.stack([levels * 4, 255 - levels * 3, levels % 8 * 30], -1)
  index = (
    asymmetric_image()[..., 0] // 8 + asymmetric_image()[..., 1] // 8
  ).astype(np.uint8)
  index = np.where(_alpha() > 0, index % _CLEAR, _CLEAR).astype(np.uint8)
  return index, table.astype(np.uint8)


def _palette_image():
  index, table = _indexed()
  image = Image.fromarray(index).convert('L')
  image.putpalette(table.tobytes())
  return image


def _as_cmyk(pixels):
  return Image.merge(
    'CMYK',
    [
      *(Image.fromarray(255 - pixels[..., i]) for i in range(3)),
      Image.new('L', (WIDTH, HEIGHT)),
    ],
  )


def _ycck(pixels):
  """A JPEG of four channels of which three hold luma and chroma."""
  luma_and_chroma = Image.fromarray(255 - pixels).convert('YCbCr').split()
  # Pillow stores the channels of CMYK inverted.
  channels = [Image.eval(c, lambda value: 255 - value) for c in luma_and_chroma]
  image = Image.merge('CMYK', [*channels, Image.new('L', (WIDTH, HEIGHT))])
  content = bytearray(encode(image, 'JPEG', quality=95, subsampling=0))
  content[content.index(b'\xff\xee') + 15] = 2  # Luma, chroma and black.
  return bytes(content)


def _pillow_exif(orientation):
  exif = Image.Exif()
  exif[0x0112] = orientation
  return exif


def _exif(orientation):
  """EXIF with two entries, the second of which is the orientation."""
  entries = struct.pack('<HHII', 0x0100, 4, 1, WIDTH)
  entries += struct.pack('<HHIHH', 0x0112, 3, 1, orientation, 0)
  return struct.pack('<2sHIH', b'II', 42, 8, 2) + entries + bytes(4)


def _xmp(orientation):
  return (
    b'<x:xmpmeta xmlns:x="adobe:ns:meta/"><rdf:Description tiff:Orientation="'
    + str(orientation).encode()
    + b'"/></x:xmpmeta>'
  )


def _exif_in_hexadecimal(orientation):
  digits = (b'Exif\0\0' + _exif(orientation)).hex().encode()
  lines = b'\n'.join(digits[i : i + 72] for i in range(0, len(digits), 72))
  return b'\nexif\n%8d\n%s\n' % (len(digits) // 2, lines)


def _with_segments(jpeg, segments):
  return jpeg[:2] + segments + jpeg[2:]


def _rows(pixels):
  """Rows of a PNG, without filters."""
  rows = np.asarray(pixels, np.uint8).reshape(len(pixels), -1)
  return np.pad(rows, [(0, 0), (1, 0)]).tobytes()


def _interlaced_rows(pixels):
  passes = (
    (0, 0, 8, 8), (0, 4, 8, 8), (4, 0, 8, 4), (0, 2, 4, 4), (2, 0, 4, 2),
    (0, 1, 2, 2), (1, 0, 2, 1),
  )  # fmt: skip
  return b''.join(
    _rows(pixels[top::down, left::right]) for top, left, down, right in passes
  )


def _with_table_in_frame(gif):
  """Moves the table of the screen to the first frame."""
  size = 6 << (gif[10] & 7)
  table, rest = gif[13 : 13 + size], gif[13 + size :]
  frame = rest.index(b'\x2c\0\0\0\0')
  flags = rest[frame + 9] | 0x80 | gif[10] & 7
  head = gif[:10] + bytes([gif[10] & 0x7F]) + gif[11:13]
  return head + rest[: frame + 9] + bytes([flags]) + table + rest[frame + 10 :]


def _bmp_palette(table):
  return b''.join(bytes([*colour[::-1], 0]) for colour in table)


if __name__ == '__main__':
  write(pathlib.Path(sys.argv[1]))
