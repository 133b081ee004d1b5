"""Reads the values of a checkpoint, by the names that they are stored under."""

import contextlib
import os

import numpy as np
import tensorflow as tf

from tf_twingan import literal_paths

# How the name of every value ends.
SUFFIX = '/.ATTRIBUTES/VARIABLE_VALUE'
# What TensorFlow raises when it reads damaged files; some are Python's own
# exceptions.
DAMAGE = (tf.errors.OpError, IndexError, RuntimeError, ValueError)


def tensors(prefix: str) -> dict[str, np.ndarray]:
  """Reads every value of a checkpoint, by the name it is stored under.

  Args:
    prefix: one of `checkpoints.Checkpoints.prefixes`.

  Raises:
    One of `DAMAGE` if the files are damaged.
  """
  with _reader(prefix) as reader:
    return {name: reader.get_tensor(name) for name in _names(reader)}


def names(prefix: str) -> list[str]:
  """Reads the names of a checkpoint's values, but not the values.

  Args:
    prefix: one of `checkpoints.Checkpoints.prefixes`.

  Raises:
    One of `DAMAGE` if the index is damaged.
  """
  with _reader(prefix) as reader:
    return _names(reader)


@contextlib.contextmanager
def _reader(prefix):
  folder, name = os.path.split(prefix)
  with literal_paths.folder(folder) as path:
    yield tf.train.load_checkpoint(os.path.join(path, name))


def _names(reader):
  # Without the graph of the objects, which is none of their values.
  stored = set(reader.get_variable_to_shape_map())
  return sorted(stored - {'_CHECKPOINTABLE_OBJECT_GRAPH'})
