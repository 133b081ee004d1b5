"""Scores of sets of images through a feature network.

The real held-out images are set against the training images just as the
translations are, so that their row is what two halves of one real set get.
"""

import numpy as np

from tf_twingan.evaluation import directions, feature_networks, measurements
from tf_twingan.metrics import (
  frechet,
  kernel_distance,
  manifold,
  mode_collapse,
  out_of_domain,
)

MOST_FEATURES = 1024  # Of a covariance that is inverted.
_MOST_BLOCKS = 10
_NEIGHBOURS = 5


class FeatureScorer:
  """Sets features of translations against those of training images.

  Args:
    direction: the images.
    reference: uint8 [k, resolution, resolution, 3], k <= n: training images
      of the target domain, as many as are compared.
    network: what looks at them.
    seed: of all draws.
  """

  def __init__(
    self,
    direction: directions.Direction,
    *,
    reference: np.ndarray,
    network: feature_networks.FeatureNetwork,
    seed: int = 0,
  ):
    self._network, self._seed = network, seed
    self._reference = network.features(reference)
    self._detector = None
    if self._reference.shape[1] <= MOST_FEATURES:
      self._detector = out_of_domain.Detector(
        network.features(direction.training),
        calibration=network.features(direction.real),
      )

  def measure(self, candidate: directions.Candidate) -> measurements.Measured:
    """Scores one candidate."""
    real = self._reference
    rows = self._network.features(candidate.translations)
    fake, count = rows[: len(real)], min(len(real), len(rows))
    kernel = kernel_distance.distance(
      real=real,
      fake=fake,
      blocks=max(2, min(_MOST_BLOCKS, count // 2)),
      seed=self._seed,
    )
    shares = manifold.scores(
      real=real, fake=fake, k=min(_NEIGHBOURS, count - 1)
    )
    columns = {
      'Fréchet': frechet.distance(real=real, fake=fake),
      'kernel': kernel.mean,
      'kernel error': kernel.standard_error,
      **shares._asdict(),
      'distinct': mode_collapse.distinct_share(real=real, fake=fake),
    }
    each = {}
    if self._detector:
      far = self._detector.score(rows)
      columns['out of domain'] = float(np.mean(far > 1))
      each['out of domain'] = measurements.Each(far)

    named = self._network.named
    return measurements.Measured(named(columns), named(each))
