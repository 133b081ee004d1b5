"""The report of a folder's translation: which images failed, and why."""

import csv
import io
import os
import pathlib
import sys
from collections.abc import Mapping

from tf_twingan import errors, files, regular_files

NAME = 'skipped.csv'
_COLUMNS = ('file', 'reason')
_HEADER = f'{",".join(_COLUMNS)}\n'.encode()
# More would push what matters off the screen.
_PRINTED = 20


def check_replaced(folder: str | os.PathLike) -> None:
  """Refuses to overwrite a file of another program.

  Args:
    folder: folder of the results.

  Raises:
    ValueError: there is one, by the name of the report.
  """
  path = pathlib.Path(folder, NAME)
  if os.path.lexists(path) and not _is_report(path):
    raise ValueError(
      f'{errors.printable(path)} is there, is no report of skipped images, and '
      'would be overwritten; choose another folder for the output.'
    )


def write(
  folder: str | os.PathLike,
  skipped: Mapping[pathlib.Path, str],
  root: str | os.PathLike,
) -> None:
  """Writes the report, or removes an earlier one if nothing is skipped.

  Args:
    folder: folder of the results.
    skipped: {file: why it is not translated}.
    root: the folder that the files were found in.

  Raises:
    OSError: it cannot be written.
  """
  path = pathlib.Path(folder, NAME)
  if not skipped:
    if _is_report(path):
      path.unlink()
    return
  text = io.StringIO()
  writer = csv.writer(text, lineterminator='\n')
  writer.writerow(_COLUMNS)
  for file, reason in skipped.items():
    name = pathlib.Path(os.path.relpath(file, root)).as_posix()
    writer.writerow([name, errors.printable(reason)])
  # Names that are not UTF-8 keep their bytes.
  files.atomic_write(path, text.getvalue().encode('utf-8', 'surrogateescape'))


def print_result(
  count: int,
  skipped: Mapping[pathlib.Path, str],
  folder: str | os.PathLike,
  *,
  is_written: bool = False,
) -> None:
  """Prints how many images are translated, and lists the others.

  Args:
    count: number of images that were to be translated.
    skipped: {file: why it is not translated}.
    folder: folder of the output.
    is_written: whether the report was written, so that long lists need not be
      printed whole.

  Raises:
    ValueError: not one is translated.
  """
  done = count - len(skipped)
  print(f'{done} of {count} images translated to {errors.printable(folder)}')
  shown = list(skipped.items())
  if is_written and len(shown) > _PRINTED:
    shown = shown[:_PRINTED]
  for path, reason in shown:
    print(errors.printable(f'  skipped {path}: {reason}'), file=sys.stderr)
  if is_written and skipped:
    report = errors.printable(pathlib.Path(folder, NAME))
    more = len(skipped) - len(shown)
    others = f'and {more} more, all of them' if more else 'all of them'
    print(f'  {others} in {report}', file=sys.stderr)
  if not done:
    raise ValueError('no image could be read and its translation written.')


def _is_report(path: pathlib.Path) -> bool:
  try:
    with regular_files.open_binary(path) as file:
      return file.read(len(_HEADER)) == _HEADER
  except (OSError, regular_files.NotRegular):
    return False
