"""Looks again at a box that may show a face: closely, turned and mirrored.

What is no face passes for one in one window or another. A face passes in all of
them, so that the mean of their scores tells both apart, and the mean of their
boxes and points is more precise.
"""

import math
from collections.abc import Iterator

import numpy as np
from PIL import Image

from tf_twingan.face_detectors import search, suppression
from tf_twingan.face_detectors.blazeface_network import (
  LEFT_EYE,
  RIGHT_EYE,
  BlazeFace,
  Detections,
)
from tf_twingan.face_detectors.windows import Window

# Sides of the windows, in sides of the box, each of them mirrored, too.
_SIDES = (2.2, 3.2)
# The least score of a box that counts in a window.
_LEAST = 0.2
# Intersection over union of the same face: with a box that may show a part of
# it alone, as a tile ends there, and with one that was looked at.
_MAYBE_SAME = 0.2
_SAME = 0.4


def roll(points: np.ndarray) -> float:
  """How far a face is turned clockwise, in radians, by its six points."""
  x, y = points[RIGHT_EYE] - points[LEFT_EYE]
  return math.atan2(y, x)


def around(box: np.ndarray, sides: float, angle: float) -> Window:
  """A window around a box, in sides of the box."""
  left, top, right, bottom = map(float, box)
  side = max(right - left, bottom - top, 1.0)
  return Window((left + right) / 2, (top + bottom) / 2, side * sides, angle)


def confirmed(
  network: BlazeFace, image: Image.Image, *, candidate: float, least: float
) -> Iterator[tuple[Detections, float]]:
  """Finds boxes that may show a face, and looks at each of them again.

  Args:
    network: that looks.
    image: of mode RGB.
    candidate: the least score of a box that is looked at again.
    least: the least score, see `confirm`, of one that is kept.

  Yields:
    One detection, see `confirm`, and how far its face seemed to be turned at
    first, in radians.
  """
  candidates = search.candidates(network, image, candidate)
  for box, points in zip(candidates.boxes, candidates.points, strict=True):
    angle = roll(points)
    seen = confirm(network, image, box, angle)
    if seen is not None and seen.scores[0] >= least:
      yield seen, angle


def confirm(
  network: BlazeFace, image: Image.Image, box: np.ndarray, angle: float
) -> Detections | None:
  """Looks at a box from several windows.

  Args:
    network: that looks.
    image: of mode RGB.
    box: [4], in pixels of the image.
    angle: how far the face seems to be turned, in radians.

  Returns:
    One detection: means of box and points, and as its score the mean over all
    windows, with 0 for windows that show no such face; None for no face.
  """
  first = _in_window(network, image, box, _SIDES[0], angle)
  first = first.select(suppression.overlaps(box, first.boxes) >= _MAYBE_SAME)
  if not len(first.scores):
    return None
  box, angle = first.boxes[0], roll(first.points[0])
  seen = []
  for sides in _SIDES:
    for mirrored in (False, True):
      found = _in_window(network, image, box, sides, angle, mirrored)
      same = suppression.overlaps(box, found.boxes) >= _SAME
      seen.append(found.select(np.flatnonzero(same)[:1]))
  together = search.joined(seen)
  weights = together.scores
  if not len(weights):
    return None
  return Detections(
    np.average(together.boxes, 0, weights)[None],
    np.average(together.points, 0, weights)[None],
    np.array([weights.sum() / len(seen)]),
  )


def _in_window(
  network: BlazeFace,
  image: Image.Image,
  box: np.ndarray,
  sides: float,
  angle: float,
  mirrored: bool = False,
) -> Detections:
  """What a window around a box shows, the best first."""
  window = around(box, sides, angle)
  return search.merged(network.detect(image, window, _LEAST, mirrored))
