"""Curves over training, from the metrics.jsonl that a run writes, as SVG."""

import itertools
import math
import os
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, NamedTuple

from tf_twingan import extras, html_pages
from tf_twingan.runs import metrics_file

if TYPE_CHECKING:
  from matplotlib import figure as matplotlib_figure

Curve = list[tuple[float, float]]

_INCHES = (3.2, 1.6)


class Chart(NamedTuple):
  """The curves of one value, of all runs.

  Attributes:
    caption: the value's name and range.
    svg: an SVG image.
  """

  caption: str
  svg: str


def read(run_dir: str | os.PathLike) -> dict[str, Curve]:
  """Reads the values that a training logged.

  Args:
    run_dir: the run's directory; one without metrics.jsonl has no curves.

  Returns:
    {name: [(images seen, value), ...]}; values that are not finite are left
    out, and so are lines that can't be read, with a warning.
  """
  curves: dict[str, Curve] = {}
  for row in metrics_file.read(run_dir):
    images_seen = row.pop('images_seen')
    row.pop('time', None)
    for name, value in row.items():
      if _is_finite(value):
        curves.setdefault(name, []).append((images_seen, value))
  return curves


def _is_finite(value: Any) -> bool:
  """Whether it is a number that a chart can show."""
  if isinstance(value, bool) or not isinstance(value, (int, float)):
    return False
  try:
    return math.isfinite(value)
  except OverflowError:  # A whole number above all floats.
    return False


def charts(runs: Mapping[str, Mapping[str, Curve]]) -> list[Chart]:
  """Makes one chart per value, with a line for each run.

  Args:
    runs: {run: its curves}; run i has color i of `html_pages.COLORS`.
  """
  names = sorted({name for curves in runs.values() for name in curves})
  result = []
  for name in names:
    values = [y for run in runs.values() for _, y in run.get(name, ())]
    caption = f'{name}: {min(values):.3g} to {max(values):.3g}'
    result.append(Chart(caption, html_pages.svg(figure(name, runs))))
  return result


def figure(
  name: str, runs: Mapping[str, Mapping[str, Curve]]
) -> 'matplotlib_figure.Figure':
  """The figure of one value, over the images seen of each domain."""
  # Only evaluations with curves need it.
  with extras.needed('evaluate'):
    from matplotlib import figure as matplotlib_figure

  result = matplotlib_figure.Figure(figsize=_INCHES, layout='constrained')
  axes = result.subplots()
  axes.tick_params(labelsize=7)
  colors = itertools.cycle(html_pages.COLORS)
  for color, curves in zip(colors, runs.values()):
    if name in curves:
      axes.plot(*zip(*curves[name]), color=color, linewidth=1)
  return result
