"""Attribute gap: the difference between the worst and the best group.

Does a translator serve one group of people worse than another?

Any score of single images is averaged by group (hair colour, glasses, skin
tone ...), and the groups are compared:

  gap = mean of the worst group - mean of the best group

0, the best, means that all groups fare alike. The gap cannot be larger than
the range of the score; its sign shows which way is better (negative where
higher scores are). Even meaningless groups differ by chance, small ones
by much, so the gap is reported with the gap that chance produces: the labels
are shuffled many times, and

  p = (1 + shuffles with a gap as large) / (1 + shuffles)

(Phipson and Smyth, 2010, "Permutation P-values Should Never Be Zero"). Because
the worst and the best group are picked anew in every shuffle, p needs no
correction for the number of groups. Reporting by group follows Buolamwini and
Gebru (2018, "Gender Shades").
"""

from collections.abc import Hashable
from typing import NamedTuple

import numpy as np


class AttributeGap(NamedTuple):
  """Difference between the groups of a score.

  Attributes:
    gap: mean of the worst group less that of the best.
    worst: label of the worst group.
    best: label of the best group.
    means: by label, in sorted order.
    counts: images by label.
    chance: the mean gap of shuffled labels, with the same sign.
    p_value: probability of a gap as large if the labels had no effect, in
      (0, 1].
  """

  gap: float
  worst: Hashable
  best: Hashable
  means: dict[Hashable, float]
  counts: dict[Hashable, int]
  chance: float
  p_value: float


def measure(
  scores: np.ndarray,
  labels: np.ndarray,
  *,
  higher_is_better: bool = True,
  permutations: int = 9_999,
  seed: int = 0,
) -> AttributeGap:
  """Compares the worst group with the best.

  Args:
    scores: [n], finite; the means of bools are shares.
    labels: [n], str or int: the group of each image.
    higher_is_better: whether the worst group is the one with the lowest mean.
    permutations: number of times that the labels are shuffled.
    seed: seed of the shuffles.

  Returns:
    The gap, the means behind it, and how often shuffled labels reach it.

  Raises:
    ValueError: the arrays do not fit, a score is not finite, or there are
      fewer than two groups.
  """
  scores, labels = np.asarray(scores, np.float64), np.asarray(labels)
  if scores.ndim != 1 or scores.shape != labels.shape:
    raise ValueError(
      f'scores {scores.shape} and labels {labels.shape} are not both [n]; '
      'give one score and one label for each image.'
    )
  if not np.isfinite(scores).all():
    raise ValueError(
      f'{np.count_nonzero(~np.isfinite(scores))} of {len(scores)} scores are '
      'not finite; leave those images out.'
    )
  if permutations < 1:
    raise ValueError(f'permutations is {permutations}; use at least 1.')
  names, groups, counts = np.unique(
    labels, return_inverse=True, return_counts=True
  )
  names = names.tolist()
  if len(names) < 2:
    raise ValueError(
      f'labels name only the groups {names}; a gap needs at least two.'
    )

  def means_of(values):
    return np.bincount(groups, weights=values) / counts

  means = means_of(scores)
  low, high = int(means.argmin()), int(means.argmax())
  worst, best = (low, high) if higher_is_better else (high, low)
  rng = np.random.default_rng(seed)
  shuffled = np.array(
    [np.ptp(means_of(rng.permutation(scores))) for _ in range(permutations)]
  )
  # The same split may sum up in another order, to another last digit.
  tolerance = 1e-9 * np.abs(scores).max()
  as_large = np.count_nonzero(shuffled >= np.ptp(means) - tolerance)
  sign = -1 if higher_is_better else 1
  return AttributeGap(
    gap=float(means[worst] - means[best]),
    worst=names[worst],
    best=names[best],
    means=dict(zip(names, means.tolist())),
    counts=dict(zip(names, counts.tolist())),
    chance=float(sign * shuffled.mean()),
    p_value=(1 + as_large) / (1 + permutations),
  )
