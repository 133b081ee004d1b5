"""Feature sets: what metrics of real and fake features ask of them.

A feature set has one row an image, computed by one network for both sets.
"""

import numpy as np

from tf_twingan.metrics import finite


def checked(
  *, real: np.ndarray, fake: np.ndarray, fewest: int = 1
) -> tuple[np.ndarray, np.ndarray]:
  """Returns both sets in float64 if they fit each other.

  Args:
    real: integers or floats [n, d], one row of features an image.
    fake: [m, d].
    fewest: rows that each set must have at least.

  Returns:
    Real and fake features, float64 [n, d] and [m, d].

  Raises:
    ValueError: the shapes do not fit, a set has too few rows, or a feature is
      not finite.
  """
  real = _rows(real, 'real features', fewest)
  fake = _rows(fake, 'fake features', fewest)
  if real.shape[1] != fake.shape[1]:
    raise ValueError(
      f'real {real.shape} and fake {fake.shape} differ in the number of '
      'features; compute both with the same network.'
    )
  return real, fake


def _rows(values, name, fewest):
  rows = np.asarray(values, np.float64)
  if rows.ndim != 2 or len(rows) < fewest:
    raise ValueError(
      f'{name} of shape {rows.shape}; give [n, d], one row an image, with n '
      f'at least {fewest}.'
    )
  finite.check(rows, name)
  return rows
