"""Scores against true answers, which twins have."""

import numpy as np

from tf_twingan import image_arrays
from tf_twingan.data.avatars import ground_truth
from tf_twingan.evaluation import directions, measurements
from tf_twingan.metrics import (
  background_error,
  fidelity,
  nearest_counterpart,
  region_color,
  structural_similarity,
)

RECALL_AMONG = 100
RECALL_RESOLUTION = 32  # px


class PairedScorer:
  """Sets translations of twins against the true answers.

  Args:
    direction: with twins.
  """

  def __init__(self, direction: directions.Direction):
    self._direction = direction
    self._answers = _small(direction.real)

  def measure(self, candidate: directions.Candidate) -> measurements.Measured:
    """Scores one candidate."""
    images, real = candidate.translations, self._direction.real
    twins = self._direction.twins
    small, answers = (p[:RECALL_AMONG] for p in (_small(images), self._answers))
    ranks = nearest_counterpart.ranks(small, answers)
    hair = region_color.nearest(
      images, twins.hair_masks, ground_truth.HAIR_COLORS
    )
    seen = hair >= 0
    kept = (hair < ground_truth.NATURAL_COUNT) & (
      np.abs(hair - twins.hair) <= 1
    )
    background = background_error.measure(
      images, real, self._direction.background_masks
    )
    l1 = fidelity.l1(images, real)
    ssim = structural_similarity.ssim(images, real)
    columns = {
      'recall@1': float(np.mean(ranks == 0)),
      'recall@5': float(np.mean(ranks < 5)),
      'recall@1, no mean': nearest_counterpart.recall(
        small, answers, remove_mean=True
      ),
      'hair kept': measurements.mean(kept[seen]),
      'hair vivid': measurements.mean(hair[seen] >= ground_truth.NATURAL_COUNT),
      'background': measurements.mean(background),
      'L1 to truth': measurements.mean(l1),
      'SSIM to truth': measurements.mean(ssim),
    }
    return measurements.Measured(
      columns,
      {
        'recall@1': measurements.Each(self._all_ranks(images) + l1 / 256),
        'background': measurements.Each(background),
        'L1 to truth': measurements.Each(l1),
        'SSIM to truth': measurements.Each(ssim, higher_is_better=True),
      },
    )

  def nearest(self, images: np.ndarray) -> np.ndarray:
    """Place of the true answer nearest to each image, int [n]."""
    return nearest_counterpart.order(_small(images), self._answers)[:, 0]

  def _all_ranks(self, images):
    return nearest_counterpart.ranks(_small(images), self._answers)


def _small(images):
  if images.shape[1] <= RECALL_RESOLUTION:
    return images
  return image_arrays.downsample(images, RECALL_RESOLUTION)
