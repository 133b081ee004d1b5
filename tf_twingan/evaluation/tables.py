"""A table of scores as text and as HTML, a line a column.

Candidates stand side by side, as there are few of them and many columns.
"""

import html
from collections.abc import Mapping

from tf_twingan.evaluation import columns

Table = Mapping[str, Mapping[str, float | str | None]]


def as_text(table: Table) -> str:
  """The table for a terminal.

  Args:
    table: {candidate: {column: value}}.
  """
  rows = list(table)
  widths = [max(len(name), 7) for name in rows]
  names = list(next(iter(table.values())))
  left = max(map(len, names))
  lines = [
    ' ' * left + '  ' + '  '.join(n.rjust(w) for n, w in zip(rows, widths))
  ]
  for name in names:
    cells = [columns.cell(name, table[row][name]) for row in rows]
    lines.append(
      name.ljust(left)
      + '  '
      + '  '.join(c.rjust(w) for c, w in zip(cells, widths))
    )
  return '\n'.join(lines)


def as_html(table: Table) -> str:
  """The table for a page, with what each column says.

  Args:
    table: {candidate: {column: value}}.
  """
  names = list(next(iter(table.values())))
  heads = ''.join(f'<th>{html.escape(row)}</th>' for row in table)
  lines = [f'<tr><th></th>{heads}<th></th></tr>']
  for name in names:
    cells = ''.join(
      f'<td>{html.escape(columns.cell(name, values[name]))}</td>'
      for values in table.values()
    )
    lines.append(
      f'<tr><th>{html.escape(name)}</th>{cells}'
      f'<td>{html.escape(columns.meaning(name))}</td></tr>'
    )
  return f'<table>{"".join(lines)}</table>'
