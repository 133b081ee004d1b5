"""Random vectors of a seed, of which the first of many are those of few."""

import numpy as np


def standard_normal(count: int, size: int, seed: int) -> np.ndarray:
  """Standard normal vectors, float32 [count, size].

  Raises:
    ValueError: `count` or `seed` is negative.
  """
  for name, value in (('count', count), ('seed', seed)):
    if value < 0:
      raise ValueError(f'{name} is {value}; give 0 or more.')
  return np.random.default_rng(seed).standard_normal([count, size], np.float32)
