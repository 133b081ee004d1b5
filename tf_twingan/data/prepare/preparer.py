"""From a photo to prepared images: the one code path that decides pixels.

`prepare`, `translate`, the server and exported bundles all prepare a photo by
this class, so that a network sees a user's photo as it saw its training images.
"""

import threading
from typing import NamedTuple

import numpy as np

from tf_twingan import faces, framing, image_arrays
from tf_twingan.data.prepare import alignment, backgrounds, quality
from tf_twingan.data.prepare import options as options_lib
from tf_twingan.data.prepare.rejections import Rejection


class PreparedImage(NamedTuple):
  """An image as a network takes it.

  Attributes:
    image: uint8 RGB [resolution, resolution, 3].
    face: the face that it shows, in pixels of the photo; None with 'none'.
    matrix: float64 [2, 3], from places in the photo to places in the image,
      see `alignment` for what a place is; `alignment.inverse` leads back.
    inside: share of the image that lies in the photo.
  """

  image: np.ndarray
  face: faces.Face | None
  matrix: np.ndarray
  inside: float


class Prepared(NamedTuple):
  """What one photo gives.

  Attributes:
    images: one image for each face, the largest face first.
    rejections: what was left out, and why. There is one at least if there are
      no images.
  """

  images: list[PreparedImage]
  rejections: list[Rejection]


class Preparer:
  """Prepares photos; one object may serve any number of threads."""

  def __init__(self, options: options_lib.Options):
    """Loads the detector, and what cuts people out if that is asked for.

    Args:
      options: what decides the pixels.

    Raises:
      ValueError: there is no such detector.
      MissingPackage: it needs an extra that is not installed.
    """
    self.options = options
    self._own = threading.local()
    if options.faces != 'none':
      self._detector()
    if options.background != 'keep':
      # TensorFlow takes seconds to import.
      from tf_twingan.data.prepare import cutout

      self._segmenter = cutout.Segmenter()

  def prepare(self, image: np.ndarray, name: str = '') -> Prepared:
    """Prepares one photo.

    Args:
      image: uint8 RGB [height, width, 3].
      name: name of the photo, for rejections and for random backgrounds, which
        follow from it alone.
    """
    image = image_arrays.check_image(image)
    options = self.options
    shorter = min(image.shape[:2])
    if shorter < options.smallest_side:
      detail = f'{image.shape[1]}x{image.shape[0]} px'
      return Prepared([], [Rejection(name, 'too_small', shorter, '', detail)])
    if options.faces == 'none':
      prepared = Prepared([_central_square(image, options.resolution)], [])
    else:
      prepared = self._aligned(image, name)
    kept = []
    for index, one in enumerate(prepared.images):
      problem = quality.problem(quality.measure(one.image), options)
      if problem is None and options.background != 'keep':
        colour = backgrounds.color(options.background, name, index)
        cut = self._segmenter.cut_out(one.image, colour)
        if cut.image is None:
          problem = cut.reason, cut.score
        else:
          one = one._replace(image=cut.image)
      if problem is None:
        kept.append(one)
      else:
        prepared.rejections.append(Rejection(name, *problem))
    return Prepared(kept, prepared.rejections)

  def _aligned(self, photo: np.ndarray, name: str) -> Prepared:
    """The faces of a photo, aligned, and those that are not good enough."""
    options = self.options
    found = self._detector().find(photo)
    if not found:
      return Prepared([], [Rejection(name, 'no_face')])
    prepared = Prepared([], [])
    for index, face in enumerate(found):
      if len(prepared.images) == options.most_faces:
        break
      matrix = alignment.matrix(
        face, options.template, options.margin, options.resolution
      )
      inside = alignment.inside(matrix, photo.shape[:2], options.resolution)
      problem = self._problem(matrix, inside)
      if problem is not None:
        detail = f'face {index + 1} of {len(found)}'
        rejection = Rejection(name, *problem, detail=detail)
        prepared.rejections.append(rejection)
        continue
      square = alignment.warp(
        photo, matrix, options.resolution, options.padding
      )
      prepared.images.append(PreparedImage(square, face, matrix, inside))
    return prepared

  def _problem(
    self, matrix: np.ndarray, inside: float
  ) -> tuple[str, float] | None:
    """Why a face is not good enough, and the measure that decided."""
    options = self.options
    square = options.resolution / alignment.scale(matrix)
    size = square / (1 + 2 * options.margin)
    if size < options.smallest_face:
      return 'face_too_small', size
    roll = abs(alignment.roll(matrix))
    if options.largest_roll is not None and roll > options.largest_roll:
      return 'rolled', roll
    if inside < options.least_inside:
      return 'cut_off', inside
    return None

  def _detector(self) -> faces.FaceDetector:
    """The detector of the calling thread: one object serves one thread."""
    if not hasattr(self._own, 'detector'):
      self._own.detector = faces.detector(self.options.faces)
    return self._own.detector


def _central_square(image: np.ndarray, resolution: int) -> PreparedImage:
  height, width = image.shape[:2]
  scale = resolution / min(height, width)
  matrix = np.array(
    [
      [scale, 0, (resolution - width * scale) / 2],
      [0, scale, (resolution - height * scale) / 2],
    ]
  )
  square = framing.Framing().square(image, resolution)
  return PreparedImage(square, None, matrix, 1.0)
