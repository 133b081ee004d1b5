"""Records of measurements: one JSON file each, with its tables as text.

A record says what was measured, by which command, on which machine, and holds
the tables as they are printed. `benchmarks/records/` keeps them, and
`benchmarks/results.py` writes docs/results.md from them. A benchmark that is
called with --record=FILE leaves one.
"""

import dataclasses
import datetime
import json
import os
import pathlib
import platform
import re
import sys
from collections.abc import Mapping, Sequence
from typing import Any

from absl import flags

from tf_twingan import shell_words

RECORD = flags.DEFINE_string(
  'record', None, 'JSON file that the measurement is written to.'
)
_MACHINE = flags.DEFINE_string(
  'machine',
  None,
  'What --record says was measured on; by default the processor.',
)

# A JSON list of plain values, which is written on one line.
_PLAIN = r'(?:"(?:[^"\\]|\\.)*"|-?[\d.]+|null)'
_PLAIN_LIST = re.compile(rf'\[\n\s+({_PLAIN}(?:,\n\s+{_PLAIN})*)\n\s+\]')


@dataclasses.dataclass(frozen=True)
class Table:
  """A table of text.

  Attributes:
    columns: names of the columns; an empty name is a column of labels, as is
      the first column.
    rows: cells of each row, as they are printed.
    title: of a record that holds several tables.
  """

  columns: Sequence[str]
  rows: Sequence[Sequence[str]]
  title: str | None = None

  def select(
    self,
    columns: Sequence[str] | None = None,
    rows: Sequence[str] | None = None,
  ) -> 'Table':
    """Part of the table.

    Args:
      columns: names of the columns to keep beside the labels, in this order;
        None keeps all.
      rows: labels (first cells) of the rows to keep, in this order; None keeps
        all.

    Raises:
      ValueError: there is no column or row of that name.
    """
    labels = [i for i, name in enumerate(self.columns) if not (i and name)]
    chosen = list(range(len(self.columns)))
    if columns is not None:
      unknown = sorted(set(columns) - set(self.columns))
      if unknown:
        raise ValueError(f'no column {unknown[0]!r}; there are {self.columns}')
      chosen = labels + [self.columns.index(name) for name in columns]
    kept = list(self.rows)
    if rows is not None:
      kept = [row for name in rows for row in self.rows if row[0] == name]
      unknown = sorted(set(rows) - {row[0] for row in self.rows})
      if unknown:
        raise ValueError(f'no row {unknown[0]!r}')
    return Table(
      [self.columns[i] for i in chosen],
      [[row[i] for i in chosen] for row in kept],
      self.title,
    )

  def markdown(self) -> str:
    """The table as Markdown."""
    lines = [line(self.columns), '|---' * len(self.columns) + '|']
    return '\n'.join(lines + [line(row) for row in self.rows])


@dataclasses.dataclass(frozen=True)
class Measurement:
  """One measurement.

  Attributes:
    group: title of the section of docs/results.md that shows it.
    title: title of the measurement, unique among all.
    what: what the figures say, in a sentence or two.
    command: lines to paste that measure it anew.
    machine: processor, cores, and what else ran.
    tables: the figures.
    batch: images of each domain in a batch, if that matters.
    resolution: px, if that matters.
    date: day of the measurement, YYYY-MM-DD, if known.
    floor: which figures say that nothing was achieved.
    ceiling: which figures say that no more can be measured.
    note: what else a reader must know.
  """

  group: str
  title: str
  what: str
  command: Sequence[str]
  machine: str
  tables: Sequence[Table]
  batch: int | str | None = None
  resolution: int | str | None = None
  date: str | None = None
  floor: str | None = None
  ceiling: str | None = None
  note: str | None = None

  @classmethod
  def read(cls, path: pathlib.Path) -> 'Measurement':
    """Reads a record.

    Raises:
      ValueError: a field is missing or unknown, or a row has too few cells.
    """
    fields = json.loads(path.read_text(encoding='utf-8'))
    try:
      tables = [Table(**table) for table in fields.pop('tables')]
      measurement = cls(tables=tables, **fields)
    except (KeyError, TypeError) as error:
      raise ValueError(f'{path} is no record of a measurement: {error}') from (
        error
      )
    for table in tables:
      for row in table.rows:
        if len(row) != len(table.columns):
          raise ValueError(
            f'{path}: row {row[0]!r} has {len(row)} cells for '
            f'{len(table.columns)} columns.'
          )
    return measurement

  def write(self, path: pathlib.Path) -> None:
    """Writes the record, one row of a table on each line."""
    fields = dataclasses.asdict(self)
    for table in fields['tables']:
      if table['title'] is None:
        del table['title']
    text = json.dumps(fields, indent=1, ensure_ascii=False)
    text = _PLAIN_LIST.sub(_on_one_line, text)
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text + '\n', encoding='utf-8')

  def markdown(self) -> str:
    """The section of docs/results.md."""
    facts = [f'Machine: {self.machine}.']
    if self.batch is not None:
      facts.append(f'Batch: {self.batch}.')
    if self.resolution is not None:
      facts.append(f'Resolution: {self.resolution} px.')
    if self.date is not None:
      facts.append(f'Date: {self.date}.')
    if self.floor is not None:
      facts.append(f'Floor: {self.floor}.')
    if self.ceiling is not None:
      facts.append(f'Ceiling: {self.ceiling}.')
    parts = [f'### {self.title}', self.what]
    for table in self.tables:
      parts += [f'{table.title}:'] if table.title else []
      parts.append(table.markdown())
    parts += [self.note] if self.note else []
    parts += [' '.join(facts), '\n'.join(['```', *self.command, '```'])]
    return '\n\n'.join(parts)


