"""Squared distances between all rows of two sets, by one matrix product.

|a - b|^2 is expanded to |a|^2 + |b|^2 - 2 a . b, which needs no array of all
differences. The expansion cancels where the rows are far from the origin and
close to each other, so the mean of one set is subtracted from both first.
"""

import numpy as np


def squared(a: np.ndarray, b: np.ndarray) -> np.ndarray:
  """Squared Euclidean distances between all rows of two sets.

  Args:
    a: float64 [n, d].
    b: float64 [m, d].

  Returns:
    float64 [n, m], at least 0; exactly 0 for equal rows.
  """
  centre = a.mean(axis=0)
  a, b = a - centre, b - centre
  sums = np.square(a).sum(axis=1)[:, None] + np.square(b).sum(axis=1)[None, :]
  squares = sums - 2 * a @ b.T
  # Rounding moves equal rows slightly apart, or below 0.
  squares[squares < 1e-12 * sums] = 0.0
  return squares
