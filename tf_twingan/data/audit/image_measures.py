"""What one image measures: size, brightness, contrast, colour, plain border.

All but the size is measured on the square that a training would see, at one
resolution, so that images of any size compare.
"""

from typing import NamedTuple

import numpy as np

SIDE = 128  # px of the square that is measured.
# Luma of ITU-R BT.601, as JPEG has it.
_LUMA = np.array([0.299, 0.587, 0.114], np.float32)
# A border this wide, as a share of the side, is looked at for a plain backdrop:
# narrow enough to miss most heads, wide enough to be no frame.
_BORDER = 1 / 32
# Of 255, in every channel: JPEG artefacts and slight shading stay below.
_ALIKE = 12


class ImageMeasures(NamedTuple):
  """The measures of one image; all but the sizes are in [0, 1].

  Attributes:
    width: px, as stored, upright.
    height: likewise.
    brightness: mean of the luma.
    contrast: standard deviation of the luma.
    saturation: mean difference of a pixel's largest and smallest channel.
    red: mean of the channel.
    green: mean of the channel.
    blue: mean of the channel.
    plain_border: share of the upper border that has one colour: of the top
      edge and the upper halves of both sides, as portraits are cut off below.
  """

  width: int
  height: int
  brightness: float
  contrast: float
  saturation: float
  red: float
  green: float
  blue: float
  plain_border: float


def measure(square: np.ndarray, width: int, height: int) -> ImageMeasures:
  """Measures one image.

  Args:
    square: uint8 RGB [side, side, 3], what a training would see of it.
    width: width of the whole image in px.
    height: its height.
  """
  values = square.astype(np.float32) / 255
  luma = values @ _LUMA
  red, green, blue = values.mean((0, 1)).tolist()
  return ImageMeasures(
    width,
    height,
    brightness=float(luma.mean()),
    contrast=float(luma.std()),
    saturation=float((values.max(2) - values.min(2)).mean()),
    red=red,
    green=green,
    blue=blue,
    plain_border=_plain_border(square),
  )


def _plain_border(square: np.ndarray) -> float:
  side = len(square)
  width = max(1, round(side * _BORDER))
  upper = square[: side // 2].astype(np.int16)
  border = np.concatenate(
    [
      upper[:width].reshape(-1, 3),
      upper[width:, :width].reshape(-1, 3),
      upper[width:, -width:].reshape(-1, 3),
    ]
  )
  apart = np.abs(border - np.median(border, axis=0)).max(axis=1)
  return float((apart <= _ALIKE).mean())
