"""Finds human faces by BlazeFace, with eyes and mouth by a landmark network."""

import numpy as np

from tf_twingan import image_arrays
from tf_twingan.face_detectors import (
  blazeface_network,
  closer_look,
  landmarks,
  results,
  search,
)
from tf_twingan.face_detectors.base import Face, FaceDetector

# Score of a box that is looked at again, of a face from all windows, and of the
# landmark network. On photos of animals and on noise the first finds several
# boxes an image, and all three together next to none.
_CANDIDATE = 0.4
_CONFIRMED = 0.7
_PRESENT = 0.5
# The side of what the landmark network sees, in sides of the box.
_LANDMARK_SIDES = 1.5


class HumanDetector(FaceDetector):
  """Finds human faces; see `search` for how small they may be."""

  def __init__(self) -> None:
    """Reads the networks.

    Raises:
      MissingPackage: the extra 'prepare' is not installed.
    """
    self._network = blazeface_network.back_camera()
    self._landmarks = landmarks.LandmarkNetwork()

  def find(self, image: np.ndarray) -> list[Face]:
    """Finds all human faces of an image, see `FaceDetector`."""
    shrunk, scale = search.shrunk(image_arrays.check_image(image))
    faces = []
    for seen, _ in closer_look.confirmed(
      self._network, shrunk, candidate=_CANDIDATE, least=_CONFIRMED
    ):
      angle = closer_look.roll(seen.points[0])
      window = closer_look.around(seen.boxes[0], _LANDMARK_SIDES, angle)
      marks = self._landmarks.look(shrunk, window)
      if marks.presence >= _PRESENT:
        faces.append(
          Face(seen.boxes[0], float(seen.scores[0]), marks.eyes, marks.mouth)
        )
    return results.finished(faces, scale)
