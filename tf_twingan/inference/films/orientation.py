"""How a film's frames are turned to be shown, by its display matrix.

Phones store frames as the sensor has them, and say beside how they are to be
turned or mirrored. Faces are found in upright images only, so frames are turned
before they are translated, and the result needs no such matrix.
"""

from typing import NamedTuple

import numpy as np


class Orientation(NamedTuple):
  """One of the eight ways in which an image can be turned and mirrored.

  Attributes:
    transposes: whether rows become columns, which is done first.
    mirrors: whether left and right are exchanged then.
    flips: whether top and bottom are.
  """

  transposes: bool = False
  mirrors: bool = False
  flips: bool = False

  def apply(self, image: np.ndarray) -> np.ndarray:
    """Turns an image [height, width, channels]."""
    if self.transposes:
      image = image.transpose(1, 0, 2)
    if self.mirrors:
      image = image[:, ::-1]
    if self.flips:
      image = image[::-1]
    return np.ascontiguousarray(image)


def from_display_matrix(matrix: bytes) -> Orientation:
  """The orientation that is nearest to a display matrix.

  Args:
    matrix: nine int32 (a b u, c d v, x y w) of this computer's byte order, as
      FFmpeg has them: a place (p, q) is shown at (a p + c q, b p + d q).
  """
  a, b, _, c, d, *_ = np.frombuffer(matrix, np.int32)[:9].astype(int)
  if abs(a) + abs(d) >= abs(b) + abs(c):
    return Orientation(False, bool(a < 0), bool(d < 0))
  return Orientation(True, bool(c < 0), bool(b < 0))
