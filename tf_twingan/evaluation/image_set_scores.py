"""Scores of pixels, of sets of images and of images beside their source."""

import numpy as np

from tf_twingan.evaluation import directions, measurements
from tf_twingan.metrics import (
  memorization,
  mode_collapse,
  sliced_wasserstein,
  source_dependence,
  source_similarity,
  structural_similarity,
)

_FOLDS = 5
_PAIRS = 100  # For the diversity, as its paper draws.


class ImageSetScorer:
  """Sets translations against real images and against their sources.

  Args:
    direction: the images.
    reference: uint8 [k, resolution, resolution, 3], k <= n: training images
      of the target domain, as many as are compared.
    seed: of all draws.
  """

  def __init__(
    self,
    direction: directions.Direction,
    *,
    reference: np.ndarray,
    seed: int = 0,
  ):
    self._direction = direction
    self._reference = reference
    self._seed = seed

  def measure(self, candidate: directions.Candidate) -> measurements.Measured:
    """Scores one candidate."""
    direction, seed = self._direction, self._seed
    images, reference = candidate.translations, self._reference
    some = images[: len(reference)]
    size = images.shape[1]
    levels = None
    if size >= sliced_wasserstein.COARSEST and not size & (size - 1):
      levels = sliced_wasserstein.distance(real=reference, fake=some, seed=seed)
    near = memorization.measure(
      images, training=direction.training, held_out=direction.real
    )
    copied = source_similarity.measure(
      images, sources=direction.sources, real=direction.training, seed=seed
    )
    columns = {
      'SWD': None if levels is None else float(np.mean(list(levels.values()))),
      'diversity': structural_similarity.diversity(
        images, pairs=_PAIRS, seed=seed
      ),
      'distinct': mode_collapse.distinct_share(real=reference, fake=some),
      'copying': copied.overall,
      'near training': near.share,
      'explained': source_dependence.explained_variance(
        images, sources=direction.sources, folds=_FOLDS, seed=seed
      ),
    }
    return measurements.Measured(
      columns,
      {
        'copying': measurements.Each(copied.ratios, higher_is_better=True),
        'near training': measurements.Each(
          near.distances, higher_is_better=True
        ),
      },
    )
