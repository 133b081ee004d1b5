"""Where a face is in what a training sees of its image, and how it is turned.

Positions and sizes are fractions of the side of the square that the dataset's
framing keeps, so that images of any size compare.
"""

import math
from typing import NamedTuple

import numpy as np

from tf_twingan import faces, framing

_UNKNOWN = math.nan


class FaceMeasures(NamedTuple):
  """The measures of the largest face of one image; NaN where unknown.

  Attributes:
    faces: number of faces that were found; NaN where none were looked for.
    scale: mean side of the face's box; 1 fills the square.
    x: the middle of the box, from 0 at the left to 1 at the right.
    y: likewise, from 0 at the top to 1 at the bottom.
    eyes: distance between the eyes.
    eyes_x: the middle of the eyes, from the left.
    eyes_y: likewise, from the top.
    roll: degrees by which the line of the eyes leaves the horizontal, clockwise
      positive.
    yaw: degrees by which the face looks to the right of the image, a rough
      estimate, see `_yaw`.
  """

  faces: float = _UNKNOWN
  scale: float = _UNKNOWN
  x: float = _UNKNOWN
  y: float = _UNKNOWN
  eyes: float = _UNKNOWN
  eyes_x: float = _UNKNOWN
  eyes_y: float = _UNKNOWN
  roll: float = _UNKNOWN
  yaw: float = _UNKNOWN


def measure(
  found: list[faces.Face] | None,
  width: int,
  height: int,
  framed: framing.Framing,
) -> FaceMeasures:
  """Measures the largest face.

  Args:
    found: the faces of an image, the largest first; None where none were
      looked for.
    width: width of the image in px.
    height: its height.
    framed: how the dataset makes it square.
  """
  if not found:
    return FaceMeasures() if found is None else FaceMeasures(0)
  face = found[0]
  longer = framed.fit == 'pad'
  side = framed.crop * (max if longer else min)(width, height)
  left, top, right, bottom = map(float, face.box)
  measures = FaceMeasures(
    len(found),
    scale=face.side / side,
    x=0.5 + (left + right - width) / 2 / side,
    y=0.5 + (top + bottom - height) / 2 / side,
  )
  if face.eyes is None:
    return measures
  (x0, y0), (x1, y1) = np.asarray(face.eyes, np.float64).tolist()
  return measures._replace(
    eyes=math.hypot(x1 - x0, y1 - y0) / side,
    eyes_x=0.5 + (x0 + x1 - width) / 2 / side,
    eyes_y=0.5 + (y0 + y1 - height) / 2 / side,
    roll=math.degrees(math.atan2(y1 - y0, x1 - x0)),
    yaw=_yaw(face),
  )


def _yaw(face: faces.Face) -> float:
  """Estimates the yaw in degrees.

  A head seen from the front is taken for a cylinder as wide as the face's box,
  with eyes and mouth on its surface: turned by an angle, their middle moves by
  the sine of the angle times half the width. Boxes follow the features more or
  less, so that this orders faces by their turn rather than measuring it.
  """
  left, top, right, bottom = np.asarray(face.box, np.float64)
  points = [np.asarray(face.eyes, np.float64).mean(axis=0)]
  if face.mouth is not None:
    points.append(np.asarray(face.mouth, np.float64))
  (x0, y0), (x1, y1) = np.asarray(face.eyes, np.float64)
  along = np.array([x1 - x0, y1 - y0])
  length = np.linalg.norm(along)
  if not length or right <= left:
    return math.nan
  middle = np.array([left + right, top + bottom]) / 2
  # Along the line of the eyes, so that a rolled face is not taken for a turned
  # one.
  offset = float(((np.mean(points, axis=0) - middle) @ along) / length)
  return math.degrees(math.asin(np.clip(2 * offset / (right - left), -1, 1)))
