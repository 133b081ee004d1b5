"""The images of a dataset that differ most from its others, and by what."""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from tf_twingan.data.audit import dataset_measures

# Of a normal distribution, the deviation is so many times the median deviation.
_DEVIATION = 1.4826
_NEIGHBOURS = 5
_LEAST = 4.0  # Deviations; of a normal distribution 1 in 15,000 is beyond.
_FEWEST = 20  # Images, to say what is usual.
_ROWS = 512  # Compared with all at once.
_MEASURES = (
  *('brightness', 'contrast', 'saturation', 'sharpness', 'uniform'),
  *('scale', 'x', 'y', 'roll', 'yaw'),
)
_COLORS = 'colours'


class Outlier(NamedTuple):
  """An image that differs from the others.

  Attributes:
    image: its index among the examined images.
    measure: the measure by which it differs most.
    deviations: by how many deviations.
  """

  image: int
  measure: str
  deviations: float


def find(
  measured: dataset_measures.DatasetMeasures, most: int
) -> list[Outlier]:
  """The worst outliers, the worst first.

  A deviation is estimated by the median, which outliers hardly move (the
  modified z-score of Iglewicz and Hoaglin, 1993). `colours` is the distance of
  a small copy of the image to those that are nearest to it.

  Args:
    measured: the dataset.
    most: at most so many.
  """
  if len(measured.names) < _FEWEST:
    return []
  scores = {
    name: _deviations(measured.columns[name], two_sided=True)
    for name in _MEASURES
  }
  distances = np.log(_nearest(measured.thumbnails) + 1e-3)
  scores[_COLORS] = _deviations(distances, two_sided=False)
  names: Sequence[str] = list(scores)
  table = np.nan_to_num(np.stack(list(scores.values())), nan=0.0)
  worst = table.max(axis=0)
  order = np.argsort(-worst, kind='stable')[:most]
  return [
    Outlier(int(i), names[int(table[:, i].argmax())], float(worst[i]))
    for i in order
    if worst[i] >= _LEAST
  ]


def _deviations(values: np.ndarray, *, two_sided: bool) -> np.ndarray:
  """By how many deviations values leave their median, on their own side.

  Each side has its own deviation, as most measures are skewed.
  """
  known = values[np.isfinite(values)]
  result = np.zeros(len(values))
  if len(known) < _FEWEST:
    return result
  middle = np.median(known)
  # Where most images measure the same, a tiny difference is none.
  least = 1e-3 * max(1.0, float(np.abs(known).max()))
  for sign in (1, -1) if two_sided else (1,):
    apart = sign * (values - middle)
    usual = np.median(sign * (known - middle)[sign * (known - middle) >= 0])
    beyond = np.nan_to_num(apart) > 0
    result[beyond] = apart[beyond] / max(_DEVIATION * float(usual), least)
  return result


def _nearest(rows: np.ndarray) -> np.ndarray:
  """Distance of each row to the one that is the fifth nearest."""
  lengths = (rows**2).sum(axis=1)
  place = min(_NEIGHBOURS, len(rows) - 1)
  result = []
  for start in range(0, len(rows), _ROWS):
    part = rows[start : start + _ROWS]
    squared = lengths[start : start + _ROWS, None] + lengths - 2 * part @ rows.T
    # The nearest is the row itself.
    result.append(np.partition(squared, place, axis=1)[:, place])
  return np.sqrt(np.maximum(np.concatenate(result), 0))
