"""What a face detector is, and what it finds."""

import abc
from typing import NamedTuple

import numpy as np


class Face(NamedTuple):
  """A face in an image; x counts from its left edge and y from its top edge.

  Coordinates are in pixels, where pixel (0, 0) covers the square from (0, 0) to
  (1, 1).

  Attributes:
    box: float32 [4]: left, top, right, bottom; it may leave the image.
    score: how sure the detector is, in [0, 1]; not comparable among detectors.
    eyes: float32 [2, 2], (x, y) of the centre of the eye at the left of the
      upright face, then of the other one; None where they are unknown. The line
      from the first to the second eye tells how far a face is rolled.
    mouth: float32 [2], (x, y) of the centre of the mouth; None where unknown.
  """

  box: np.ndarray
  score: float
  eyes: np.ndarray | None = None
  mouth: np.ndarray | None = None

  @property
  def side(self) -> float:
    """The mean of width and height of the box, in pixels."""
    left, top, right, bottom = map(float, self.box)
    return (right - left + bottom - top) / 2


class FaceDetector(abc.ABC):
  """Finds the faces of one kind in images.

  An object may hold an interpreter, so it belongs to one thread: make one for
  each. What it finds follows from the image alone.
  """

  @abc.abstractmethod
  def find(self, image: np.ndarray) -> list[Face]:
    """Finds all faces of an image.

    Args:
      image: uint8 RGB [height, width, 3], of any size; it is not changed.

    Returns:
      The faces, the largest first; none where there is none.
    """
