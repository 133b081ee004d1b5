"""Measures of an image's quality: how sharp it is, and how uniform.

Sharpness compares the image with itself at half the size. The variance of the
Laplacian alone (Pech-Pacheco et al., "Diatom autofocusing in brightfield
microscopy", 2000) depends on what an image shows as much as on how sharp it is:
a smooth face has less than blurred fur. In sharp images of all kinds it falls
little from one size to the next finer one; where the finer size adds nothing,
as that which is out of focus, it falls to a sixteenth.
"""

from typing import TYPE_CHECKING, NamedTuple

import numpy as np
from PIL import Image

if TYPE_CHECKING:
  from tf_twingan.data.prepare.options import Options

# The finer of the two sizes that are compared, px. Blur that is smaller than
# its pixels does not count.
_SIDE = 64
# What is within this many levels of the median colour has that colour.
_SAME_COLOUR = 12
# Rounding a pixel to a whole level is noise of variance 1/12, the Laplacian
# weighs five of them by 1 and 4, and both the image and its grey are rounded.
_ROUNDING = 2 * (4 * 1**2 + 4**2) / 12


class Measures(NamedTuple):
  """How good an image is.

  Attributes:
    sharpness: variance of the Laplacian of the brightness at 64 px, divided by
      that at 32 px: below 0.15 where the image is blurred, above 0.2 where
      it is sharp, whatever it shows; 0 if it shows nothing.
    contrast: standard deviation of the brightness, from 0 to 127.5.
    uniform: share of the image that has nearly the same, median colour.
  """

  sharpness: float
  contrast: float
  uniform: float


def measure(image: np.ndarray) -> Measures:
  """Measures an image.

  Args:
    image: uint8 RGB [height, width, 3]; squeezed to a square if it is none.
  """
  whole = Image.fromarray(image)
  side = min(_SIDE, *image.shape[:2])
  grey = whole.convert('L').convert('F')
  fine, coarse = (
    np.asarray(
      grey.resize((size, size), Image.Resampling.LANCZOS, reducing_gap=3.0)
    )
    for size in (side, max(3, side // 2))
  )
  below = _detail(coarse)
  colours = np.asarray(
    whole.resize((side, side), Image.Resampling.BOX, reducing_gap=3.0)
  )
  middle = np.median(colours, axis=(0, 1))
  same = np.all(np.abs(colours - middle) <= _SAME_COLOUR, axis=2)
  return Measures(
    sharpness=_detail(fine) / below if below else 0.0,
    contrast=float(fine.std()),
    uniform=float(same.mean()),
  )


def _detail(grey: np.ndarray) -> float:
  """The variance of the Laplacian, less what rounding adds to it."""
  around = grey[:-2, 1:-1] + grey[2:, 1:-1] + grey[1:-1, :-2] + grey[1:-1, 2:]
  variance = np.var(around - 4 * grey[1:-1, 1:-1], dtype=np.float64)
  return max(0.0, float(variance) - _ROUNDING)


def problem(measures: Measures, options: 'Options') -> tuple[str, float] | None:
  """Why an image is to be rejected, and the measure that decided.

  Args:
    measures: of the image.
    options: the limits.
  """
  if measures.uniform > options.uniform:
    return 'uniform', measures.uniform
  if measures.sharpness < options.blur:
    return 'blurred', measures.sharpness
  return None
