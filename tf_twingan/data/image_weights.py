"""How often each image comes: weights of images, and epochs that follow them.

An epoch of n images shows each of them n times its share, rounded up or down,
and images of equal weight together as often as their shares say, to within one:
systematic sampling (Madow and Madow, "On the theory of systematic sampling",
1944). Which ones are rounded up changes from epoch to epoch, evenly (Weyl's
sequence of the golden ratio).
"""

import collections
from collections.abc import Sequence

import numpy as np

_GOLDEN = (5**0.5 - 1) / 2


def balanced(values: Sequence[str]) -> np.ndarray:
  """Weights with which each value comes as often as every other one.

  Images without a value come as often as without these weights.

  Args:
    values: the value of each image, '' if it has none.

  Returns:
    float64 [n] of mean 1.
  """
  counts = collections.Counter(values)
  unlabelled = counts.pop('', 0)
  each = (len(values) - unlabelled) / max(len(counts), 1)
  return np.array([each / counts[v] if v else 1.0 for v in values], np.float64)


def check(weights: np.ndarray, count: int) -> np.ndarray:
  """Returns the weights as float64 [count].

  Raises:
    ValueError: they are not finite and positive or zero, or all are zero.
  """
  weights = np.asarray(weights, np.float64)
  if weights.shape != (count,):
    raise ValueError(f'{list(weights.shape)} weights for {count:,} images')
  if not (
    np.isfinite(weights).all() and (weights >= 0).all() and weights.any()
  ):
    raise ValueError('weights of images must be 0 or more, and not all 0')
  return weights


def epoch(weights: np.ndarray, number: int, start: float) -> np.ndarray:
  """The images of an epoch, not yet shuffled.

  Args:
    weights: float64 [n], see `check`.
    number: the epoch's number, from 0.
    start: any number in [0, 1); other ones round up other images.

  Returns:
    int [n], indices of images.
  """
  # Equal weights side by side, so that their sum is what is rounded.
  order = np.argsort(weights, kind='stable')
  ends = np.cumsum(weights[order])
  points = np.arange(len(order)) + (start + number * _GOLDEN) % 1
  found = np.searchsorted(ends, points * (ends[-1] / len(order)), side='right')
  return order[np.minimum(found, len(order) - 1)]
