"""Scores of how a translator reacts to changes of its source.

They detect subjects that turn round, backgrounds that change the subject, and
content codes that a translation does not keep.
"""

import functools

import numpy as np

from tf_twingan.evaluation import metric
from tf_twingan.metrics import (
  background_leak,
  content_distance,
  mirror_consistency,
)


def _turned(case: metric.Case) -> metric.Score | None:
  if case.candidate.of_mirrored is None:
    return None
  consistency = mirror_consistency.compare(
    case.images, of_mirrored=case.candidate.of_mirrored
  )
  return metric.Score(
    consistency.turned, metric.PerImage(consistency.is_turned)
  )


def _has_backgrounds(setting: metric.Setting, *, is_estimated: bool) -> bool:
  recolored = setting.task.recolored
  return recolored is not None and recolored.is_estimated == is_estimated


def _background_leak(case: metric.Case) -> metric.Score | None:
  recolored = case.task.recolored
  if case.candidate.of_recolored is None or not recolored.share_found:
    return None
  leak = background_leak.measure(
    case.images,
    case.candidate.of_recolored,
    recolored.subjects,
    recolored.backgrounds,
  )
  return metric.Score(
    leak.overall if np.isfinite(leak.overall) else None,
    metric.PerImage(np.where(np.isfinite(leak.ratios), leak.ratios, np.nan)),
  )


def _content_distance(case: metric.Case) -> metric.Score | None:
  encode, task = case.candidate.encode, case.task
  if encode is None:
    return None
  ratios = content_distance.ratios(
    encode(task.sources, task.source), encode(case.images, task.target)
  )
  return metric.Score(metric.mean(ratios), metric.PerImage(ratios))


BACKGROUND_LEAKS = (
  metric.Metric(
    'background leak',
    'change of the subject over that of the background, when only the '
    'background of the source changes',
    metric.THOUSANDTHS,
    _background_leak,
    higher_is_better=False,
    needs=functools.partial(_has_backgrounds, is_estimated=False),
  ),
  metric.Metric(
    'background leak, estimated',
    'background leak of the sources in which a background of one colour was '
    'found',
    metric.THOUSANDTHS,
    _background_leak,
    higher_is_better=False,
    needs=functools.partial(_has_backgrounds, is_estimated=True),
  ),
)
METRICS = (
  metric.Metric(
    'turned',
    'share that do not follow a mirrored source',
    metric.SHARE,
    _turned,
    higher_is_better=False,
  ),
  *BACKGROUND_LEAKS,
  metric.Metric(
    'content distance',
    'of the codes of source and translation, over that to the codes of other '
    'translations',
    metric.THOUSANDTHS,
    _content_distance,
    higher_is_better=False,
  ),
)
