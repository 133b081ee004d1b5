"""What a scorer hands over: columns of a table, and values of images."""

from collections.abc import Mapping
from typing import NamedTuple, Protocol

import numpy as np

from tf_twingan.evaluation import directions


class Each(NamedTuple):
  """A score of every single image.

  Attributes:
    values: float or bool [n]; NaN where it does not apply.
    higher_is_better: whether it is.
  """

  values: np.ndarray
  higher_is_better: bool = False

  def best_first(self) -> np.ndarray:
    """Places of the images to which it applies; equals in order."""
    values = np.asarray(self.values, np.float64)
    order = (-values if self.higher_is_better else values).argsort(
      kind='stable'
    )
    return order[~np.isnan(values[order])]


class Measured(NamedTuple):
  """Scores of one candidate.

  Attributes:
    columns: {column: value}; None where a column does not apply.
    each: {column: the same of every image}, for some of them.
  """

  columns: Mapping[str, float | None]
  each: Mapping[str, Each] = {}


class Scorer(Protocol):
  """Scores candidates of one direction, with what it learned of it."""

  def measure(self, candidate: directions.Candidate) -> Measured:
    """Scores one candidate."""


def mean(values: np.ndarray) -> float | None:
  """Mean of what is not NaN; None of nothing."""
  values = np.asarray(values, np.float64)
  values = values[~np.isnan(values)]
  return float(values.mean()) if len(values) else None
