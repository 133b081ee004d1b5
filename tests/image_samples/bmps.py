"""BMPs: bits, masks, headers and the order of rows."""

import struct

import numpy as np
from PIL import Image

from tests import image_bytes
from tests.image_samples import base


def samples() -> dict[str, base.Sample]:
  pixels = base.asymmetric_image()
  image = Image.fromarray(pixels)
  grey, bits = image.convert('L'), image.convert('1')
  index, table = base.indexed()
  palette = _bmp_palette(table)
  alpha = base.alpha()
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
    struct.pack('<IHHHH', 12, base.WIDTH, base.HEIGHT, 1, 8)
    + b''.join(bytes(c[::-1]) for c in table)
    + bytes(3 * (256 - len(table)))
  )
  old_start = 14 + len(old)

  def sample(content, expected=pixels, refused=''):
    expected = np.ascontiguousarray(expected, np.uint8)
    return base.Sample(content, '.bmp', expected, base.EXACT, refused)

  def stored(rows):
    rows = np.ascontiguousarray(rows[::-1])
    rows = rows.view(np.uint8).reshape(base.HEIGHT, -1)
    fill = -rows.shape[1] % 4
    return np.pad(rows, [(0, 0), (0, fill)]).tobytes()

  run = b''.join(
    b''.join(bytes([1, number]) for number in row) + b'\0\0'
    for row in index[::-1]
  )
  return {
    'bmp': sample(image_bytes.encoded(image, 'BMP')),
    'bmp, filled-up rows': sample(
      image_bytes.encoded(Image.fromarray(narrow), 'BMP'), narrow
    ),
    'bmp, grey': sample(image_bytes.encoded(grey, 'BMP'), base.as_rgb(grey)),
    'bmp, palette': sample(
      image_bytes.bmp(
        base.WIDTH,
        base.HEIGHT,
        8,
        stored(index),
        palette=palette,
        colours=len(table),
      ),
      table[index],
    ),
    'bmp, 4 bits': sample(
      image_bytes.bmp(
        base.WIDTH,
        base.HEIGHT,
        4,
        stored(few_rows),
        palette=palette[:64],
        colours=16,
      ),
      table[few],
    ),
    'bmp, 1 bit': sample(image_bytes.encoded(bits, 'BMP'), base.as_rgb(bits)),
    'bmp, 1 bit of two colours': sample(
      image_bytes.bmp(
        base.WIDTH, base.HEIGHT, 1, stored(bit_rows), palette=two_colours
      ),
      np.where(np.asarray(bits)[..., None], (30, 250, 240), (200, 20, 10)),
    ),
    'bmp, top-down': sample(
      image_bytes.bmp(base.WIDTH, -base.HEIGHT, 24, stored(blue_first[::-1]))
    ),
    'bmp, 16 bits': sample(
      image_bytes.bmp(base.WIDTH, base.HEIGHT, 16, stored(values_555)),
      shown_555,
    ),
    'bmp, 16 bits, more green': sample(
      image_bytes.bmp(
        base.WIDTH,
        base.HEIGHT,
        16,
        stored(values_565),
        compression=3,
        masks=(0xF800, 0x7E0, 0x1F),
      ),
      shown_565,
    ),
    # A fourth byte counts as alpha only if the header says so.
    'bmp, 32 bits': sample(
      image_bytes.bmp(base.WIDTH, base.HEIGHT, 32, stored(of_four))
    ),
    'bmp, 32 bits, alpha': sample(
      image_bytes.bmp(
        base.WIDTH,
        base.HEIGHT,
        32,
        stored(of_four),
        compression=3,
        masks=(0xFF0000, 0xFF00, 0xFF, 0xFF000000),
        header=108,
      ),
      base.on_white(pixels, alpha),
    ),
    'bmp, old header': sample(
      struct.pack('<2sIHHI', b'BM', old_start + index.size, 0, 0, old_start)
      + old
      + stored(index),
      table[index],
    ),
    'bmp, compressed': sample(
      image_bytes.bmp(
        base.WIDTH,
        base.HEIGHT,
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


def _bmp_palette(table):
  return b''.join(bytes([*colour[::-1], 0]) for colour in table)
