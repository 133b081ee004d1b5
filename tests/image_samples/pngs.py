"""PNGs: bits, transparency, and all that says their orientation."""

import struct
import zlib

import numpy as np
from PIL import Image

from tests import image_bytes
from tests.image_samples import base, orientations


def samples() -> dict[str, base.Sample]:
  pixels = base.asymmetric_image()
  image = Image.fromarray(pixels)
  grey, bits = image.convert('L'), image.convert('1')
  alpha = base.alpha()
  colours = np.where(alpha[..., None] > 0, pixels, 0)
  shown = base.on_white(colours, alpha)
  greys = np.where(alpha > 0, np.asarray(grey), 0)
  shown_grey = base.on_white(np.stack([greys] * 3, -1), alpha)
  index, table = base.indexed()
  clear = np.where(index == base.CLEAR, 0, 255)
  half = np.where(index == base.CLEAR, 0, np.where(index % 2, 255, 128))
  turned = orientations.stored(image, orientations.SIDEWAYS)
  turned_rows = dict(depth=8, color=2, data=_rows(np.asarray(turned)))

  def rgb(rows, **options):
    return image_bytes.png(
      base.WIDTH, base.HEIGHT, depth=8, color=2, data=rows, **options
    )

  xmp = b'XML:com.adobe.xmp\0\0\0\0\0' + orientations.xmp(orientations.SIDEWAYS)
  packed_xmp = b'XML:com.adobe.xmp\0\1\0\0\0' + zlib.compress(
    orientations.xmp(orientations.SIDEWAYS)
  )
  profile = orientations.exif_in_hexadecimal(orientations.SIDEWAYS)
  keyword = b'Raw profile type exif\0'

  def sample(content, expected=pixels):
    return base.Sample(content, '.png', np.ascontiguousarray(expected))

  def sideways(before=b'', after=b''):
    return sample(
      image_bytes.png(
        base.HEIGHT, base.WIDTH, more=before, after=after, **turned_rows
      )
    )

  def wide(values, colour, before=b''):
    rows = _rows(values.astype('>u2').view(np.uint8).reshape(base.HEIGHT, -1))
    return image_bytes.png(
      base.WIDTH, base.HEIGHT, depth=16, color=colour, data=rows, more=before
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
  keyed_grey = np.where(base.as_rgb(grey) == grey_key, 255, base.as_rgb(grey))
  return {
    'png': sample(image_bytes.encoded(image, 'PNG')),
    'png, grey': sample(image_bytes.encoded(grey, 'PNG'), base.as_rgb(grey)),
    'png, 4 bits': sample(
      image_bytes.png(base.WIDTH, base.HEIGHT, depth=4, color=0, data=few_rows),
      np.stack([few * 17] * 3, -1),
    ),
    'png, 1 bit': sample(image_bytes.encoded(bits, 'PNG'), base.as_rgb(bits)),
    'png, alpha': sample(
      image_bytes.encoded(Image.fromarray(np.dstack([colours, alpha])), 'PNG'),
      shown,
    ),
    'png, grey and alpha': sample(
      image_bytes.encoded(Image.fromarray(np.dstack([greys, alpha])), 'PNG'),
      shown_grey,
    ),
    'png, palette': sample(
      image_bytes.encoded(base.palette_image(), 'PNG'), table[index]
    ),
    'png, transparent palette': sample(
      image_bytes.encoded(base.palette_image(), 'PNG', transparency=base.CLEAR),
      base.on_white(table[index], clear),
    ),
    'png, palette with alphas': sample(
      image_bytes.encoded(
        base.palette_image(),
        'PNG',
        transparency=bytes([128, 255] * 31 + [128, 0]),
      ),
      base.on_white(table[index], half),
    ),
    'png, transparent colour': sample(
      rgb(
        _rows(pixels),
        more=image_bytes.png_chunk(b'tRNS', colour_key),
      ),
      keyed,
    ),
    'png, transparent grey': sample(
      image_bytes.encoded(grey, 'PNG', transparency=grey_key), keyed_grey
    ),
    'png, 16 bits': sample(wide(wide_pixels, 2)),
    'png, 16 bits, grey': sample(wide(wide_grey, 0), base.as_rgb(grey)),
    'png, 16 bits, transparent grey': sample(
      wide(
        wide_grey,
        0,
        image_bytes.png_chunk(b'tRNS', struct.pack('>H', grey_key * 257)),
      ),
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
      image_bytes.encoded(
        image,
        'PNG',
        save_all=True,
        append_images=[Image.new('RGB', image.size)],
      )
    ),
    'png, orientation 6': sideways(
      image_bytes.png_chunk(b'eXIf', orientations.exif(orientations.SIDEWAYS))
    ),
    'png, orientation after the pixels': sideways(
      after=image_bytes.png_chunk(
        b'eXIf', orientations.exif(orientations.SIDEWAYS)
      )
    ),
    'png, orientation in xmp': sideways(image_bytes.png_chunk(b'iTXt', xmp)),
    'png, orientation in packed xmp': sideways(
      image_bytes.png_chunk(b'iTXt', packed_xmp)
    ),
    'png, orientation in a text': sideways(
      image_bytes.png_chunk(b'tEXt', keyword + profile)
    ),
    'png, orientation in a packed text': sideways(
      image_bytes.png_chunk(b'zTXt', keyword + b'\0' + zlib.compress(profile))
    ),
    'png, the word eXIf': sample(
      rgb(
        _rows(pixels),
        more=image_bytes.png_chunk(
          b'tEXt', b'Comment\0eXIf' + orientations.exif(orientations.SIDEWAYS)
        ),
      )
    ),
  }


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
