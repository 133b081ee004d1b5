"""What all samples show, and what a sample is."""

from typing import NamedTuple

import numpy as np
from PIL import Image

WIDTH, HEIGHT = 64, 96
EXACT = 0.0
LOSSY = 2.0  # Of 255 on average, of JPEG at high quality.
CLEAR = 63  # The transparent colour of palettes.


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


def as_rgb(image):
  return np.asarray(image.convert('RGB'))


def alpha():
  alpha = np.zeros([HEIGHT, WIDTH], np.uint8)
  alpha[10:86, 6:58] = 255
  alpha[40:60, 6:58] = 128
  return alpha


def on_white(pixels, alpha):
  share = np.asarray(alpha, np.float64)[..., None] / 255
  return np.rint(pixels * share + 255 * (1 - share)).astype(np.uint8)


def indexed():
  """Colour numbers up to `CLEAR`, uint8 [96, 64], and their colours."""
  levels = np.arange(CLEAR + 1)
  table = np.stack([levels * 4, 255 - levels * 3, levels % 8 * 30], -1)
  index = (
    asymmetric_image()[..., 0] // 8 + asymmetric_image()[..., 1] // 8
  ).astype(np.uint8)
  index = np.where(alpha() > 0, index % CLEAR, CLEAR).astype(np.uint8)
  return index, table.astype(np.uint8)


def palette_image():
  index, table = indexed()
  image = Image.fromarray(index).convert('L')
  image.putpalette(table.tobytes())
  return image
