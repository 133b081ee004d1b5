"""Measures of an image's quality: how sharp it is, and how uniform.

Both are measured at one size, so that they mean the same whatever the
resolution is.
"""

from typing import NamedTuple

import numpy as np
from PIL import Image

# Side at which images are measured, px.
_SIDE = 128


class Measures(NamedTuple):
  """How good an image is.

  Attributes:
    sharpness: variance of the Laplacian of the brightness, as a share of the
      variance of the brightness itself, so that flat colours with hard edges
      count as sharp, and low contrast does not count as blurred.
    contrast: standard deviation of the brightness, 0 to 127.5.
    uniform: share of the pixels that have nearly the most frequent colour.
  """

  sharpness: float
  contrast: float
  uniform: float


def measure(image: np.ndarray) -> Measures:
  """Measures an image.

  Args:
    image: uint8 RGB [height, width, 3].
  """
  size = (_SIDE, _SIDE)
  small = Image.fromarray(image).resize(size, Image.Resampling.BOX)
  grey = np.asarray(small.convert('L'), np.float64)
  laplacian = (
    grey[:-2, 1:-1] + grey[2:, 1:-1] + grey[1:-1, :-2] + grey[1:-1, 2:]
  ) - 4 * grey[1:-1, 1:-1]
  variance = grey.var()
  sharpness = laplacian.var() / variance if variance else 0.0
  # Cells of 16 levels, whose edges do not cut a plain colour in two.
  colours = np.asarray(small, np.int64) // 16
  codes = colours @ [256, 16, 1]
  uniform = np.bincount(codes.ravel()).max() / codes.size
  return Measures(float(sharpness), float(np.sqrt(variance)), float(uniform))


def problem(measures: Measures, options) -> tuple[str, float] | None:
  """The reason to reject an image, and the measure that decided.

  Args:
    measures: of the image.
    options: the limits, of type `options.Options`.
  """
  if measures.uniform > options.uniform:
    return 'uniform', measures.uniform
  if measures.sharpness < options.blur:
    return 'blurred', measures.sharpness
  return None
