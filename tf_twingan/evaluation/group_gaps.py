"""Group gaps: does a translator serve one group of characters worse?

Where the factors of the sources are known, the error against the ground truth
is averaged by group, and the worst group is compared with the best.
"""

from collections.abc import Mapping

import numpy as np

from tf_twingan.data.avatars import characters
from tf_twingan.evaluation import metric, tasks
from tf_twingan.metrics import attribute_gap

_ERROR = 'L1 to truth'
# Factors that define groups, and the names of their rows.
_FACTORS = {
  'hair_color': 'hair colour',
  'hair_shape': 'hair shape',
  'skin_color': 'skin',
  'facing': 'facing',
  'mouth': 'expression',
  'eyes': 'eyes',
  'glasses': 'glasses',
}
# Names of groups whose values mean little to a reader.
_GROUP_NAMES = {
  **{color: name for name, color in characters.NATURAL_HAIR.items()},
  **{color: f'{i} of 6' for i, color in enumerate(characters.SKIN, 1)},
  'True': 'with',
  'False': 'without',
}


def _name(group: object) -> str:
  return _GROUP_NAMES.get(str(group), str(group))


METRICS = (
  metric.Metric(
    'worst group',
    'whose error against the ground truth is the largest; skin counts from '
    'light to dark',
    metric.TEXT,
    lambda gap: _name(gap.worst),
  ),
  metric.Metric(
    'best group',
    'whose error against the ground truth is the smallest',
    metric.TEXT,
    lambda gap: _name(gap.best),
  ),
  metric.Metric(
    'gap',
    'between their mean errors, 0 to 255',
    metric.THOUSANDTHS,
    lambda gap: gap.gap,
    higher_is_better=False,
  ),
  metric.Metric(
    'gap by chance',
    'the mean gap of groups formed at random',
    metric.THOUSANDTHS,
    lambda gap: gap.chance,
  ),
  metric.Metric(
    'p',
    'how often groups formed at random have as large a gap',
    metric.THOUSANDTHS,
    lambda gap: gap.p_value,
    higher_is_better=True,
  ),
)


def score(
  task: tasks.Task, scores: metric.CandidateScores
) -> dict[str, Mapping[str, float | str]]:
  """Computes the gap of each factor.

  Args:
    task: what was translated.
    scores: scores of one candidate.

  Returns:
    {factor: {column: value}}; empty where no factor is known.
  """
  if not task.factors:
    return {}
  errors = scores.per_image[_ERROR].values
  rows = {}
  for factor, name in _FACTORS.items():
    labels = task.factors.held_out[factor]
    if len(np.unique(labels)) > 1:
      gap = attribute_gap.measure(errors, labels, higher_is_better=False)
      rows[name] = metric.compute(METRICS, gap).columns
  return rows
