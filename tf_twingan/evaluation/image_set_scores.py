"""Scores of sets of images by their pixels, and of images and their sources."""

import numpy as np

from tf_twingan.evaluation import metric
from tf_twingan.metrics import (
  memorization,
  mode_collapse,
  sliced_wasserstein,
  source_dependence,
  source_similarity,
  structural_similarity,
)

_FOLDS = 5
_PAIRS = 100  # Of the diversity, as in its paper.


def _swd(case: metric.Case) -> float | None:
  size = case.images.shape[1]
  if size < sliced_wasserstein.COARSEST or size & (size - 1):
    return None
  real = case.setting.real
  levels = sliced_wasserstein.distance(
    real=real, fake=case.images[: len(real)], seed=case.setting.seed
  )
  return float(np.mean(list(levels.values())))


def _diversity(case: metric.Case) -> float:
  return structural_similarity.diversity(
    case.images, pairs=_PAIRS, seed=case.setting.seed
  )


def _distinct(case: metric.Case) -> float:
  real = case.setting.real
  return mode_collapse.distinct_share(real=real, fake=case.images[: len(real)])


def _copying(case: metric.Case) -> metric.Score:
  similarity = source_similarity.measure(
    case.images,
    sources=case.task.sources,
    real=case.task.training,
    seed=case.setting.seed,
  )
  return metric.Score(similarity.overall, metric.PerImage(similarity.ratios))


def _near_training(case: metric.Case) -> metric.Score:
  closeness = memorization.measure(
    case.images, training=case.task.training, held_out=case.task.real
  )
  # Images far from the training images are the best.
  return metric.Score(
    closeness.share, metric.PerImage(closeness.distances, True)
  )


def _explained(case: metric.Case) -> float:
  return source_dependence.explained_variance(
    case.images,
    sources=case.task.sources,
    folds=_FOLDS,
    seed=case.setting.seed,
  )


METRICS = (
  metric.Metric(
    'SWD',
    'sliced Wasserstein distance x 1000 to training images, all levels',
    metric.TENTHS,
    _swd,
    higher_is_better=False,
  ),
  metric.Metric(
    'diversity',
    'mean MS-SSIM of pairs; well above real images: too alike',
    metric.THOUSANDTHS,
    _diversity,
  ),
  metric.Metric(
    'distinct',
    'share that differ from each other, relative to real images',
    metric.SHARE,
    _distinct,
    higher_is_better=True,
  ),
  metric.Metric(
    'copying',
    'distance to the source over that of real images; 0 is a copy',
    metric.THOUSANDTHS,
    _copying,
    higher_is_better=True,
  ),
  metric.Metric(
    'near training',
    'share as near to a training image as 1 % of real ones',
    metric.SHARE,
    _near_training,
    higher_is_better=False,
  ),
  metric.Metric(
    'explained',
    'share of the variance that the source predicts (R^2)',
    metric.THOUSANDTHS,
    _explained,
    higher_is_better=True,
  ),
)
