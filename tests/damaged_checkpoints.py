"""Checkpoints that hold other values than were saved."""

from collections.abc import Callable

import numpy as np
import tensorflow as tf

SUFFIX = '/.ATTRIBUTES/VARIABLE_VALUE'


def rewrite(
  prefix: str, change: Callable[[dict[str, np.ndarray]], object]
) -> None:
  """Writes a checkpoint again, which then can be read, with other values.

  Args:
    prefix: its path prefix.
    change: changes {name: value}; the graph of objects, one of the values, goes
      on naming what is removed.
  """
  reader = tf.train.load_checkpoint(prefix)
  values = {n: reader.get_tensor(n) for n in reader.get_variable_to_shape_map()}
  change(values)
  tf.raw_ops.SaveV2(
    prefix=prefix,
    tensor_names=[*values],
    shape_and_slices=[''] * len(values),
    tensors=[tf.constant(value) for value in values.values()],
  )
