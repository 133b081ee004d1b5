"""Finds faces that are rolled by any angle: in an image turned four ways.

Detectors know faces that are upright, or nearly so. In one of four turns by
90 degrees, every face is rolled by 45 degrees at most.
"""

import numpy as np

from tf_twingan import image_arrays
from tf_twingan.face_detectors import results
from tf_twingan.face_detectors.base import Face, FaceDetector


class TurnedDetector(FaceDetector):
  """Finds what another detector finds in any of four turns, in four times."""

  def __init__(self, detector: FaceDetector):
    """Takes the detector, which this one uses alone from now on."""
    self._detector = detector

  def find(self, image: np.ndarray) -> list[Face]:
    """Finds all faces of an image, see `FaceDetector`.

    Of several finds of one face, the one with the best score counts. What has
    no eyes says nothing of its roll, and counts in the upright image alone.
    """
    size = image_arrays.check_image(image).shape[:2]
    found = self._detector.find(image)
    for turns in range(1, 4):
      # By that many times 90 degrees, counterclockwise.
      turned = np.ascontiguousarray(np.rot90(image, turns))
      found += [
        _turned_back(face, turns, size)
        for face in self._detector.find(turned)
        if face.eyes is not None
      ]
    return results.finished(found)


def _turned_back(face: Face, turns: int, size: tuple[int, ...]) -> Face:
  """A face of the turned image, in the image of `size` (height, width)."""
  height, width = size

  def back(places: np.ndarray) -> np.ndarray:
    x, y = places[..., 0], places[..., 1]
    if turns == 1:
      return np.stack([width - y, x], axis=-1)
    if turns == 2:
      return np.stack([width - x, height - y], axis=-1)
    return np.stack([y, height - x], axis=-1)

  corners = back(face.box.reshape(2, 2))
  return Face(
    np.concatenate([corners.min(axis=0), corners.max(axis=0)]),
    face.score,
    None if face.eyes is None else back(face.eyes),
    None if face.mouth is None else back(face.mouth),
  )
