"""What detectors do with the faces that they found, before they return them."""

from collections.abc import Sequence

import numpy as np

from tf_twingan.face_detectors import suppression
from tf_twingan.face_detectors.base import Face

_MOST_OVERLAP = 0.3
_MOST_CONTAINED = 0.6


def finished(faces: Sequence[Face], scale: float = 1.0) -> list[Face]:
  """Leaves out what shows a face again, and sorts.

  Args:
    faces: found in an image that was made smaller.
    scale: pixels of that image for each of the original's.

  Returns:
    The faces in pixels of the original, as float32, the largest first.
  """
  kept = suppression.apart(
    np.array([face.box for face in faces]).reshape(-1, 4),
    np.array([face.score for face in faces]),
    most_overlap=_MOST_OVERLAP,
    most_contained=_MOST_CONTAINED,
  )
  chosen = [_enlarged(faces[index], scale) for index in kept]
  return sorted(chosen, key=lambda face: (-face.side, *face.box.tolist()))


def _enlarged(face: Face, scale: float) -> Face:
  return Face(
    (face.box / scale).astype(np.float32),
    float(face.score),
    None if face.eyes is None else (face.eyes / scale).astype(np.float32),
    None if face.mouth is None else (face.mouth / scale).astype(np.float32),
  )
