"""Scores of sets of images by the features of a network.

The real held-out images are compared with the training images just as the
translations are, so their row shows the scores of two halves of one real set.
"""

import numpy as np

from tf_twingan.evaluation import metric
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


def _has_network(setting: metric.Setting) -> bool:
  return setting.network is not None


def _has_detector(setting: metric.Setting) -> bool:
  return _has_network(setting) and setting.cached(_detector) is not None


def _real(setting: metric.Setting) -> np.ndarray:
  return setting.network.features(setting.real)


def _detector(setting: metric.Setting) -> out_of_domain.Detector | None:
  if setting.cached(_real).shape[1] > MOST_FEATURES:
    return None
  return out_of_domain.Detector(
    setting.network.features(setting.task.training),
    calibration=setting.network.features(setting.task.real),
  )


def _all_features(case: metric.Case) -> np.ndarray:
  return case.setting.network.features(case.images)


def _sets(case: metric.Case) -> dict[str, np.ndarray]:
  real = case.setting.cached(_real)
  return {'real': real, 'fake': case.cached(_all_features)[: len(real)]}


def _count(case: metric.Case) -> int:
  return min(map(len, case.cached(_sets).values()))


def _kernel(case: metric.Case) -> kernel_distance.KernelDistance:
  return kernel_distance.distance(
    **case.cached(_sets),
    blocks=max(2, min(_MOST_BLOCKS, _count(case) // 2)),
    seed=case.setting.seed,
  )


def _manifold(case: metric.Case) -> manifold.Scores:
  return manifold.scores(
    **case.cached(_sets), k=min(_NEIGHBOURS, _count(case) - 1)
  )


def _out_of_domain(case: metric.Case) -> metric.Score:
  scores = case.setting.cached(_detector).score(case.cached(_all_features))
  return metric.Score(float(np.mean(scores > 1)), metric.PerImage(scores))


METRICS = (
  metric.Metric(
    'Fréchet',
    'distance of Gaussians of features to training images',
    metric.TENTHS,
    lambda case: frechet.distance(**case.cached(_sets)),
    higher_is_better=False,
    needs=_has_network,
    uses_features=True,
  ),
  metric.Metric(
    'kernel',
    'kernel distance to training images; 0 for equal ones',
    metric.THOUSANDTHS,
    lambda case: case.cached(_kernel).mean,
    higher_is_better=False,
    needs=_has_network,
    uses_features=True,
  ),
  metric.Metric(
    'kernel error',
    'standard error of the kernel distance',
    metric.THOUSANDTHS,
    lambda case: case.cached(_kernel).standard_error,
    needs=_has_network,
    uses_features=True,
  ),
  metric.Metric(
    'precision',
    'share in a region where real images are',
    metric.SHARE,
    lambda case: case.cached(_manifold).precision,
    higher_is_better=True,
    needs=_has_network,
    uses_features=True,
  ),
  metric.Metric(
    'recall',
    'share of real images in a region where these are',
    metric.SHARE,
    lambda case: case.cached(_manifold).recall,
    higher_is_better=True,
    needs=_has_network,
    uses_features=True,
  ),
  metric.Metric(
    'density',
    'density of real images around these; about 1 for real ones',
    metric.THOUSANDTHS,
    lambda case: case.cached(_manifold).density,
    higher_is_better=True,
    needs=_has_network,
    uses_features=True,
  ),
  metric.Metric(
    'coverage',
    'share of real images that have one of these nearby',
    metric.SHARE,
    lambda case: case.cached(_manifold).coverage,
    higher_is_better=True,
    needs=_has_network,
    uses_features=True,
  ),
  metric.Metric(
    'distinct',
    'share that differ from each other, relative to real images',
    metric.SHARE,
    lambda case: mode_collapse.distinct_share(**case.cached(_sets)),
    higher_is_better=True,
    needs=_has_network,
    uses_features=True,
  ),
  metric.Metric(
    'out of domain',
    'share farther out than 95 % of real held-out images',
    metric.SHARE,
    _out_of_domain,
    higher_is_better=False,
    needs=_has_detector,
    uses_features=True,
  ),
)
