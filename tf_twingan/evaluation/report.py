"""A table of scores as text, and as one HTML file that needs no other."""

import base64
import html
import io
import string
from collections.abc import Mapping, Sequence
from typing import NamedTuple

import numpy as np
from PIL import Image

from tf_twingan.evaluation import scores

_SHARES = (
  'recall@1',
  'recall@5',
  'recall@1, no mean',
  'hair kept',
  'hair vivid',
  'distinct',
  'near training',
  'turned',
)
_TENTHS = ('background', 'L1 to truth', 'L1', 'PSNR', 'SWD')
_NONE = '–'

_PAGE = string.Template("""<!doctype html>
<html lang="en"><head><meta charset="utf-8"><title>$title</title>
<style>
body { font: 15px/1.4 sans-serif; margin: 2em; color: #222; }
table { border-collapse: collapse; margin: 1em 0; }
th, td { padding: .25em .7em; text-align: right; }
th, td { border-bottom: 1px solid #ddd; }
th:first-child, td:first-child { text-align: left; }
tr:nth-child(2) { font-weight: bold; background: #f3f6ff; }
img { image-rendering: pixelated; max-width: 100%; }
dt { font-weight: bold; float: left; clear: left; margin-right: .6em; }
</style></head><body>
<h1>$title</h1><p>$summary</p>
$body
</body></html>
""")


class Section(NamedTuple):
  """One part of a report.

  Attributes:
    title: its heading.
    table: {row: {column: value}}; empty for none.
    sheets: (caption, uint8 RGB [height, width, 3]) of each picture.
  """

  title: str
  table: scores.Table
  sheets: Sequence[tuple[str, np.ndarray]] = ()


def as_text(table: scores.Table) -> str:
  """The table with a line a column: candidates stand side by side."""
  rows = list(table)
  widths = [max(len(name), 7) for name in rows]
  names = list(next(iter(table.values())))
  left = max(map(len, names))
  lines = [
    ' ' * left + '  ' + '  '.join(n.rjust(w) for n, w in zip(rows, widths))
  ]
  for name in names:
    cells = [_cell(name, table[row][name]) for row in rows]
    lines.append(
      name.ljust(left)
      + '  '
      + '  '.join(c.rjust(w) for c, w in zip(cells, widths))
    )
  return '\n'.join(lines)


def as_html(title: str, summary: str, sections: Sequence[Section]) -> str:
  """The whole report as one page, pictures embedded."""
  parts = []
  for section in sections:
    parts.append(f'<h2>{html.escape(section.title)}</h2>')
    if section.table:
      parts.append(_html_table(section.table))
    for caption, sheet in section.sheets:
      parts.append(
        f'<h3>{html.escape(caption)}</h3>'
        f'<img alt="{html.escape(caption)}" src="{_data_uri(sheet)}">'
      )
  parts.append('<h2>What the columns say</h2><dl>')
  used = {name for s in sections for row in s.table.values() for name in row}
  for name, meaning in scores.MEANINGS.items():
    if name in used:
      parts.append(
        f'<dt>{html.escape(name)}</dt><dd>{html.escape(meaning)}</dd>'
      )
  parts.append('</dl>')
  return _PAGE.substitute(
    title=html.escape(title),
    summary=html.escape(summary),
    body='\n'.join(parts),
  )


def _cell(name: str, value: float | None) -> str:
  if value is None:
    return _NONE
  if name in _SHARES:
    return f'{value:.1%}'
  return f'{value:.1f}' if name in _TENTHS else f'{value:.3f}'


def _html_table(table: Mapping[str, Mapping[str, float | None]]) -> str:
  names = list(next(iter(table.values())))
  lines = ['<tr><th></th>']
  lines += [f'<th>{html.escape(name)}</th>' for name in names]
  lines.append('</tr>')
  for row, values in table.items():
    cells = [f'<td>{_cell(name, values[name])}</td>' for name in names]
    lines.append(f'<tr><td>{html.escape(row)}</td>{"".join(cells)}</tr>')
  return f'<table>{"".join(lines)}</table>'


def _data_uri(sheet: np.ndarray) -> str:
  stream = io.BytesIO()
  Image.fromarray(sheet).save(stream, format='PNG')
  return 'data:image/png;base64,' + base64.b64encode(stream.getvalue()).decode()
