"""Where a face is: moved, blended with another place, and as numbers."""

import numpy as np

from tf_twingan import faces
from tf_twingan.data.prepare import alignment


def middle(face: faces.Face) -> np.ndarray:
  """The middle (x, y) of a face's box."""
  return (face.box[:2] + face.box[2:]) / 2


def moved(face: faces.Face, transform: np.ndarray) -> faces.Face:
  """A face where a similarity transform takes it; boxes stay upright."""
  half = (face.box[2:] - face.box[:2]) / 2 * alignment.scale(transform)
  centre = alignment.apply(transform, middle(face)[None])[0]
  points = [
    None if p is None else alignment.apply(transform, np.atleast_2d(p))
    for p in (face.eyes, face.mouth)
  ]
  return face._replace(
    box=np.concatenate([centre - half, centre + half]),
    eyes=points[0],
    mouth=None if points[1] is None else points[1][0],
  )


def blended(face: faces.Face, found: faces.Face, weight: float) -> faces.Face:
  """A face nearer to where it was detected; a point of one alone is kept.

  Args:
    face: where it is, in float64.
    found: where it was detected, in float64.
    weight: of the detection, in [0, 1].
  """

  def blend(old, new):
    if old is None or new is None:
      return new if old is None else old
    return old + weight * (new - old)

  return faces.Face(
    blend(face.box, found.box),
    found.score,
    blend(face.eyes, found.eyes),
    blend(face.mouth, found.mouth),
  )


def to_numbers(face: faces.Face) -> np.ndarray:
  """A face as float64 [11]: score, box, eyes and mouth, NaN for none."""
  eyes = np.full(4, np.nan) if face.eyes is None else np.ravel(face.eyes)
  mouth = np.full(2, np.nan) if face.mouth is None else face.mouth
  return np.concatenate([[face.score], face.box, eyes, mouth])


def from_numbers(numbers: np.ndarray) -> faces.Face:
  """The face of which `to_numbers` made the numbers."""
  score, box = float(numbers[0]), numbers[1:5]
  eyes, mouth = numbers[5:9].reshape(2, 2), numbers[9:]
  return faces.Face(
    box,
    score,
    None if np.isnan(eyes).any() else eyes,
    None if np.isnan(mouth).any() else mouth,
  )
