"""Functions of batches: traced once, and applied to arrays of any length."""

import threading
from collections.abc import Callable, Iterator, Sequence
from typing import Any

import numpy as np
import tensorflow as tf

from tf_twingan import forks, image_arrays
from tf_twingan.models import custom_gradients

BATCH_SIZE = 32


class Traced:
  """A function of a network, traced once for batches of any size.

  `tf.function` alone traces it anew for every size, and keeps all traces: a
  server with batches of changing size would grow without an end. It has no
  gradient. Several threads may call it at once.
  """

  def __init__(self, function: Callable[..., Any], *rows: Sequence[int | None]):
    """Wraps a function.

    Args:
      function: takes a float32 tensor for each of `rows`, then strings; it is
        traced once for each choice of these.
      *rows: shape of a row of each tensor.
    """
    self._function = tf.function(function, autograph=False)
    self._specs = [tf.TensorSpec([None, *row], tf.float32) for row in rows]
    self._traces: dict[tuple[str, ...], Any] = {}
    self._lock = threading.Lock()
    self._owner = forks.Owner()

  @property
  def tracing_count(self) -> int:
    """How often it has been traced."""
    return self._function.experimental_get_tracing_count()

  def __call__(self, *arguments: Any) -> Any:
    """Calls it.

    Args:
      *arguments: one float32 array for each of `rows`, and then the strings.

    Returns:
      What the function returns, with arrays for its tensors.

    Raises:
      FloatingPointError: it returns a value that is not finite.
      forks.Forked: another process made it.
    """
    self._owner.check()
    arrays = arguments[: len(self._specs)]
    strings = arguments[len(self._specs) :]
    with self._lock:
      if strings not in self._traces:
        with custom_gradients.left_out():
          self._traces[strings] = self._function.get_concrete_function(
            *self._specs, *strings
          )
    return tf.nest.map_structure(
      lambda tensor: image_arrays.check_finite(tensor.numpy()),
      self._traces[strings](*map(tf.constant, arrays)),
    )


def slices(length: int, size: int = BATCH_SIZE) -> Iterator[slice]:
  """Consecutive slices of at most `size` items that cover `length` items."""
  for start in range(0, length, size):
    yield slice(start, min(start + size, length))


def apply(
  function: Callable[..., Any], *arrays: np.ndarray, size: int = BATCH_SIZE
) -> Any:
  """Applies a function to arrays, a batch at a time, and joins its results.

  Args:
    function: takes a batch of each array, in their order, and returns an array
      with a row for each row of the batch, or a dict of such arrays.
    *arrays: one or more, each [length, ...].
    size: largest number of rows in a batch.

  Returns:
    What the function returns, of `length` rows. Where that is 0, the function
    is still called, with one row of zeros, to know the shape of its result.
  """
  length = len(arrays[0])
  if not length:
    arrays = tuple(np.zeros([1, *a.shape[1:]], a.dtype) for a in arrays)
  results = [
    function(*(array[part] for array in arrays))
    for part in slices(max(length, 1), size)
  ]
  return tf.nest.map_structure(
    lambda *parts: np.concatenate(parts)[:length], *results
  )
