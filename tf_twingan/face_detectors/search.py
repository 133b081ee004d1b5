"""Finds boxes that may show faces in images of any size, by BlazeFace.

An image is made smaller first, so that its longer side is at most
`LONGEST_SIDE`. Then a network looks at windows of the whole image, and at
overlapping tiles of about 0.6 and 0.28 of its longer side. Faces of 1/24 of the
longer side and more are found so, by some 30 windows.
"""

from collections.abc import Sequence

import numpy as np
from PIL import Image

from tf_twingan.face_detectors import suppression, windows
from tf_twingan.face_detectors.blazeface_network import BlazeFace, Detections

LONGEST_SIDE = 3072
# Sides of windows as a share of the longer side; a face fills 1/6 to all of it.
_WHOLE = (1.25, 2.0)
_TILES = (0.6, 0.28)
_TILE_OVERLAP = 0.4
# A tile of fewer pixels would only be enlarged.
_SMALLEST_TILE = 96
_SAME_FACE = 0.3


def shrunk(image: np.ndarray) -> tuple[Image.Image, float]:
  """An image that is not too large to search, and how much smaller it is.

  Args:
    image: uint8 RGB [height, width, 3].

  Returns:
    The image of mode RGB, and its pixels as a share of the original's.
  """
  height, width = image.shape[:2]
  resized = Image.fromarray(np.ascontiguousarray(image))
  scale = min(LONGEST_SIDE / max(height, width), 1.0)
  if scale < 1:
    size = (max(round(width * scale), 1), max(round(height * scale), 1))
    resized = resized.resize(size, Image.Resampling.BILINEAR, reducing_gap=2.0)
  return resized, scale


def search_windows(width: int, height: int) -> list[windows.Window]:
  """The windows of an image that are looked at, the largest first."""
  longer = max(width, height)
  found = [windows.whole(width, height, longer * share) for share in _WHOLE]
  for share in _TILES:
    side = longer * share
    if side >= _SMALLEST_TILE:
      found += windows.tiles(width, height, side, _TILE_OVERLAP)
  return found


def candidates(
  network: BlazeFace, image: Image.Image, threshold: float
) -> Detections:
  """Finds what may be a face.

  Args:
    network: looks at the windows.
    image: of mode RGB.
    threshold: the least score of a candidate.

  Returns:
    One box for each candidate, the best first.
  """
  found = [
    merged(network.detect(image, window, threshold))
    for window in search_windows(*image.size)
  ]
  together = joined(found)
  kept = suppression.apart(
    together.boxes,
    together.scores,
    most_overlap=_SAME_FACE,
    # A tile may show a part of a face that another one shows whole.
    most_contained=1.0,
  )
  return together.select(np.array(kept, int))


def joined(detections: Sequence[Detections]) -> Detections:
  """All boxes of several detections."""
  return Detections(
    *(np.concatenate(values) for values in zip(*detections, strict=True))
  )


def merged(detections: Detections) -> Detections:
  """One box a face: the mean of its boxes, weighted by their scores."""
  found = []
  for group in suppression.groups(
    detections.boxes, detections.scores, least_overlap=_SAME_FACE
  ):
    weights = detections.scores[group]
    found.append(
      Detections(
        np.average(detections.boxes[group], 0, weights)[None],
        np.average(detections.points[group], 0, weights)[None],
        weights[:1],
      )
    )
  return joined(found) if found else detections
