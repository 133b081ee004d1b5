"""The registry of all metrics, and how the tables write their columns."""

from collections.abc import Mapping

from tf_twingan.evaluation import (
  attribute_probe,
  feature_scores,
  group_gaps,
  image_set_scores,
  metric,
  names,
  out_of_distribution,
  paired_scores,
  reproduction_scores,
  robustness_scores,
)

NONE = '–'

# The columns of the scores of candidates, in order.
CANDIDATE_METRICS = (
  *paired_scores.METRICS,
  *attribute_probe.METRICS,
  *image_set_scores.METRICS,
  *feature_scores.METRICS,
  *robustness_scores.METRICS,
)
# Those of all tables.
ALL_METRICS = (
  *CANDIDATE_METRICS,
  *reproduction_scores.METRICS,
  *group_gaps.METRICS,
  *out_of_distribution.METRICS,
)
_BY_NAME: Mapping[tuple[str, bool], metric.Metric] = {
  (m.name, m.uses_features): m for m in ALL_METRICS
}
if len(_BY_NAME) < len(ALL_METRICS):
  raise ValueError('two metrics have one name; rename one of them.')

# How the meaning of a column names its feature network; others are paths.
_NETWORKS: Mapping[str, str] = {
  names.OWN_FEATURES: 'by a small network trained on the target domain, not '
  'comparable with published FID',
  names.INCEPTION: "by Keras' InceptionV3",
}
_BY_PATH = 'by the network of --features'


def find(column: str) -> metric.Metric:
  """The metric of a column.

  Raises:
    KeyError: there is no such metric.
  """
  name, network = metric.split_column_name(column)
  return _BY_NAME[name, network is not None]


def meaning(column: str) -> str:
  """What a column means, with its feature network."""
  _, network = metric.split_column_name(column)
  text = find(column).meaning
  if network is None:
    return text
  return f'{text}; {_NETWORKS.get(network, _BY_PATH)}'


def cell(column: str, value: float | str | None) -> str:
  """The text of a value in a column."""
  if value is None:
    return NONE
  return find(column).format.format(value)
