"""Vectors of numbers: random ones of a seed, and those that a user gives."""

import numpy as np

from tf_twingan import errors


def standard_normal(count: int, size: int, seed: int) -> np.ndarray:
  """Standard normal vectors, float32 [count, size].

  Raises:
    ValueError: `count` or `seed` is no whole number, or negative.
  """
  for name, value in (('count', count), ('seed', seed)):
    if not isinstance(value, (int, np.integer)) or value < 0:
      raise ValueError(f'{name} is {value!r}; give a whole number, 0 or more.')
  return np.random.default_rng(seed).standard_normal([count, size], np.float32)


def as_floats(vectors: np.ndarray, name: str) -> np.ndarray:
  """Vectors of a user as float32.

  Raises:
    ValueError: they are no numbers, or of different lengths.
  """
  try:
    return np.asarray(vectors, np.float32)
  except (TypeError, ValueError) as error:
    raise ValueError(
      f'{name} is no array of numbers ({errors.first_line(error)}); give one '
      'vector for each image, all of one length.'
    ) from None
