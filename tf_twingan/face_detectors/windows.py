"""Square windows of an image: which to look at, and their pixels.

A detector's network sees squares of one size. Faces of all sizes and places are
found by windows of several sizes that overlap.
"""

import math
from typing import NamedTuple

import numpy as np
from PIL import Image


class Window(NamedTuple):
  """A square of an image, in pixels; it may leave the image.

  Attributes:
    x: of the centre.
    y: of the centre.
    side: length of its sides.
    angle: how far it is turned clockwise around its centre, in radians; the
      pixels of a window that is turned as far as a face show the face upright.
  """

  x: float
  y: float
  side: float
  angle: float = 0.0

  def to_image(self, points: np.ndarray) -> np.ndarray:
    """Maps points of the window to the image.

    Args:
      points: float [..., 2], (x, y) of which (0, 0) is the window's upper left
        corner and (1, 1) its lower right one.

    Returns:
      float64 [..., 2], pixels of the image.
    """
    cos, sin = math.cos(self.angle), math.sin(self.angle)
    turn = np.array([[cos, sin], [-sin, cos]])
    offsets = (np.asarray(points, np.float64) - 0.5) * self.side
    return offsets @ turn + (self.x, self.y)

  def cut(self, image: Image.Image, size: int) -> np.ndarray:
    """Returns the window's pixels, black where it leaves the image.

    Args:
      image: of mode RGB or L.
      size: side of the result in pixels.

    Returns:
      uint8 [size, size, 3], or [size, size] of an image of mode L.
    """
    if not self.angle:
      return np.asarray(self._upright(image, size))
    cos, sin = math.cos(self.angle), math.sin(self.angle)
    # The upright square around the turned one, at the same scale.
    growth = abs(cos) + abs(sin)
    around = math.ceil(size * growth)
    outer = self._replace(side=self.side * around / size, angle=0.0)
    turned = outer._upright(image, around).transform(
      (size, size),
      Image.Transform.AFFINE,
      (
        *(cos, -sin, around / 2 - size / 2 * (cos - sin)),
        *(sin, cos, around / 2 - size / 2 * (sin + cos)),
      ),
      Image.Resampling.BILINEAR,
    )
    return np.asarray(turned)

  def _upright(self, image: Image.Image, size: int) -> Image.Image:
    canvas = Image.new(image.mode, (size, size))
    left, top = self.x - self.side / 2, self.y - self.side / 2
    scale = size / self.side
    inside, target = [], []
    for start, length in ((left, image.width), (top, image.height)):
      # Whole pixels of the result, and what they show of the image.
      first = math.ceil(max(-start, 0) * scale - 1e-6)
      last = math.floor(min((length - start) * scale, size) + 1e-6)
      if last <= first:
        return canvas
      inside.append((max(start + first / scale, 0.0), start + last / scale))
      target.append((first, last - first))
    (x0, x1), (y0, y1) = inside
    part = image.resize(
      (target[0][1], target[1][1]),
      Image.Resampling.BILINEAR,
      (x0, y0, min(x1, image.width), min(y1, image.height)),
    )
    canvas.paste(part, (target[0][0], target[1][0]))
    return canvas


def whole(width: int, height: int, side: float) -> Window:
  """The window of a side around the centre of an image."""
  return Window(width / 2, height / 2, side)


def tiles(width: int, height: int, side: float, overlap: float) -> list[Window]:
  """Windows of one size that cover an image.

  Args:
    width: of the image.
    height: of the image.
    side: of each window.
    overlap: the least share of their side that neighbours have in common, so
      that a face of up to that size is whole in one of them.

  Returns:
    The windows, evenly spread, row by row. Where a window is longer than the
    image, it is centred.
  """
  columns, rows = (
    _centres(length, side, overlap) for length in (width, height)
  )
  return [Window(x, y, side) for y in rows for x in columns]


def _centres(length: int, side: float, overlap: float) -> list[float]:
  if length <= side:
    return [length / 2]
  steps = math.ceil((length - side) / (side * (1 - overlap)) - 1e-9)
  return [side / 2 + (length - side) * i / steps for i in range(steps + 1)]
