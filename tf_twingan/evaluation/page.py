"""The HTML page of an evaluation, which needs no other file."""

import base64
import io
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np
from PIL import Image

from tf_twingan import errors, extras
from tf_twingan.evaluation import curves as training_curves
from tf_twingan.evaluation import image_sheets, tables

with extras.needed('evaluate'):
  import jinja2

_TEMPLATE = 'page.html.jinja'


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
  environment = jinja2.Environment(
    loader=jinja2.PackageLoader(__package__, ''),
    # All text is escaped: names are paths, and may hold anything.
    autoescape=True,
    # Nor may control characters reach a terminal from the page's source.
    finalize=_printable,
    undefined=jinja2.StrictUndefined,
    keep_trailing_newline=True,
  )
  return environment.get_template(_TEMPLATE).render(
    title=title,
    summary=summary,
    sections=sections,
    runs=list(curves),
    charts=training_curves.charts(curves),
    colors=training_curves.COLORS,
    lines=tables.lines,
    data_uri=_data_uri,
  )


def _printable(value: Any) -> Any:
  """Text without control characters; markup and numbers as they are."""
  # Markup is a subclass of text.
  return errors.printable(value) if type(value) is str else value


def _data_uri(image: np.ndarray) -> str:
  stream = io.BytesIO()
  Image.fromarray(image).save(stream, format='PNG')
  return 'data:image/png;base64,' + base64.b64encode(stream.getvalue()).decode()
