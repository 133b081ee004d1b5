"""Networks of images, opened by their path and checked before they run."""

import os
import pathlib
from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np
import tensorflow as tf

from tf_twingan import (
  compat,
  files,
  graph_operations,
  keras_files,
  literal_paths,
  regular_files,
  tflite_files,
)

TFLITE_SUFFIX = '.tflite'
_MAX_TFLITE_BYTES = 2**30


class ImageNetwork(NamedTuple):
  """A network.

  Attributes:
    call: function of images of `shape` and `dtype` to its outputs.
    shape: shape of the images that it takes; None where any number will do.
    dtype: their type.
  """

  call: Callable[[Any], Any]
  shape: tuple[int | None, ...]
  dtype: np.dtype


def load(path: str | os.PathLike) -> ImageNetwork:
  """Opens a network.

  Args:
    path: a .keras file of Keras' own layers, a folder of a SavedModel whose
      signature serving_default only computes, or a .tflite file that only
      computes.

  Raises:
    Exception: it is no such network; Keras and TensorFlow raise all kinds for
      what they cannot read.
  """
  if os.path.isdir(path):
    with literal_paths.folder(path) as folder:
      return _saved_model(folder)
  if os.fspath(path).endswith(TFLITE_SUFFIX):
    return _tflite(path)
  network = keras_files.load(path)
  return ImageNetwork(network, network.input_shape, np.dtype(np.float32))


def checksums(path: str | os.PathLike) -> str:
  """What tells one network from another: checksums of its files, by line.

  Args:
    path: see `load`.

  Raises:
    OSError: it cannot be read.
    ValueError: it is no regular file and no folder.
  """
  if not os.path.isdir(path):
    return files.sha256_of(path)
  return '\n'.join(
    f'{files.sha256_of(file)} {file.relative_to(path).as_posix()}'
    for file in sorted(pathlib.Path(path).rglob('*'))
    if file.is_file()
  )


def _saved_model(folder: str | os.PathLike) -> ImageNetwork:
  graph_operations.check(folder)
  loaded = tf.saved_model.load(folder)
  network = loaded.signatures['serving_default']

  def call(images: Any, owner: Any = loaded) -> Any:
    # The model owns the weights that its signature only refers to.
    del owner
    return network(tf.convert_to_tensor(images))

  (spec,) = network.structured_input_signature[1].values()
  dtype = np.dtype(spec.dtype.as_numpy_dtype)
  return ImageNetwork(call, tuple(spec.shape), dtype)


def _tflite(path: str | os.PathLike) -> ImageNetwork:
  content = regular_files.read(path, at_most=_MAX_TFLITE_BYTES)
  tflite_files.parse(content)
  interpreter = compat.tflite_interpreter(content)
  interpreter.allocate_tensors()
  (taken,) = interpreter.get_input_details()
  given = interpreter.get_output_details()[0]
  scale, zero = given['quantization']

  def call(images: np.ndarray) -> np.ndarray:
    outputs = []
    for image in np.asarray(images):
      interpreter.set_tensor(taken['index'], image[None])
      interpreter.invoke()
      output = interpreter.get_tensor(given['index'])
      outputs.append((output - np.float32(zero)) * scale if scale else output)
    return np.concatenate(outputs)

  shape = (None, *(int(side) for side in taken['shape'][1:]))
  return ImageNetwork(call, shape, np.dtype(taken['dtype']))
