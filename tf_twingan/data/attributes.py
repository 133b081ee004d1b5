"""Labels of images, such as hair colour: columns of text, one value an image.

A folder's labels are in a file `attributes.csv` in it, as UTF-8:

  file,hair,glasses
  a.jpg,black,no
  deep/b.jpg,,yes

A file's name is its path below the folder, with forward slashes. Nothing
between two commas is a value that nobody knows, as are those of images without
a row.
"""

import csv
import functools
import io
import os
import pathlib
from collections.abc import Callable, Iterator, Mapping, Sequence

from absl import logging

from tf_twingan import errors, regular_files
from tf_twingan.data import unicode_names

FILE = 'attributes.csv'
_FILE_COLUMN = 'file'
_MAX_BYTES = 2**28  # Some millions of images.
MAX_COLUMNS = 1000
_SHOWN = 20


class LazyColumns(Mapping[str, Sequence[str]]):
  """Columns that are not read before one is asked for."""

  def __init__(self, read: Callable[[], Mapping[str, Sequence[str]]]):
    """Takes what reads {column: a value for each image}."""
    self._columns = functools.cache(read)

  def __getitem__(self, column: str) -> Sequence[str]:
    return self._columns()[column]

  def __iter__(self) -> Iterator[str]:
    return iter(self._columns())

  def __len__(self) -> int:
    return len(self._columns())


def concatenate(
  parts: Sequence[Mapping[str, Sequence[str]] | None], counts: Sequence[int]
) -> LazyColumns:
  """The labels of several sets of images, one behind the other.

  Args:
    parts: labels of each set; None if it has none.
    counts: number of images of each set.
  """

  def read() -> dict[str, list[str]]:
    columns: dict[str, list[str]] = {}
    start = 0
    for part, count in zip(parts, counts, strict=True):
      for column, values in (part or {}).items():
        columns.setdefault(column, [''] * sum(counts))
        columns[column][start : start + count] = values
      start += count
    return columns

  return LazyColumns(read)


def choose(
  attributes: Mapping[str, Sequence[str]] | None, indices: Sequence[int]
) -> LazyColumns:
  """The labels of some of the images, in the order of `indices`."""
  return LazyColumns(
    lambda: {
      column: [values[index] for index in indices]
      for column, values in (attributes or {}).items()
    }
  )


def get_column(
  attributes: Mapping[str, Sequence[str]] | None, column: str, *, dataset: str
) -> Sequence[str]:
  """The values of a column, one an image.

  Args:
    attributes: {column: a value for each image}; None if there are none.
    column: its name.
    dataset: the dataset's string, for messages.

  Raises:
    ValueError: there is no such column; names those that there are.
  """
  if not attributes:
    raise ValueError(
      f'{dataset}: its images have no labels, and {column!r} is asked for; '
      f'those of a folder are in {FILE} in it, below the line {_FILE_COLUMN},'
      f'{column}'
    )
  if column not in attributes:
    raise ValueError(
      f'{dataset}: no column {column!r} among its labels, which are '
      f'{shorten(attributes)}{errors.did_you_mean(column, attributes)}'
    )
  return attributes[column]


def shorten(names: Mapping[str, object] | Sequence[str]) -> str:
  """The first names, for a message."""
  shown = ', '.join(errors.printable(n) for n in [*names][:_SHOWN])
  return f'{shown}, ...' if len(names) > _SHOWN else shown


def read_folder(
  folder: str | os.PathLike, names: Sequence[str], *, dataset: str
) -> dict[str, list[str]]:
  """Reads the labels of images; warns of rows of files that are not there.

  Args:
    folder: the folder that holds the file and, anywhere below it, the images.
    names: names of the images: paths below the folder with forward slashes.
    dataset: the dataset's string, for messages.

  Returns:
    {column: a value for each name, '' where it has none}; empty without a file.

  Raises:
    ValueError: the file holds something else; one line that names it.
    OSError: it cannot be read.
  """
  path = pathlib.Path(folder, FILE)
  if not os.path.lexists(path):
    return {}
  return read_file(
    path,
    names,
    dataset=dataset,
    # Images that are not asked for, as those of another split, are there.
    is_there=lambda name: os.path.lexists(os.path.join(folder, name)),
  )


