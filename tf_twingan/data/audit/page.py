"""The page of an audit: findings, figures side by side, charts and images."""

from collections.abc import Mapping, Sequence
from typing import NamedTuple

import numpy as np

from tf_twingan import html_pages
from tf_twingan.data.audit import (
  charts,
  dataset_measures,
  outliers,
  record,
  repeats,
  sheets,
)
from tf_twingan.data.audit.finding import Finding, images, number

_UNREADABLE = 50  # That are listed.


class Line(NamedTuple):
  """One line of the table of figures.

  Attributes:
    name: what is counted or measured.
    cells: its value in each dataset, as text.
  """

  name: str
  cells: list[str]


def render(
  all_measured: Sequence[dataset_measures.DatasetMeasures],
  found: Sequence[Finding],
  groups: Sequence[repeats.Group],
  unusual: Mapping[str, Sequence[outliers.Outlier]],
  readers: Mapping[str, sheets.Read],
) -> str:
  """Renders the page, images embedded.

  Args:
    all_measured: the datasets.
    found: the findings, the gravest first.
    groups: their repeated images.
    unusual: {label: outliers of its dataset}.
    readers: {label: reads an image of its dataset}.
  """
  labels = [one.label for one in all_measured]
  return html_pages.render(
    'data/audit/page.html.jinja',
    title=f'Audit of {" and ".join(labels)}',
    summary=' '.join(map(examined, all_measured)),
    labels=labels,
    findings=found,
    lines=lines(all_measured),
    charts=charts.make(all_measured),
    sheets=sheets.make(all_measured, groups, unusual, readers),
    unreadable=[
      (one.label, name, reason)
      for one in all_measured
      for name, reason in one.unreadable[:_UNREADABLE]
    ],
  )


def examined(measured: dataset_measures.DatasetMeasures) -> str:
  """A sentence on which images of a dataset were examined."""
  count = len(measured.names)
  those = f'{images(measured.total)} from {measured.dataset}'
  if measured.is_sample:
    those += f', of which an even sample of {count:,} was examined'
  faces = ''
  if measured.has_faces:
    part = f' in {measured.looked_at:,}' if measured.looked_at < count else ''
    faces = f', faces{part} by the {measured.detector} detector'
  return f'{measured.label}: {those}{faces}.'


def lines(
  all_measured: Sequence[dataset_measures.DatasetMeasures],
) -> list[Line]:
  """The table of figures, datasets side by side."""
  summaries = [record.summary(one) for one in all_measured]
  result = [
    Line('images', [f'{s["images"]:,}' for s in summaries]),
    Line('examined', [f'{s["examined"]:,}' for s in summaries]),
    Line('unreadable', [f'{len(one.unreadable):,}' for one in all_measured]),
  ]
  for key in ('splits', 'formats'):
    if any(s[key] for s in summaries):
      result.append(Line(key, [_counts(s[key]) for s in summaries]))
  for name, caption in charts.MEASURES.items():
    values = [charts.known(one, name) for one in all_measured]
    if any(len(some) for some in values):
      result.append(Line(caption, [_spread(some) for some in values]))
  columns = dict.fromkeys(c for s in summaries for c in s['attributes'])
  for column in columns:
    result.append(
      Line(
        column, [_counts(s['attributes'].get(column, {})) for s in summaries]
      )
    )
  return result


def _counts(counts: Mapping[str, int]) -> str:
  most = list(counts.items())[:6]
  more = len(counts) - len(most)
  text = ', '.join(f'{name} {count:,}' for name, count in most)
  return f'{text} and {more:,} more' if more else text or '–'


def _spread(values: np.ndarray) -> str:
  """Median, and what 8 in 10 images are between."""
  if not len(values):
    return '–'
  low, median, high = map(number, np.percentile(values, [10, 50, 90]))
  return median if low == high else f'{median} ({low} to {high})'
