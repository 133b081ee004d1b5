"""Mode collapse: the share of a set's images that differ from each other.

A generator that makes ten good images over and over can match the means,
variances and skews that kernel and Fréchet distances compare. Its repetitions
reveal it: as in the birthday paradox, they occur within a few hundred samples.

Two images count as the same where they are closer than real images come to
each other: closer than a low quantile of the distances of real images to
their nearest neighbour. (Real images that are exactly equal are duplicates in
the dataset, not a distance between images, and are ignored.) An image
that m images of its set are the same as, itself among them, counts as 1 / m,
so that a group of copies counts as one; the sum is the number of distinct
images. It is divided by that of the real images, where pairs as close as
that are rare, and limited to 1.

Both sets have equally many images, since the nearest neighbour moves closer
as a set grows. A generator of s equally frequent images scores about s / n
where s is well below n, and 1 or little less from some 10 n on: only
repetitions within the sample are detected. Images with less contrast than the
real ones are closer together, which can lower the score; images that are merely
bad do not lower it.

The test for repetitions: Do GANs Actually Learn the Distribution? An Empirical
Study (Arora & Zhang 2017, arXiv:1706.08224), where people compare the nearest
pairs. The count: diversity of order 0 of Measuring Diversity: the Importance of
Species Similarity (Leinster & Cobbold 2012, Ecology 93), with a similarity of 1
for the same and 0 for others.
"""

import numpy as np

from tf_twingan.metrics import distances, finite


def distinct_share(
  *, real: np.ndarray, fake: np.ndarray, quantile: float = 0.05
) -> float:
  """Share of effectively distinct images, relative to that of real ones.

  Args:
    real: [n, ...]: images, uint8 or float, or features, [n, d]; at least two
      that differ. Compared by the Euclidean distance of their values.
    fake: the same shape and range.
    quantile: in (0, 1): which of the real images' distances to their nearest
      neighbour, in order, makes two images the same. Higher also finds loose
      groups, and with less certainty.

  Returns:
    In (0, 1]; about 1 if the fakes vary like real images, k / n for k
    images repeated evenly.

  Raises:
    ValueError: the shapes differ, the sets are empty, the real images are all
      equal, a value is not finite, or the quantile is out of range.
  """
  if real.shape != fake.shape:
    raise ValueError(
      f'real {real.shape} and fake {fake.shape} differ in shape; give equally '
      'many images of one size, since larger sets lie closer together.'
    )
  if not real.size:
    raise ValueError(
      f'sets of shape {real.shape} are empty; give at least two real images '
      'and as many fakes.'
    )
  if not 0 < quantile < 1:
    raise ValueError(f'quantile is {quantile}; it must lie between 0 and 1.')
  real, fake = _rows(real, 'real images'), _rows(fake, 'fake images')
  among_real = distances.squared(real, real)
  nearest = np.where(among_real > 0, among_real, np.inf).min(axis=1)
  if not np.isfinite(nearest).all():
    raise ValueError(
      f'the {len(real)} real images are all equal; give real images that '
      'differ, to measure how close two images may come.'
    )
  # The margin keeps rounding from merging images that are exactly this far
  # apart, as all are on a lattice.
  limit = np.quantile(nearest, quantile) * (1 - 1e-9)
  among_fake = distances.squared(fake, fake)
  return min(_distinct(among_fake, limit) / _distinct(among_real, limit), 1.0)


def _rows(images, name):
  rows = np.asarray(images, np.float64).reshape(len(images), -1)
  finite.check(rows, name)
  return rows


def _distinct(squared_distances, limit):
  """Number of distinct images: each counts 1 / (those it equals)."""
  same = (squared_distances < limit).sum(axis=1)
  return float((1 / same).sum())
