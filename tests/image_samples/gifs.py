"""GIFs: tables of colours, transparency, screens and frames."""

import struct

import numpy as np
from PIL import Image

from tests import image_bytes
from tests.image_samples import base


def samples() -> dict[str, base.Sample]:
  index, table = base.indexed()
  image = base.palette_image()
  shown = base.on_white(table[index], np.where(index == base.CLEAR, 0, 255))
  grey = Image.fromarray(base.asymmetric_image()).convert('L')
  plain = image_bytes.encoded(image, 'GIF', optimize=False)
  larger = (
    plain[:6]
    + struct.pack('<HH', base.WIDTH + 10, base.HEIGHT + 6)
    + plain[10:]
  )
  clear = image_bytes.encoded(
    image, 'GIF', transparency=base.CLEAR, optimize=False
  )
  larger_clear = (
    clear[:6]
    + struct.pack('<HH', base.WIDTH + 10, base.HEIGHT + 6)
    + clear[10:]
  )

  def sample(content, expected=table[index]):
    return base.Sample(content, '.gif', expected)

  def around(pixels, colour):
    canvas = np.full([base.HEIGHT + 6, base.WIDTH + 10, 3], colour, np.uint8)
    canvas[: base.HEIGHT, : base.WIDTH] = pixels
    return canvas

  return {
    'gif': sample(plain),
    'gif, transparent': sample(clear, shown),
    'gif, not interlaced': sample(
      image_bytes.encoded(image, 'GIF', interlace=False)
    ),
    'gif, grey': sample(image_bytes.encoded(grey, 'GIF'), base.as_rgb(grey)),
    'gif, animated': sample(
      image_bytes.encoded(
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
    'gif, a comment': sample(
      image_bytes.encoded(image, 'GIF', comment=b',' * 600)
    ),
  }


def _with_table_in_frame(gif):
  """Moves the table of the screen to the first frame."""
  size = 6 << (gif[10] & 7)
  table, rest = gif[13 : 13 + size], gif[13 + size :]
  frame = rest.index(b'\x2c\0\0\0\0')
  flags = rest[frame + 9] | 0x80 | gif[10] & 7
  head = gif[:10] + bytes([gif[10] & 0x7F]) + gif[11:13]
  return head + rest[: frame + 9] + bytes([flags]) + table + rest[frame + 10 :]
