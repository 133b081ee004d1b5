"""Histograms of measures, the datasets laid over each other, as SVG."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from tf_twingan import extras, html_pages
from tf_twingan.data.audit import dataset_measures, thresholds

if TYPE_CHECKING:
  from matplotlib import figure as matplotlib_figure

_INCHES = (3.2, 1.6)
_BINS = 30
# What a chart shows, and what is called so: {column: caption}.
MEASURES = {
  'side': 'shorter side, px',
  'ratio': 'width over height',
  'brightness': 'brightness (mean of the luma), 0 to 1',
  'contrast': 'contrast (deviation of the luma)',
  'saturation': 'saturation, 0 to 1',
  'red': 'mean red, 0 to 1',
  'green': 'mean green, 0 to 1',
  'blue': 'mean blue, 0 to 1',
  'sharpness': f'sharpness (below {thresholds.DEFAULT.blur:g} is blurred)',
  'uniform': 'share of the image that has one colour',
  'plain_border': 'share of the upper border that has one colour',
  'faces': 'faces in an image',
  'scale': 'size of the face, as a share of the side',
  'eyes': 'distance of the eyes, as a share of the side',
  'x': 'middle of the face from the left, as a share of the side',
  'y': 'middle of the face from the top, as a share of the side',
  'eyes_x': 'middle of the eyes from the left, as a share of the side',
  'eyes_y': 'middle of the eyes from the top, as a share of the side',
  'roll': 'roll of the face, degrees clockwise',
  'yaw': 'yaw of the face, degrees to the right (a rough estimate)',
}


class Chart(NamedTuple):
  """The histograms of one measure.

  Attributes:
    caption: what is measured.
    svg: an SVG image.
  """

  caption: str
  svg: str


def make(
  all_measured: Sequence[dataset_measures.DatasetMeasures],
) -> list[Chart]:
  """One chart for each measure that any dataset has.

  Args:
    all_measured: the datasets; dataset i has color i of `html_pages.COLORS`.
  """
  charts = []
  for name, caption in MEASURES.items():
    values = [known(one, name) for one in all_measured]
    if any(len(some) for some in values):
      charts.append(Chart(caption, html_pages.svg(figure(values))))
  return charts


def known(measured: dataset_measures.DatasetMeasures, name: str) -> np.ndarray:
  """The values of one of `MEASURES` that are known."""
  columns = measured.columns
  if name == 'side':
    return np.minimum(columns['width'], columns['height'])
  if name == 'ratio':
    return columns['width'] / columns['height']
  return columns[name][np.isfinite(columns[name])]


def figure(values: Sequence[np.ndarray]) -> 'matplotlib_figure.Figure':
  """Histograms over each other, each as shares of its own images.

  Args:
    values: of each dataset.
  """
  with extras.needed('prepare'):
    from matplotlib import figure as matplotlib_figure

  result = matplotlib_figure.Figure(figsize=_INCHES, layout='constrained')
  axes = result.subplots()
  axes.tick_params(labelsize=7)
  edges = np.histogram_bin_edges(np.concatenate(values), _BINS)
  for some, color in zip(values, _colors(len(values))):
    if len(some):
      shares = np.histogram(some, edges)[0] / len(some)
      axes.stairs(shares, edges, color=color, fill=True, alpha=0.25)
      axes.stairs(shares, edges, color=color, linewidth=1)
  axes.set_yticks([])
  return result


def _colors(count: int) -> list[str]:
  colors = html_pages.COLORS
  return [colors[i % len(colors)] for i in range(count)]