def line(cells: Sequence[str]) -> str:
  """One line of a Markdown table."""
  return f'| {" | ".join(cells)} |'


class PrintedTable:
  """A table that is printed row by row while it is measured.

  Attributes:
    table: the rows so far.
  """

  def __init__(self, columns: Sequence[str], title: str | None = None):
    """Prints the head.

    Args:
      columns: names of the columns.
      title: title of the table, which is printed above it.
    """
    self._rows: list[list[str]] = []
    self.table = Table(columns, self._rows, title)
    if title:
      print(f'\n{title}:\n')
    print(self.table.markdown(), flush=True)

  def add(self, *cells: str) -> None:
    """Adds a row and prints it."""
    self._rows.append(list(cells))
    print(line(cells), flush=True)


def save(
  tables: Sequence[Table],
  *,
  group: str,
  title: str,
  what: str,
  **fields: Any,
) -> None:
  """Writes what a benchmark measured to --record, if that is given.

  A file that is there already keeps its title and its sentences; its figures,
  its command, its machine and its date are replaced.

  Args:
    tables: what was measured.
    group: as in Measurement.
    title: as in Measurement.
    what: as in Measurement.
    **fields: other fields of Measurement.
  """
  if RECORD.value is None:
    return
  measurement = Measurement(
    group=group,
    title=title,
    what=what,
    command=[command()],
    machine=_MACHINE.value or machine(),
    tables=tables,
    date=datetime.date.today().isoformat(),
    **fields,
  )
  path = pathlib.Path(RECORD.value)
  if path.is_file():
    earlier = Measurement.read(path)
    measurement = dataclasses.replace(
      earlier,
      command=measurement.command,
      machine=measurement.machine,
      tables=measurement.tables,
      date=measurement.date,
    )
    if earlier.note:
      print(f'{path}: check that its note still holds: {earlier.note}')
  measurement.write(path)


def command() -> str:
  """The running command as one would type it, without --record."""
  spec = sys.modules['__main__'].__spec__
  name = spec.name if spec else pathlib.Path(sys.argv[0]).name
  arguments = [
    argument
    for argument in sys.argv[1:]
    if not argument.lstrip('-').startswith(('record=', 'machine='))
  ]
  return shell_words.join(['python', '-m', name, *arguments])


def machine() -> str:
  """Processor and cores of this machine."""
  found: Mapping[str, str] = {}
  info = pathlib.Path('/proc/cpuinfo')
  if info.is_file():
    lines = [
      line.partition(':') for line in info.read_text('utf-8').splitlines()
    ]
    found = {name.strip(): value.strip() for name, _, value in lines if value}
  name = found.get('model name') or platform.processor() or platform.machine()
  extensions = [
    extension
    for extension in ('avx2', 'avx512f', 'avx512_bf16', 'amx_bf16')
    if extension in found.get('flags', '').split()
  ]
  cores = (
    len(os.sched_getaffinity(0))
    if hasattr(os, 'sched_getaffinity')
    else (os.cpu_count())
  )
  known = f' ({", ".join(extensions)})' if extensions else ''
  return f'{cores} cores, {name}{known}'


def _on_one_line(match: re.Match) -> str:
  return '[' + re.sub(r',\n\s+', ', ', match[1]) + ']'
