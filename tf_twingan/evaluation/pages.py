"""One HTML page that needs no other file: tables and images."""

import base64
import html
import io
import string
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from PIL import Image

from tf_twingan.evaluation import sheets as sheets_lib
from tf_twingan.evaluation import tables

_PAGE = string.Template("""<!doctype html>
<html lang="en"><head><meta charset="utf-8"><title>$title</title>
<style>
body { font: 15px/1.4 sans-serif; margin: 2em; color: #222; }
table { border-collapse: collapse; margin: 1em 0; }
th, td { padding: .15em .7em; text-align: right; }
th, td { border-bottom: 1px solid #ddd; font-weight: normal; }
tr:first-child th { font-weight: bold; }
th:first-child, td:last-child { text-align: left; }
td:last-child { color: #777; font-size: 85%; }
td:nth-child(2) { font-weight: bold; background: #f3f6ff; }
img { image-rendering: pixelated; max-width: 100%; }
</style></head><body>
<h1>$title</h1><p>$summary</p>
$body
</body></html>
""")


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
  sheets: Sequence[sheets_lib.Sheet] = ()
  note: str = ''


def page(
  title: str, summary: str, sections: Sequence[Section], curves: str = ''
) -> str:
  """The whole page as HTML, images embedded.

  Args:
    title: of the page, as text.
    summary: below it, as text.
    sections: in order.
    curves: HTML of `curves.as_html`.
  """
  parts = []
  for section in sections:
    parts.append(f'<h2>{html.escape(section.title)}</h2>')
    if section.table:
      parts.append(tables.as_html(section.table))
    if section.note:
      parts.append(f'<p>{html.escape(section.note)}</p>')
    for caption, image in section.sheets:
      parts.append(
        f'<h3>{html.escape(caption)}</h3>'
        f'<img alt="{html.escape(caption)}" src="{_data_uri(image)}">'
      )
  if curves:
    parts.append(f'<h2>Over training</h2>{curves}')
  return _PAGE.substitute(
    title=html.escape(title),
    summary=html.escape(summary),
    body='\n'.join(parts),
  )


def _data_uri(image: np.ndarray) -> str:
  stream = io.BytesIO()
  Image.fromarray(image).save(stream, format='PNG')
  return 'data:image/png;base64,' + base64.b64encode(stream.getvalue()).decode()
