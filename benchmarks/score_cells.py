"""Cells of tables of scores, of one run or of several."""

import statistics
from collections.abc import Sequence

from tf_twingan.evaluation import columns


def cell(name: str, values: Sequence[float | str | None]) -> str:
  """A value, or the mean, minimum and maximum of several runs.

  Args:
    name: name of the score's column.
    values: the score of each run; None where it has none.
  """
  numbers = [v for v in values if isinstance(v, (int, float))]
  if len(numbers) < 2:
    return columns.cell(name, next(iter(values)))
  return (
    f'{columns.cell(name, statistics.mean(numbers))} '
    f'({columns.cell(name, min(numbers))} to '
    f'{columns.cell(name, max(numbers))})'
  )
