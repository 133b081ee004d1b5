"""Reads a user's photo as the training images of a network were prepared."""

import functools
import os

import numpy as np

from tf_twingan import errors, framing, image_io
from tf_twingan.data.prepare import (
  dataset_record,
  options,
  preparer,
  rejections,
)

_CONTENT = (bytes, bytearray, memoryview)


def read(
  path: image_io.Source, framed: framing.Framing, resolution: int
) -> np.ndarray:
  """Reads a photo and prepares it: its largest face, aligned and framed.

  An image of a prepared dataset is prepared already, and framed alone.

  Args:
    path: an image of any size and common format, or the content of one.
    framed: how the training images were prepared and framed; without a
      preparation, the image is framed alone.
    resolution: side of the result in pixels.

  Returns:
    uint8 RGB [resolution, resolution, 3].

  Raises:
    UnreadableImage: it is no readable image, or nothing of it is as the
      training images were; the reason says what is missing.
    ValueError: no detector has the name that the preparation asks for.
    MissingPackage: the detector needs an extra that is not installed.
  """
  if framed.preparation is None or _is_in_prepared_folder(path):
    return framed.read(path, resolution)
  photo = image_io.read(path)
  given, name = 'the given bytes', ''
  if not isinstance(path, _CONTENT):
    given = os.fspath(path)
    name = os.path.basename(given)
  # Other faces would be cut out in vain.
  alone = framed.preparation.model_copy(update={'most_faces': 1})
  prepared = _preparer(alone).prepare(photo, name)
  if prepared.images:
    return framed.square(prepared.images[0].image, resolution)
  # The largest face, as the detector gives them in this order.
  raise image_io.UnreadableImage(given, reason_of(prepared.rejections[0]))


def _is_in_prepared_folder(source: image_io.Source) -> bool:
  if isinstance(source, _CONTENT):
    return False
  return _is_prepared(os.path.dirname(os.path.abspath(source)))


def reason_of(rejection: rejections.Rejection) -> str:
  """Why a photo, or a face of it, is left out, for messages: one line."""
  reason = rejections.REASONS[rejection.reason].rstrip('.')
  detail = f' ({rejection.detail})' if rejection.detail else ''
  return f'{reason[0].lower()}{reason[1:]}{detail}'


def describe(preparation: options.Options | None) -> str:
  """How photos become images, for messages: what follows "images are"."""
  if preparation is None:
    return 'used as they are'
  done = f'aligned by {errors.printable(preparation.faces)} faces'
  if preparation.faces == 'none':
    done = 'cut to squares'
  if preparation.background != 'keep':
    done += ' and cut out'
  return f'{done}, as prepare does'


@functools.lru_cache
def _is_prepared(folder: str) -> bool:
  return dataset_record.find(folder) is not None


@functools.lru_cache(maxsize=8)
def _preparer(preparation: options.Options) -> preparer.Preparer:
  """Loads the detector once; it serves any number of threads."""
  return preparer.Preparer(preparation)
