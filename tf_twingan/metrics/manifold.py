"""Precision, recall, density and coverage of a set of features.

A set is taken to fill the balls around its members, each as wide as the
distance to the member's k-th nearest neighbour in its own set. Then

- precision is the share of fakes inside a ball of the reals (quality),
- recall the share of reals inside a ball of the fakes (variety),
- density the mean number of real balls a fake lies in, divided by k,
- coverage the share of real balls that hold a fake.

Precision and recall trust every ball; one stray image has a wide one. Density
counts balls, so that a stray one has little weight, and exceeds 1 where fakes
concentrate in dense regions of the reals. Coverage uses the balls of the reals
alone, so stray fakes cannot raise it. All of them depend on the number of
images and on k.

Improved Precision and Recall Metric for Assessing Generative Models
(Kynkäänniemi et al. 2019, arXiv:1904.06991), section 2, where k is 3; Reliable
Fidelity and Diversity Metrics for Generative Models (Naeem et al. 2020,
arXiv:2002.09797), section 3, where k is 5.
"""

from typing import NamedTuple

import numpy as np

from tf_twingan.metrics import distances, feature_sets


class Scores(NamedTuple):
  """Two scores of quality and two of variety; higher is better in all.

  Attributes:
    precision: share of fakes where reals are, in [0, 1].
    recall: share of reals where fakes are, in [0, 1].
    density: mean number of real balls around a fake, over k; about 1 for
      equal distributions.
    coverage: share of reals with a fake nearby, in [0, 1].
  """

  precision: float
  recall: float
  density: float
  coverage: float


def scores(*, real: np.ndarray, fake: np.ndarray, k: int = 5) -> Scores:
  """Measures quality and variety separately, by nearest neighbours.

  Args:
    real: features of real images, [n, d], one row per image; more than k.
    fake: features of generated images, [m, d], more than k rows.
    k: number of the neighbour whose distance is a ball's radius, at least 1.

  Returns:
    The four shares.

  Raises:
    ValueError: the shapes do not fit, there are too few rows for k, or a
      feature is not finite.
  """
  if k < 1:
    raise ValueError(f'k is {k}; it must be at least 1.')
  # The nearest of a row is itself, so its k-th neighbour takes k others.
  real, fake = feature_sets.checked(real=real, fake=fake, fewest=k + 1)
  between = distances.squared(real, fake)
  in_real_balls = between <= _squared_radii(real, k)[:, None]
  in_fake_balls = between <= _squared_radii(fake, k)[None, :]
  return Scores(
    precision=float(in_real_balls.any(axis=0).mean()),
    recall=float(in_fake_balls.any(axis=1).mean()),
    density=float(in_real_balls.sum(axis=0).mean() / k),
    coverage=float(in_real_balls.any(axis=1).mean()),
  )


def _squared_radii(rows, k):
  squared = distances.squared(rows, rows)
  # Place 0 is the row itself. The margin keeps rounding from excluding the
  # neighbour whose distance is the radius.
  return np.partition(squared, k, axis=1)[:, k] * (1 + 1e-9)
