"""Draws with a SavedModel that `export` wrote, of one direction or of all."""

import os
import pathlib
from collections.abc import Callable

import numpy as np
import tensorflow as tf

from tf_twingan import errors, image_arrays

FILE = 'saved_model.pb'
# Signatures from images in [-1, 1] to such: of one direction; of several,
# 'photo2anime_floats'.
TRANSLATE, FLOATS = 'translate', '_floats'


class SavedModel:
  """A SavedModel, loaded.

  Attributes:
    side: of the images that it takes, px.
    draw: {direction, e.g. 'photo2anime'; '' for one that it does not name: a
      function of images, uint8 RGB [n, side, side, 3], to such}.
  """

  def __init__(self, folder: str | os.PathLike):
    """Loads one.

    Args:
      folder: of one version; holds FILE.

    Raises:
      ValueError: it is damaged, or has no signature that draws.
    """
    try:
      self._loaded = tf.saved_model.load(str(folder))
    except (ValueError, OSError, tf.errors.OpError) as error:
      raise ValueError(
        f'TensorFlow cannot load it ({errors.first_line(error)})'
      ) from error
    signatures = self._loaded.signatures
    drawing = {
      ('' if name == TRANSLATE else name.removesuffix(FLOATS)): signature
      for name, signature in signatures.items()
      if name == TRANSLATE or name.endswith(FLOATS)
    }
    if not drawing:
      raise ValueError(
        f'its signatures are {", ".join(sorted(signatures)) or "none"}, but '
        f'one should be {TRANSLATE}, from images to images, as `python -m '
        'export` writes it'
      )
    taken = {
      spec.shape
      for signature in drawing.values()
      for spec in signature.structured_input_signature[1].values()
    }
    shape = taken.pop().as_list() if len(taken) == 1 else None
    if not shape or len(shape) != 4 or not shape[1] or shape[1] != shape[2]:
      raise ValueError(
        f'its signatures to draw with take {shape or "several shapes"}, but '
        'should take images, [n, px, px, 3]'
      )
    self.side: int = shape[1]
    self.draw = {name: _drawer(found) for name, found in drawing.items()}

  @staticmethod
  def is_one(folder: str | os.PathLike) -> bool:
    """Whether a folder holds a SavedModel."""
    return pathlib.Path(folder, FILE).is_file()


def _drawer(signature) -> Callable[[np.ndarray], np.ndarray]:
  (name,) = signature.structured_input_signature[1]

  def draw(images: np.ndarray) -> np.ndarray:
    values = tf.constant(image_arrays.to_float(images))
    (drawn,) = signature(**{name: values}).values()
    return image_arrays.to_uint8(drawn.numpy())

  return draw
