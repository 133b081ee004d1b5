"""Loads a SavedModel that `export` wrote, of one direction or of all."""

import os
import pathlib
from collections.abc import Callable

import numpy as np
import tensorflow as tf

from tf_twingan import (
  errors,
  forks,
  graph_operations,
  image_arrays,
  literal_paths,
)

FILE = 'saved_model.pb'
# Signatures from images in [-1, 1] to images in [-1, 1]: of one direction; of
# several, such as 'photo2anime_floats'.
TRANSLATE, FLOATS = 'translate', '_floats'
# The signature from images in [-1, 1] to vectors to search by.
EMBED = 'embed'


class SavedModel:
  """A loaded SavedModel.

  Attributes:
    side: side of the images that it takes, px.
    functions: {name of the direction, such as 'photo2anime'; '' if the
      SavedModel does not name it: the function from images, uint8 RGB
      [n, side, side, 3], to their translations}.
    float_functions: the same from float32 in [-1, 1] to float32.
    embed: the function from float32 in [-1, 1] to the vectors that a search
      compares, float32 [n, d]; None if it has none.
  """

  def __init__(self, folder: str | os.PathLike):
    """Loads one.

    Args:
      folder: folder of one version; holds FILE.

    Raises:
      ValueError: it is damaged, has no signature that translates, or does
        more than to compute, see `graph_operations`.
      forks.Forked: TensorFlow would wait for ever in this process.
    """
    forks.check_can_run()
    try:
      with literal_paths.folder(folder) as path:
        graph_operations.check(path)
        self._loaded = tf.saved_model.load(path)
    except graph_operations.ReachesOut:
      raise
    except (ValueError, OSError, tf.errors.OpError) as error:
      raise ValueError(
        f'TensorFlow cannot load it ({errors.first_line(error)})'
      ) from error
    signatures = self._loaded.signatures
    translating = {
      ('' if name == TRANSLATE else name.removesuffix(FLOATS)): signature
      for name, signature in signatures.items()
      if name == TRANSLATE or name.endswith(FLOATS)
    }
    if not translating:
      raise ValueError(
        f'its signatures are {", ".join(sorted(signatures)) or "none"}, but '
        f'one should be {TRANSLATE}, from images to images, as `python -m '
        'export` writes it'
      )
    shapes = {
      spec.shape
      for signature in translating.values()
      for spec in signature.structured_input_signature[1].values()
    }
    shape = shapes.pop().as_list() if len(shapes) == 1 else None
    if not shape or len(shape) != 4 or not shape[1] or shape[1] != shape[2]:
      raise ValueError(
        f'its signatures to translate with take {shape or "several shapes"}, '
        'but should take images, [n, px, px, 3]'
      )
    self.side: int = shape[1]
    self.float_functions = {
      name: _float_function(signature)
      for name, signature in translating.items()
    }
    self.functions = {
      name: _pixel_function(function)
      for name, function in self.float_functions.items()
    }
    embed = signatures.get(EMBED)
    self.embed = None if embed is None else _float_function(embed)

  @staticmethod
  def is_one(folder: str | os.PathLike) -> bool:
    """Whether a folder holds a SavedModel."""
    return pathlib.Path(folder, FILE).is_file()


def _float_function(signature) -> Callable[[np.ndarray], np.ndarray]:
  """A signature of one tensor as a function of arrays."""
  (name,) = signature.structured_input_signature[1]
  owner = forks.Owner()

  def call(images: np.ndarray) -> np.ndarray:
    owner.check()
    (outputs,) = signature(**{name: tf.constant(images)}).values()
    return image_arrays.check_finite(outputs.numpy())

  return call


def _pixel_function(
  function: Callable[[np.ndarray], np.ndarray],
) -> Callable[[np.ndarray], np.ndarray]:
  """A function of floats as one of uint8 images."""
  return lambda images: image_arrays.to_uint8(
    function(image_arrays.to_float(images))
  )
