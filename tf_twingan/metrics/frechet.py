"""Fréchet distance between Gaussians fitted to two sets of features.

With means m and covariances S of the features of real and fake images, it is
the squared distance of the means plus trace(S_r + S_f - 2 (S_r S_f)^(1/2)). The
trace of that root equals the sum of the square roots of the eigenvalues of
S_r^(1/2) S_f S_r^(1/2), which is symmetric, so that no general matrix root is
needed. 0 for equal Gaussians, in squared units of the features.

The estimate falls as the number of images grows: compare figures of equal
numbers of images only, and of the same feature network; with features of the
Inception network it is the FID. For few images use the kernel distance, which
has no such bias.

GANs Trained by a Two Time-Scale Update Rule Converge to a Local Nash
Equilibrium (Heusel et al. 2017, arXiv:1706.08500), equation 6.
"""

import numpy as np

from tf_twingan.metrics import feature_sets


def distance(*, real: np.ndarray, fake: np.ndarray) -> float:
  """Fréchet distance between the Gaussians of two sets of features.

  Args:
    real: features of real images, [n, d], one row per image; at least two.
    fake: features of generated images, [m, d], at least two rows.

  Returns:
    At least 0; lower is better.

  Raises:
    ValueError: the shapes do not fit, a set has fewer than two rows, or a
      feature is not finite.
  """
  # A covariance takes two rows.
  real, fake = feature_sets.checked(real=real, fake=fake, fewest=2)
  real_mean, real_covariance = _gaussian(real)
  fake_mean, fake_covariance = _gaussian(fake)
  values, vectors = np.linalg.eigh(real_covariance)
  root = (vectors * _root(values, values.max())) @ vectors.T
  product = np.linalg.eigvalsh(root @ fake_covariance @ root)
  size = values.max() * np.linalg.norm(fake_covariance)
  common = _root(product, size).sum()
  shift = np.square(real_mean - fake_mean).sum()
  spread = np.trace(real_covariance) + np.trace(fake_covariance)
  # Rounding can take equal sets slightly below 0.
  return max(float(shift + spread - 2 * common), 0.0)


def _gaussian(rows):
  mean = rows.mean(axis=0)
  centred = rows - mean
  return mean, centred.T @ centred / (len(rows) - 1)


def _root(eigenvalues, size):
  """Square roots, with 0 for what is rounding in a matrix of that size.

  With fewer rows than features most eigenvalues are zero, and the roots of
  their rounding errors, far larger than the errors, would add up.
  """
  limit = size * len(eigenvalues) * np.finfo(np.float64).eps
  return np.sqrt(np.where(eigenvalues > limit, eigenvalues, 0.0))
