"""The record of a metric, and what its function computes it from.

A table of an evaluation is a tuple of `Metric`. The record's name, meaning and
format make the column in the terminal, on the page and in evaluation.json;
nothing else has to know of it. The metrics of one module share intermediate
results through `cached`.
"""

from collections.abc import Callable, Iterable, Mapping
from typing import Any, NamedTuple, TypeVar

import numpy as np

from tf_twingan.evaluation import candidates, feature_networks, tasks

SHARE, TENTHS, THOUSANDTHS = '{:.1%}', '{:.1f}', '{:.3f}'
TEXT = '{}'

_Result = TypeVar('_Result')


class PerImage(NamedTuple):
  """A score of every single image, by which the best and worst are shown.

  Attributes:
    values: float or bool [n]; NaN where the score does not apply.
    higher_is_better: whether the best images have the highest values; None
      for the same as in the metric's record.
  """

  values: np.ndarray
  higher_is_better: bool | None = None

  def best_first(self) -> np.ndarray:
    """Indices of the images to which the score applies; equals in order."""
    values = np.asarray(self.values, np.float64)
    order = (-values if self.higher_is_better else values).argsort(
      kind='stable'
    )
    return order[~np.isnan(values[order])]


class Score(NamedTuple):
  """The value of one metric, with the values of single images if it has any.

  Attributes:
    value: for the table; None where the metric does not apply.
    per_image: the same metric of every image.
  """

  value: float | None
  per_image: PerImage | None = None


class Metric(NamedTuple):
  """One column of a table.

  Attributes:
    name: name of the column, and its key in evaluation.json.
    meaning: half a sentence for the reader, with the unit.
    format: how a value is written; one of the constants of this module.
    compute: function of the table's inputs (a `Case`, for the scores of
      candidates) to a `Score` or a plain value; None where it does not apply.
    higher_is_better: whether a higher value is better; None if neither is.
    needs: whether a task has what the metric needs; a column whose needs are
      not met is left out.
    uses_features: whether it is computed from features, so that the column's
      name also tells the feature network.
  """

  name: str
  meaning: str
  format: str
  compute: Callable[[Any], 'Score | float | str | None']
  higher_is_better: bool | None = None
  needs: Callable[['Setting'], bool] = lambda setting: True
  uses_features: bool = False


class CandidateScores(NamedTuple):
  """All scores of one candidate.

  Attributes:
    columns: {column: value}; None where a column does not apply.
    per_image: {column: values of single images}, for some of the columns.
  """

  columns: Mapping[str, float | str | None]
  per_image: Mapping[str, PerImage] = {}


class _Cache:
  """Keeps the results of functions of this object."""

  def __init__(self):
    self._results = {}

  def cached(self, function: Callable[[Any], _Result]) -> _Result:
    """Returns `function(self)`, computed at the first call only."""
    if function not in self._results:
      self._results[function] = function(self)
    return self._results[function]


class Setting(_Cache):
  """What all candidates of one task are compared with.

  Attributes:
    task: the sources and the real images.
    real: training images of the target domain to compare sets of images with,
      uint8 [k, resolution, resolution, 3], k <= n.
    network: the feature network; None leaves its columns out.
    seed: seed of everything random.
  """

  def __init__(
    self,
    task: tasks.Task,
    *,
    real: np.ndarray,
    network: feature_networks.FeatureNetwork | None = None,
    seed: int = 0,
  ):
    super().__init__()
    self.task, self.real = task, real
    self.network, self.seed = network, seed


class Case(_Cache):
  """One candidate in its setting: what a metric is computed from.

  Attributes:
    setting: what all candidates are compared with.
    task: the task of the setting.
    candidate: what is scored.
    images: its translations.
  """

  def __init__(self, setting: Setting, candidate: candidates.Candidate):
    super().__init__()
    self.setting, self.task = setting, setting.task
    self.candidate, self.images = candidate, candidate.translations


def compute(
  metrics: Iterable[Metric], inputs: Any, *, network_label: str = ''
) -> CandidateScores:
  """Computes one row of a table.

  Args:
    metrics: the columns.
    inputs: what their functions take.
    network_label: label of the feature network.
  """
  columns, per_image = {}, {}
  for metric in metrics:
    name = column_name(metric, network_label)
    result = metric.compute(inputs)
    score = result if isinstance(result, Score) else Score(result)
    columns[name] = score.value
    if score.per_image is not None:
      per_image[name] = score.per_image
      if score.per_image.higher_is_better is None:
        per_image[name] = score.per_image._replace(
          higher_is_better=metric.higher_is_better
        )
  return CandidateScores(columns, per_image)


def column_name(metric: Metric, network_label: str) -> str:
  """Name of a metric's column, with its feature network if it has one."""
  if metric.uses_features:
    return f'{metric.name} ({network_label} features)'
  return metric.name


def split_column_name(column: str) -> tuple[str, str | None]:
  """The metric's name and the feature network's label; None for no network."""
  name, _, rest = column.partition(' (')
  return (name, rest.removesuffix(' features)')) if rest else (name, None)


def mean(values: np.ndarray) -> float | None:
  """Mean of all values but NaN; None if there are none."""
  values = np.asarray(values, np.float64)
  values = values[~np.isnan(values)]
  return float(values.mean()) if len(values) else None
