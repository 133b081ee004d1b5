"""Checks of feature sets, for metrics that compare real and fake features.

A feature set has one row per image; one network computes both sets.
"""

import numpy as np

from tf_twingan.metrics import finite


def checked(
  *, real: np.ndarray, fake: np.ndarray, fewest: int = 1
) -> tuple[np.ndarray, np.ndarray]:
  """Checks that two sets of features fit each other, and converts them.

  Args:
    real: features of real images, integers or floats [n, d].
    fake: features of generated images, [m, d].
    fewest: smallest number of rows that each set must have.

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
