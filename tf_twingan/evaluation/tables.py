"""Tables of scores: one line per column of scores, candidates side by side."""

from collections.abc import Mapping
from typing import NamedTuple

from tf_twingan import errors
from tf_twingan.evaluation import columns

Table = Mapping[str, Mapping[str, float | str | None]]


class Line(NamedTuple):
  """One line of a table.

  Attributes:
    name: name of the column of scores.
    cells: its value for each candidate, as text.
    meaning: what it means.
  """

  name: str
  cells: list[str]
  meaning: str


def lines(table: Table) -> list[Line]:
  """The lines of a table.

  Args:
    table: {candidate: {column: value}}.
  """
  return [
    Line(
      name,
      [columns.cell(name, row[name]) for row in table.values()],
      columns.meaning(name),
    )
    for name in next(iter(table.values()))
  ]


def as_text(table: Table) -> str:
  """The table for a terminal.

  Args:
    table: {candidate: {column: value}}.
  """
  names = [errors.printable(name) for name in table]
  widths = [max(len(name), 7) for name in names]
  body = [(line.name, line.cells) for line in lines(table)]
  left = max(len(name) for name, _ in body)
  return '\n'.join(
    '  '.join([name.ljust(left), *(c.rjust(w) for c, w in zip(cells, widths))])
    for name, cells in [('', names), *body]
  )
