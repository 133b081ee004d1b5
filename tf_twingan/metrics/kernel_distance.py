"""Kernel distance: the squared maximum mean discrepancy of two feature sets.

With the cubic kernel k(x, y) = (x . y / d + 1)^3 on features of d dimensions,
it is the mean of k over pairs of different real rows, plus that over pairs of
different fake rows, less twice that over all real-fake pairs. Leaving out a row
with itself makes the estimate unbiased: its expectation is 0 for equal
distributions whatever the number of images, so single values can be negative.
The kernel sees the moments of the features up to the third, no more; a
generator that repeats few but typical images can pass (see `mode_collapse`).

Both sets are shuffled and cut into blocks that do not overlap. The blocks are
independent, so their scatter gives the standard error; overlapping subsets of
the same images would underestimate it.

Demystifying MMD GANs (Bińkowski et al. 2018, arXiv:1801.01401), section 4,
where it is named KID on features of the Inception network.
"""

from typing import NamedTuple

import numpy as np

from tf_twingan.metrics import feature_sets


class KernelDistance(NamedTuple):
  """An estimate and its standard error.

  Attributes:
    mean: mean of the blocks; lower is better, 0 the expectation for equal
      distributions.
    standard_error: standard deviation of that mean.
  """

  mean: float
  standard_error: float


def distance(
  *, real: np.ndarray, fake: np.ndarray, blocks: int = 10, seed: int = 0
) -> KernelDistance:
  """Unbiased squared maximum mean discrepancy with a cubic kernel.

  Args:
    real: features of real images, [n, d], one row per image.
    fake: features of generated images, [m, d].
    blocks: number of parts that each set is cut into, at least 2; all rows are
      used. Fewer blocks make the mean more precise, more blocks its error.
    seed: seed of the assignment of rows to blocks; not negative.

  Returns:
    Mean over the blocks and its standard error.

  Raises:
    ValueError: the shapes do not fit, a block would have fewer than two rows,
      or a feature is not finite.
  """
  real, fake = feature_sets.checked(real=real, fake=fake)
  if blocks < 2:
    raise ValueError(
      f'blocks is {blocks}; a standard error takes at least 2 blocks.'
    )
  fewest = min(len(real), len(fake))
  if fewest < 2 * blocks:
    raise ValueError(
      f'{len(real)} real and {len(fake)} fake rows are too few for {blocks} '
      f'blocks of two rows or more; give at least {2 * blocks} of each or '
      'lower blocks.'
    )
  rng = np.random.Generator(np.random.Philox(key=seed))
  parts = [np.array_split(rng.permutation(x), blocks) for x in (real, fake)]
  values = [_squared_discrepancy(x, y) for x, y in zip(*parts)]
  return KernelDistance(
    mean=float(np.mean(values)),
    standard_error=float(np.std(values, ddof=1) / np.sqrt(blocks)),
  )


def _squared_discrepancy(x, y):
  within = _mean_of_different(_kernel(x, x)) + _mean_of_different(_kernel(y, y))
  return within - 2 * _kernel(x, y).mean()


def _kernel(x, y):
  return (x @ y.T / x.shape[1] + 1) ** 3


def _mean_of_different(kernel):
  count = len(kernel)
  return (kernel.sum() - np.trace(kernel)) / (count * (count - 1))
