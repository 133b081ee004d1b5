"""Functions of whole batches, applied to arrays of any length."""

from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import tensorflow as tf

BATCH_SIZE = 32


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
