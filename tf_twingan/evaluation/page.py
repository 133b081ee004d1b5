"""The HTML page of an evaluation, which needs no other file."""

from collections.abc import Mapping, Sequence
from typing import NamedTuple

from tf_twingan import html_pages
from tf_twingan.evaluation import curves as training_curves
from tf_twingan.evaluation import image_sheets, tables


class Section(NamedTuple):
  """One part of a page.

  Attributes:
    title: its heading.
    table: {candidate: {column: value}}; empty for none.
    sheets: grids of images.
    note: a line below the table.
  """

  title: str
  table: tables.Table
  sheets: Sequence[image_sheets.ImageSheet] = ()
  note: str = ''


def render(
  title: str,
  summary: str,
  sections: Sequence[Section],
  curves: Mapping[str, Mapping[str, training_curves.Curve]] = {},
) -> str:
  """Renders the whole page, images embedded.

  Args:
    title: heading of the page.
    summary: a line below it.
    sections: the parts of the page, in order.
    curves: {run: its curves over training}.
  """
  return html_pages.render(
    'evaluation/page.html.jinja',
    title=title,
    summary=summary,
    sections=sections,
    runs=list(curves),
    charts=training_curves.charts(curves),
    lines=tables.lines,
  )
