"""Finds the faces of cats by a cascade that comes inside of OpenCV.

Viola & Jones 2001, "Rapid Object Detection using a Boosted Cascade of Simple
Features"; the file is Joseph Howse's `haarcascade_frontalcatface_extended.xml`
(BSD-3-Clause). It knows upright faces from the front alone, so it looks at
turned images, too.
"""

import math

import numpy as np
from PIL import Image

from tf_twingan import extras, image_arrays
from tf_twingan.face_detectors import packaged_files, results
from tf_twingan.face_detectors.base import Face, FaceDetector

_FILE = 'data/haarcascade_frontalcatface_extended.xml'
# The longer side of what is searched, in pixels: smaller images are enlarged.
_LONGEST_SIDE = 1024
_LARGEST_ENLARGEMENT = 2.0
_ANGLES = (0, -15, 15, -30, 30)  # Degrees.
_SMALLEST_FACE = 32
_SCALE_FACTOR = 1.1
# What the last stage of the cascade must give, and what counts as certain.
_ACCEPTED = 1.0
_CERTAIN = 4.0
# Where a cat's eyes are in a box of the cascade.
_EYES = np.array([[0.29, 0.4], [0.71, 0.4]])


class CatDetector(FaceDetector):
  """Finds the faces of cats; their eyes are where those of most cats are."""

  def __init__(self) -> None:
    """Reads the cascade.

    Raises:
      MissingPackage: the extra 'prepare' is not installed.
    """
    file = packaged_files.path('cv2', _FILE)
    with extras.needed('prepare'):
      import cv2
    self._cascade = cv2.CascadeClassifier(str(file))

  def find(self, image: np.ndarray) -> list[Face]:
    """Finds all faces of cats of an image, see `FaceDetector`."""
    image = image_arrays.check_image(image)
    grey = Image.fromarray(np.ascontiguousarray(image)).convert('L')
    scale = min(_LONGEST_SIDE / max(grey.size), _LARGEST_ENLARGEMENT)
    width, height = (max(round(side * scale), 1) for side in grey.size)
    grey = grey.resize((width, height), Image.Resampling.BICUBIC)
    if min(grey.size) < _SMALLEST_FACE:
      return []
    faces = []
    for degrees in _ANGLES:
      faces += self._find_turned(grey, degrees)
    return results.finished(faces, scale)

  def _find_turned(self, grey: Image.Image, degrees: float) -> list[Face]:
    """Finds faces that are turned clockwise by an angle."""
    # Pillow turns counterclockwise, around the centre, and keeps the size.
    turned = grey.rotate(degrees, Image.Resampling.BILINEAR)
    boxes, _, weights = self._cascade.detectMultiScale3(
      np.asarray(turned),
      scaleFactor=_SCALE_FACTOR,
      minNeighbors=1,
      minSize=(_SMALLEST_FACE, _SMALLEST_FACE),
      outputRejectLevels=True,
    )
    cos, sin = math.cos(math.radians(degrees)), math.sin(math.radians(degrees))
    turn = np.array([[cos, sin], [-sin, cos]])
    middle = np.array(grey.size) / 2
    faces = []
    for box, weight in zip(boxes, np.ravel(weights), strict=True):
      if weight < _ACCEPTED:
        continue
      corner, size = np.array(box[:2], float), np.array(box[2:], float)
      eyes = (corner + _EYES * size - middle) @ turn + middle
      centre = (corner + size / 2 - middle) @ turn + middle
      faces.append(
        Face(
          np.concatenate([centre - size / 2, centre + size / 2]),
          min(float(weight) / _CERTAIN, 1.0),
          eyes,
        )
      )
    return faces
