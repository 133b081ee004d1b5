"""Scores of how a translator answers to changes of its source.

Turned faces, backgrounds that reach into the subject, and codes that do not
survive: what the article shows as failures, in figures.
"""

import numpy as np

from tf_twingan.evaluation import directions, measurements
from tf_twingan.metrics import (
  background_leak,
  content_distance,
  mirror_consistency,
)


class RobustnessScorer:
  """Sets translations against those of changed sources.

  Args:
    direction: what was translated.
  """

  def __init__(self, direction: directions.Direction):
    self._direction = direction

  def measure(self, candidate: directions.Candidate) -> measurements.Measured:
    """Scores one candidate."""
    columns, each = {'turned': None}, {}
    if candidate.of_mirrored is not None:
      turns = mirror_consistency.compare(
        candidate.translations, of_mirrored=candidate.of_mirrored
      )
      columns['turned'] = turns.turned
      each['turned'] = measurements.Each(turns.is_turned)
    if self._direction.recolored is not None:
      self._leak(candidate, columns, each)
    columns['content distance'] = None
    if candidate.encode is not None:
      ratios = content_distance.ratios(
        candidate.encode(self._direction.sources, self._direction.source),
        candidate.encode(candidate.translations, self._direction.target),
      )
      columns['content distance'] = measurements.mean(ratios)
      each['content distance'] = measurements.Each(ratios)
    return measurements.Measured(columns, each)

  def _leak(self, candidate, columns, each):
    recolored = self._direction.recolored
    columns[recolored.column] = None
    if candidate.of_recolored is None or not recolored.found:
      return
    leak = background_leak.measure(
      candidate.translations,
      candidate.of_recolored,
      recolored.subjects,
      recolored.backgrounds,
    )
    if np.isfinite(leak.overall):
      columns[recolored.column] = leak.overall
    each[recolored.column] = measurements.Each(
      np.where(np.isfinite(leak.ratios), leak.ratios, np.nan)
    )
