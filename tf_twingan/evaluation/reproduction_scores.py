"""Scores of reconstructions and round trips against their sources."""

from collections.abc import Mapping
from typing import NamedTuple

import numpy as np

from tf_twingan.evaluation import baselines, candidates, metric, names, tasks
from tf_twingan.metrics import fidelity, structural_similarity

_MOST_PSNR = 100.0  # dB; that of equal images is infinite.


class _Pairs(NamedTuple):
  """Images and the sources that they should equal."""

  images: np.ndarray
  sources: np.ndarray


def _psnr(pairs: _Pairs) -> float:
  return float(np.minimum(fidelity.psnr(*pairs), _MOST_PSNR).mean())


METRICS = (
  metric.Metric(
    'L1',
    'mean error against the source, 0 to 255',
    metric.TENTHS,
    lambda pairs: float(fidelity.l1(*pairs).mean()),
    higher_is_better=False,
  ),
  metric.Metric(
    'PSNR',
    'peak signal-to-noise ratio against the source, dB; at most 100',
    metric.TENTHS,
    _psnr,
    higher_is_better=True,
  ),
  metric.Metric(
    'SSIM',
    'structural similarity to the source',
    metric.THOUSANDTHS,
    lambda pairs: float(structural_similarity.ssim(*pairs).mean()),
    higher_is_better=True,
  ),
)


def score(
  task: tasks.Task, scored: Mapping[str, candidates.Candidate]
) -> dict[str, Mapping[str, float]]:
  """Compares reproduced images with the sources.

  Args:
    task: what was translated.
    scored: {name: candidate}; those that reproduce nothing are left out.

  Returns:
    {name of the reproduction: {column: value}}, with the shuffled sources and
    their mean as floors; empty if nothing was reproduced.
  """
  sources = task.sources
  rows = {
    f'{name}, {kind}' if len(scored) > 1 else kind: images
    for name, candidate in scored.items()
    for kind, images in candidate.reproduced.items()
  }
  if not rows:
    return {}
  rows |= {
    names.SHUFFLED: np.roll(sources, 1, axis=0),
    names.MEAN_IMAGE: baselines.mean_image(sources, sources.shape),
  }
  return {
    name: metric.compute(METRICS, _Pairs(images, sources)).columns
    for name, images in rows.items()
  }
