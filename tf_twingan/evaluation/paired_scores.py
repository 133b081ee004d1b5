"""Scores against the ground truth: recall, hair, background, pixel errors."""

import numpy as np

from tf_twingan import image_arrays
from tf_twingan.data.avatars import ground_truth
from tf_twingan.evaluation import metric, tasks
from tf_twingan.metrics import (
  background_error,
  fidelity,
  nearest_counterpart,
  region_color,
  structural_similarity,
)

RECALL_AMONG = 100
RECALL_RESOLUTION = 32  # px


def nearest_targets(images: np.ndarray, task: tasks.Task) -> np.ndarray:
  """Index of the target nearest to each image, int [n]."""
  return nearest_counterpart.order(_small(images), _small(task.real))[:, 0]


def _has_ground_truth(setting: metric.Setting) -> bool:
  return setting.task.has_ground_truth


def _small(images: np.ndarray) -> np.ndarray:
  if images.shape[1] <= RECALL_RESOLUTION:
    return images
  return image_arrays.downsample(images, RECALL_RESOLUTION)


def _small_targets(setting: metric.Setting) -> np.ndarray:
  return _small(setting.task.real)


def _recall_pairs(case: metric.Case) -> tuple[np.ndarray, np.ndarray]:
  """The translations and targets that recall is computed among."""
  targets = case.setting.cached(_small_targets)
  return _small(case.images)[:RECALL_AMONG], targets[:RECALL_AMONG]


def _ranks(case: metric.Case) -> np.ndarray:
  return nearest_counterpart.ranks(*case.cached(_recall_pairs))


def _l1(case: metric.Case) -> np.ndarray:
  return fidelity.l1(case.images, case.task.real)


def _hair(case: metric.Case) -> np.ndarray:
  """Index of each image's hair colour; -1 where no hair is visible."""
  return region_color.nearest(
    case.images, case.task.avatars.hair_masks, ground_truth.HAIR_COLORS
  )


def _recall_at_1(case: metric.Case) -> metric.Score:
  all_ranks = nearest_counterpart.ranks(
    _small(case.images), case.setting.cached(_small_targets)
  )
  return metric.Score(
    float(np.mean(case.cached(_ranks) == 0)),
    # Equal ranks are ordered by the error, which is less than 256.
    metric.PerImage(all_ranks + case.cached(_l1) / 256, False),
  )


def _recall_at_5(case: metric.Case) -> float:
  return float(np.mean(case.cached(_ranks) < 5))


def _recall_without_mean(case: metric.Case) -> float:
  images, targets = case.cached(_recall_pairs)
  return nearest_counterpart.recall(images, targets, remove_mean=True)


def _hair_kept(case: metric.Case) -> float | None:
  hair = case.cached(_hair)
  steps = np.abs(hair - case.task.avatars.hair)
  kept = (hair < ground_truth.NATURAL_COUNT) & (steps <= 1)
  return metric.mean(kept[hair >= 0])


def _hair_vivid(case: metric.Case) -> float | None:
  hair = case.cached(_hair)
  return metric.mean(hair[hair >= 0] >= ground_truth.NATURAL_COUNT)


def _background(case: metric.Case) -> metric.Score:
  errors = background_error.measure(
    case.images, case.task.real, case.task.background_masks
  )
  return metric.Score(metric.mean(errors), metric.PerImage(errors))


def _l1_to_truth(case: metric.Case) -> metric.Score:
  errors = case.cached(_l1)
  return metric.Score(metric.mean(errors), metric.PerImage(errors))


def _ssim_to_truth(case: metric.Case) -> metric.Score:
  values = structural_similarity.ssim(case.images, case.task.real)
  return metric.Score(metric.mean(values), metric.PerImage(values))


METRICS = (
  metric.Metric(
    'recall@1',
    'own counterpart is the nearest of the first 100 (L2 at 32 px)',
    metric.SHARE,
    _recall_at_1,
    higher_is_better=True,
    needs=_has_ground_truth,
  ),
  metric.Metric(
    'recall@5',
    'own counterpart is among the nearest five',
    metric.SHARE,
    _recall_at_5,
    higher_is_better=True,
    needs=_has_ground_truth,
  ),
  metric.Metric(
    'recall@1, no mean',
    'recall@1 with the mean colour of images removed',
    metric.SHARE,
    _recall_without_mean,
    higher_is_better=True,
    needs=_has_ground_truth,
  ),
  metric.Metric(
    'hair kept',
    'hair at most one step from dark to light away from its own',
    metric.SHARE,
    _hair_kept,
    higher_is_better=True,
    needs=_has_ground_truth,
  ),
  metric.Metric(
    'hair vivid',
    'hair in a vivid colour, which no held-out character has',
    metric.SHARE,
    _hair_vivid,
    higher_is_better=False,
    needs=_has_ground_truth,
  ),
  metric.Metric(
    'background',
    'mean error, 0 to 255, where source and target are plain background',
    metric.TENTHS,
    _background,
    higher_is_better=False,
    needs=_has_ground_truth,
  ),
  metric.Metric(
    'L1 to truth',
    'mean error against the ground truth, 0 to 255',
    metric.TENTHS,
    _l1_to_truth,
    higher_is_better=False,
    needs=_has_ground_truth,
  ),
  metric.Metric(
    'SSIM to truth',
    'structural similarity to the ground truth',
    metric.THOUSANDTHS,
    _ssim_to_truth,
    higher_is_better=True,
    needs=_has_ground_truth,
  ),
)
