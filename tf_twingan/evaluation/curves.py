"""Curves over training, from the metrics.jsonl that a run writes, as SVG."""

import html
import json
import math
import os
import pathlib
from collections.abc import Mapping

Curve = list[tuple[float, float]]

_WIDTH, _HEIGHT, _MARGIN = 260, 110, 6  # px
_COLORS = ('#2a5bd7', '#d7552a', '#2a9d57', '#8b3fc4', '#777777')


def read(run_dir: str | os.PathLike) -> dict[str, Curve]:
  """The values that a training noted.

  Args:
    run_dir: the run's directory; one without metrics.jsonl gives none.

  Returns:
    {name: [(images seen, value), ...]}; what is not finite is left out.
  """
  file = pathlib.Path(run_dir, 'metrics.jsonl')
  curves: dict[str, Curve] = {}
  if not file.is_file():
    return curves
  for line in file.read_text(encoding='utf-8').splitlines():
    try:
      values = json.loads(line)
      seen = values.pop('images_seen')
    except (ValueError, KeyError, AttributeError):
      continue  # A kill can cut a line.
    values.pop('time', None)
    for name, value in values.items():
      if isinstance(value, (int, float)) and math.isfinite(value):
        curves.setdefault(name, []).append((seen, value))
  return curves


def as_html(runs: Mapping[str, Mapping[str, Curve]]) -> str:
  """One small chart for each name, a line for each run.

  Args:
    runs: {run: its curves}.

  Returns:
    SVG images with their captions; empty if there is no curve.
  """
  names = sorted({name for curves in runs.values() for name in curves})
  charts = [_chart(name, runs) for name in names]
  if not charts:
    return ''
  key = ' '.join(
    f'<span style="color:{_COLORS[i % len(_COLORS)]}">{html.escape(run)}</span>'
    for i, run in enumerate(runs)
  )
  return f'<p>{key}; x is images seen of each domain.</p>' + ''.join(charts)


def _chart(name, runs):
  points = [p for curves in runs.values() for p in curves.get(name, ())]
  (left, right), (low, high) = (
    (min(values), max(values)) for values in zip(*points)
  )

  def place(x, y):
    across = (x - left) / ((right - left) or 1)
    up = (y - low) / ((high - low) or 1)
    return (
      f'{_MARGIN + across * (_WIDTH - 2 * _MARGIN):.1f},'
      f'{_HEIGHT - _MARGIN - up * (_HEIGHT - 2 * _MARGIN):.1f}'
    )

  lines = ''.join(
    f'<polyline fill="none" stroke="{_COLORS[i % len(_COLORS)]}" points="'
    f'{" ".join(place(*p) for p in curves[name])}"/>'
    for i, curves in enumerate(runs.values())
    if name in curves
  )
  return (
    '<figure style="display:inline-block;margin:.4em">'
    f'<svg width="{_WIDTH}" height="{_HEIGHT}" style="background:#f7f7f7">'
    f'{lines}</svg><figcaption>{html.escape(name)}: {low:.3g} to {high:.3g}'
    f'<br>{left:g} to {right:g} images</figcaption></figure>'
  )
