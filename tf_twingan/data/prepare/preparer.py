"""From a photo to prepared images: the one code path that decides pixels.

`prepare` and `translate` both prepare a photo by this class, so that a network
sees a user's photo as it saw its training images. Exported files do not: who
gives them images prepares these first, as `ExportedTranslator.read` does.
"""

import threading
from collections.abc import Sequence
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
    number: place of the face among all that were found in the photo, from 0.
    alpha: float32 [resolution, resolution] in [0, 1], the opacity of the
      subject that was cut out of the photo; None if nothing was.
  """

  image: np.ndarray
  face: faces.Face | None
  matrix: np.ndarray
  inside: float
  number: int = 0
  alpha: np.ndarray | None = None


class Prepared(NamedTuple):
  """What one photo gives.

  Attributes:
    images: one image for each face, the largest face first.
    rejections: what was left out, and why. There is one at least if there are
      no images.
  """

  images: list[PreparedImage]
  rejections: list[Rejection]


class _Unfit(Exception):
  """An image is left out: the reason, and the measure that decided."""

  def __init__(self, reason: str, score: float):
    super().__init__(reason)
    self.reason, self.score = reason, score


class Preparer:
  """Prepares photos; one object may serve any number of threads."""

  def __init__(
    self,
    options: options_lib.Options,
    *,
    any_roll: bool = False,
    is_unlike: bool = False,
  ):
    """Loads the detector, and what cuts people out if that is asked for.

    Args:
      options: what decides the pixels.
      any_roll: whether to look for faces in photos that are turned, too.
      is_unlike: whether `prepare` puts people before a random colour that is
        unlike theirs, not before one that follows from the photo's name, so
        that they can be told from it again.

    Raises:
      ValueError: there is no such detector.
      MissingPackage: it needs an extra that is not installed.
    """
    self.options, self._any_roll = options, any_roll
    self._is_unlike = is_unlike and options.background == 'random'
    self._own = threading.local()
    if options.faces != 'none':
      self._detector()
    if options.background != 'keep':
      # TensorFlow takes seconds to import.
      from tf_twingan.data.prepare import cutout

      self._segmenter = cutout.Segmenter()

  def prepare(
    self, image: np.ndarray, name: str = '', *, every: bool = False
  ) -> Prepared:
    """Prepares one photo.

    Args:
      image: uint8 RGB [height, width, 3].
      name: name of the photo, for rejections and for random backgrounds, which
        follow from it alone unless they are to be unlike the people.
      every: take all faces, more than `most_faces` of the options, too.
    """
    image = image_arrays.check_image(image)
    options = self.options
    shorter = min(image.shape[:2])
    if shorter < options.smallest_side:
      detail = f'{image.shape[1]}x{image.shape[0]} px'
      return Prepared([], [Rejection(name, 'too_small', shorter, '', detail)])
    found: Sequence[faces.Face | None] = [None]
    if options.faces != 'none':
      found = self._detector().find(image)
    if not found:
      # What shows nothing at all has no face either, and is said to be that.
      problem = quality.problem(quality.measure(image), options)
      return Prepared([], [Rejection(name, *(problem or ('no_face', None)))])
    prepared = Prepared([], [])
    for index, face in enumerate(found):
      if not every and len(prepared.images) == options.most_faces:
        break
      try:
        one = self._square(image, face)._replace(number=index)
        prepared.images.append(
          self._finish(one, name, index, is_unlike=self._is_unlike)
        )
      except _Unfit as unfit:
        detail = f'face {index + 1} of {len(found)}' if face else ''
        rejection = Rejection(name, unfit.reason, unfit.score, detail=detail)
        prepared.rejections.append(rejection)
    return prepared

  def cut(
    self, image: np.ndarray, matrix: np.ndarray, name: str = '', index: int = 0
  ) -> PreparedImage | Rejection:
    """Cuts out the square that a matrix leads to, whatever it shows.

    Args:
      image: uint8 RGB [height, width, 3].
      matrix: float [2, 3], from the photo to the square.
      name: name of the photo, from which a random background follows: it is
        the same for all frames of a film, whose results would differ with it.
      index: number of the face, from which it follows, too.
    """
    one = self._warp(image_arrays.check_image(image), None, matrix)
    try:
      return self._finish(one._replace(number=index), name, index)
    except _Unfit as unfit:
      return Rejection(name, unfit.reason, unfit.score)

  def _square(
    self, photo: np.ndarray, face: faces.Face | None
  ) -> PreparedImage:
    """The square around a face; without one, in the middle of the photo."""
    options = self.options
    resolution = options.resolution
    if face is None:
      return _central_square(photo, resolution)
    self._check(face, photo.shape[:2])
    matrix = alignment.matrix(
      face, options.template, options.margin, resolution
    )
    return self._warp(photo, face, matrix)

  def _warp(
    self, photo: np.ndarray, face: faces.Face | None, matrix: np.ndarray
  ) -> PreparedImage:
    options = self.options
    inside = alignment.inside(matrix, photo.shape[:2], options.resolution)
    square = alignment.warp(photo, matrix, options.resolution, options.padding)
    return PreparedImage(square, face, matrix, inside)

  def _check(self, face: faces.Face, photo_size: Sequence[int]) -> None:
    """Raises _Unfit unless a face is large, upright and whole enough."""
    options = self.options
    try:
      # From the photo to the face alone, as a square of side 1.
      matrix = alignment.matrix(face, options.template, 0.0, 1)
    except ValueError:
      # One photo with a detection that makes no sense must not end the job.
      raise _Unfit('no_face', face.score) from None
    size = 1 / alignment.scale(matrix)
    if size < options.smallest_face:
      raise _Unfit('face_too_small', size)
    roll = abs(alignment.roll(matrix))
    if options.largest_roll is not None and roll > options.largest_roll:
      raise _Unfit('rolled', roll)
    inside = alignment.inside(matrix, photo_size, 1)
    if inside < options.least_inside:
      raise _Unfit('cut_off', inside)

  def _finish(
    self,
    one: PreparedImage,
    name: str,
    index: int,
    *,
    is_unlike: bool = False,
  ) -> PreparedImage:
    """Checks how sharp a square is, and puts what it shows before a colour."""
    problem = quality.problem(quality.measure(one.image), self.options)
    if problem is not None:
      raise _Unfit(*problem)
    if self.options.background == 'keep':
      return one
    colour = backgrounds.color(self.options.background, name, index)
    cut = self._segmenter.cut_out(one.image, colour)
    if cut.image is None:
      raise _Unfit(cut.reason, cut.score)
    joined = cut.image
    if is_unlike:
      colour = backgrounds.unlike(one.image, cut.alpha)
      joined = backgrounds.join(one.image, cut.alpha, colour)
    return one._replace(image=joined, alpha=cut.alpha)

  def _detector(self) -> faces.FaceDetector:
    """The detector of the calling thread: one object serves one thread."""
    if not hasattr(self._own, 'detector'):
      detector = faces.detector(self.options.faces)
      if self._any_roll:
        detector = faces.of_any_roll(detector)
      self._own.detector = detector
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
