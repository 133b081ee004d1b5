"""Out-of-domain score: Mahalanobis distance to the training features.

A translator gives an output for any input; this score says when not to trust
it. One Gaussian is fitted to features of the training images of a domain
(the content code, say), and an input is as far out as its Mahalanobis distance

  distance(f) = sqrt((f - mean)^T covariance^-1 (f - mean))

as in Lee et al. (2018, "A Simple Unified Framework for Detecting
Out-of-Distribution Samples and Adversarial Attacks"), section 2.1; with one
class, as a domain has no others, and without their input perturbation. The
covariance is shrunk towards a sphere by as much as Ledoit and Wolf (2004, "A
well-conditioned estimator for large-dimensional covariance matrices") find
optimal, so that it can be inverted with fewer images than features.

  score = distance / 95th percentile of the distances of held-out images

0, the floor, is the mean image; 1 is farther out than 95 of 100 images of
the domain; there is no ceiling. How well scores separate two sets is their
area under the ROC curve, `auroc`: 1 is perfect, 0.5 is chance, 0 is reversed.
"""

import numpy as np

# Without any shrinkage (which two images can bring about) a direction along
# which the training features do not vary would divide by zero.
_LEAST_SHRINKAGE = 1e-6


class Detector:
  """A Gaussian fitted to features of one domain, calibrated on held-out ones.

  Args:
    features: float [n, d], n >= 2, of the training images. Columns of
      different units must be scaled beforehand, or the sphere dominates the
      smaller ones. The covariance takes d * d doubles: 128 MiB at d = 4096.
    calibration: float [m, d], of images of the same domain that are not
      among them; training features would lie nearer to their own mean, and
      let too few inputs pass.
    percentile: percentile of the calibration distances that gets the score 1.

  Attributes:
    mean: float64 [d].
    shrinkage: weight of the sphere in the covariance, in (0, 1].
    unit: the distance that gets the score 1.

  Raises:
    ValueError: the arrays do not fit, or the features are not finite or all
      the same.
  """

  def __init__(
    self,
    features: np.ndarray,
    *,
    calibration: np.ndarray,
    percentile: float = 95.0,
  ):
    features = np.asarray(features, np.float64)
    if features.ndim != 2 or len(features) < 2:
      raise ValueError(
        f'features {features.shape} are not [n, d] with n >= 2; give one row '
        'for each training image.'
      )
    if not np.isfinite(features).all():
      raise ValueError(
        f'{np.count_nonzero(~np.isfinite(features).all(axis=1))} of '
        f'{len(features)} rows of features are not finite; leave them out.'
      )
    if (features == features[0]).all():
      raise ValueError(
        f'features {features.shape} are all the same; give those of different '
        'images.'
      )
    if not 0 < percentile <= 100:
      raise ValueError(f'percentile {percentile} is outside (0, 100].')
    self.mean = features.mean(axis=0)
    centered = features - self.mean
    covariance = centered.T @ centered / len(features)
    self.shrinkage = _shrinkage(centered, covariance)
    sphere = np.trace(covariance) / len(covariance)
    variances, axes = np.linalg.eigh(covariance)
    # Rounding makes a variance of zero slightly negative.
    variances = np.maximum(variances, 0)
    variances += self.shrinkage * (sphere - variances)
    self._whitening = axes / np.sqrt(variances)
    distances = self.distances(calibration)
    if not len(distances):
      raise ValueError(
        'calibration has no rows; hold some training images out for it.'
      )
    self.unit = float(np.percentile(distances, percentile))
    if not 0 < self.unit < np.inf:
      raise ValueError(
        f'percentile {percentile} of {len(distances)} calibration distances '
        f'is {self.unit}; give finite features of different images.'
      )

  def distances(self, features: np.ndarray) -> np.ndarray:
    """Mahalanobis distances of features [n, d], as float64 [n]."""
    features = np.asarray(features, np.float64)
    if features.ndim != 2 or features.shape[1] != len(self.mean):
      raise ValueError(
        f'features {features.shape} are not [n, {len(self.mean)}], as those '
        'that the detector was fitted to.'
      )
    whitened = (features - self.mean) @ self._whitening
    return np.sqrt(np.square(whitened).sum(axis=1))

  def score(self, features: np.ndarray) -> np.ndarray:
    """How far from the domain inputs are.

    Args:
      features: float [n, d], of the network that the detector was fitted to.

    Returns:
      float64 [n], 0 or more; above 1 is farther out than nearly all images
      of the domain.
    """
    return self.distances(features) / self.unit


def auroc(*, inside: np.ndarray, outside: np.ndarray) -> float:
  """Probability that an outside score is higher than an inside one, ties half.

  Args:
    inside: scores of images of the domain, [n].
    outside: scores of other images, [m].

  Returns:
    Area under the ROC curve, in [0, 1].

  Raises:
    ValueError: an array is empty or not one row of finite scores.
  """
  inside, outside = (np.asarray(s, np.float64) for s in (inside, outside))
  for name, scores in (('inside', inside), ('outside', outside)):
    if scores.ndim != 1 or not len(scores) or not np.isfinite(scores).all():
      raise ValueError(
        f'{name} {scores.shape} is not [n], n > 0, of finite scores; give '
        'what `Detector.score` returns.'
      )
  ordered = np.sort(inside)
  below = np.searchsorted(ordered, outside, side='left')
  not_above = np.searchsorted(ordered, outside, side='right')
  return float(np.mean(below + not_above) / (2 * len(inside)))


def _shrinkage(centered, covariance):
  """The optimal weight of the sphere (Ledoit and Wolf, section 3.2)."""
  count, size = centered.shape
  sphere = np.trace(covariance) / size
  off_sphere = np.square(covariance).sum() - size * sphere**2
  # The mean squared distance of one row's own covariance from that of all.
  spread = np.square(np.square(centered).sum(axis=1)).mean()
  error = (spread - np.square(covariance).sum()) / count
  if off_sphere <= error or off_sphere <= 0:
    return 1.0
  return float(max(error / off_sphere, _LEAST_SHRINKAGE))