def read_file(
  path: str | os.PathLike,
  names: Sequence[str],
  *,
  dataset: str,
  is_there: Callable[[str], bool] = lambda name: False,
) -> dict[str, list[str]]:
  """Reads the labels of images from a file; warns of rows of no image.

  Args:
    path: the file.
    names: names of the images, as they stand in the file.
    dataset: the dataset's string, for messages.
    is_there: whether there is an image of a name that is not in `names`.

  Returns:
    {column: a value for each name, '' where it has none}.

  Raises:
    ValueError: the file holds something else; one line that names it.
    OSError: it cannot be read.
  """
  place = f'{dataset}: {errors.printable(path)}'
  header, rows = _read(pathlib.Path(path), place)
  known = {name: index for index, name in enumerate(names)}
  for place_of_name, name in enumerate(names):
    known.setdefault(unicode_names.composed(name), place_of_name)
  columns = {column: [''] * len(names) for column in header}
  strangers: list[str] = []
  for name, values in rows.items():
    index = known.get(name, known.get(unicode_names.composed(name)))
    if index is not None:
      for column, value in zip(header, values):
        columns[column][index] = value
    elif not is_there(name):
      strangers.append(name)
  if strangers:
    message = (
      f'{place} has rows of {len(strangers):,} files that are not there, the '
      f'first of them {errors.printable(strangers[0])!r}'
    )
    if len(strangers) == len(rows):
      raise ValueError(
        f'{message}, and of no other; write paths below the folder, as '
        f'{errors.printable(names[0]) if names else "deep/a.png"!r}'
      )
    logging.warning('%s', message)
  return columns


def write(
  path: str | os.PathLike,
  names: Sequence[str],
  columns: Mapping[str, Sequence[str]],
) -> None:
  """Writes the labels of images.

  Args:
    path: the file.
    names: names of the images: paths below the folder with forward slashes.
    columns: {column: a value for each name}.
  """
  with open(path, 'w', encoding='utf-8', newline='') as file:
    writer = csv.writer(file, lineterminator='\n')
    writer.writerow([_FILE_COLUMN, *columns])
    writer.writerows(zip(names, *columns.values()))


def _read(
  path: pathlib.Path, place: str
) -> tuple[list[str], dict[str, list[str]]]:
  """The names of the columns, and the values of each file."""
  try:
    text = regular_files.read(path, at_most=_MAX_BYTES).decode('utf-8-sig')
  except UnicodeDecodeError as error:
    raise ValueError(
      f'{place} is no UTF-8 text (byte {error.start}); save it as UTF-8'
    ) from None
  except regular_files.NotRegular as error:
    raise ValueError(f'{place} is {error}; replace it') from None
  except ValueError as error:
    raise ValueError(f'{place} has {error}; split the dataset') from None
  rows: dict[str, list[str]] = {}
  lines = csv.reader(io.StringIO(text, newline=''), strict=True)
  header: list[str] | None = None
  try:
    for line in lines:
      if not line:
        continue
      if header is None:
        header = _check_header([name.strip() for name in line], place)
        continue
      if len(line) > len(header) + 1:
        raise ValueError(
          f'{place}, line {lines.line_num}: {len(line)} values for '
          f'{len(header) + 1} columns; put values with commas into quotes'
        )
      name, *values = line
      if name in rows:
        raise ValueError(
          f'{place}, line {lines.line_num}: {errors.printable(name)!r} has a '
          'row already; keep one of each file'
        )
      rows[name] = [v.strip() for v in values]
  except csv.Error as error:
    raise ValueError(
      f'{place}, line {lines.line_num}: no comma-separated values ({error})'
    ) from None
  if header is None:
    raise ValueError(f'{place} is empty; {_HEADER_HINT}')
  return header, rows


_HEADER_HINT = f'begin it with a line as {_FILE_COLUMN},hair,glasses'


def _check_header(names: list[str], place: str) -> list[str]:
  """The names of the columns behind that of the files."""
  if names[0] != _FILE_COLUMN:
    shown = errors.printable(','.join(names)[:60])
    raise ValueError(f'{place} begins with {shown!r}; {_HEADER_HINT}')
  header = names[1:]
  if len(header) > MAX_COLUMNS:
    raise ValueError(
      f'{place} has {len(header):,} columns; keep {MAX_COLUMNS:,} or fewer'
    )
  for name in header:
    if not name or header.count(name) > 1 or name == _FILE_COLUMN:
      raise ValueError(
        f'{place}: column {errors.printable(name)!r} has no name, or that of '
        'another; give each its own'
      )
  return header
