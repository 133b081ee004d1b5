"""What preparing left out and why: the rows of rejected.csv."""

import csv
import io
import os
import pathlib
from collections.abc import Iterable
from typing import NamedTuple

from tf_twingan import errors, files

# What each reason means, for the documents and the report.
REASONS = {
  'unreadable': 'The file is no image that can be read; the detail says why.',
  'too_small': 'The shorter side of the photo has too few pixels.',
  'no_face': 'The detector found no face.',
  'face_too_small': 'The face has too few pixels in the photo.',
  'rolled': 'The head is tilted too far to one side.',
  'cut_off': 'Too much of the face lies outside the photo.',
  'blurred': 'There are no fine details: out of focus, shaken or enlarged.',
  'uniform': 'Nearly all pixels have the same colour.',
  'near_duplicate': 'It shows what another image shows; `repeats` names it.',
  'no_person': 'The segmentation found no head and shoulders to cut out.',
  'unclear_person': 'The segmentation is too unsure of where the person ends.',
}
COLUMNS = ('file', 'reason', 'score', 'repeats', 'detail')


class Rejection(NamedTuple):
  """One image, or one face of it, that was left out.

  Attributes:
    file: name of the photo, relative to the input.
    reason: one of REASONS.
    score: the measure that decided, if there is one.
    repeats: the image that it repeats, for near-duplicates.
    detail: more, in words: the limit, or what is wrong with the file.
  """

  file: str
  reason: str
  score: float | None = None
  repeats: str = ''
  detail: str = ''


def write(path: str | os.PathLike, rejections: Iterable[Rejection]) -> None:
  """Writes rejected.csv, wholly or not at all.

  Names stand there as they are, between quotation marks where they hold commas
  or line breaks; names that are not UTF-8 keep their bytes.

  Args:
    path: the file to write or replace.
    rejections: its rows.

  Raises:
    OSError: it cannot be written.
    ValueError: a reason is none of REASONS.
  """
  text = io.StringIO()
  writer = csv.writer(text, lineterminator='\n')
  writer.writerow(COLUMNS)
  for rejection in rejections:
    if rejection.reason not in REASONS:
      raise ValueError(
        f'reason {rejection.reason!r} is unknown; use one of '
        f'{", ".join(REASONS)}'
      )
    file, reason, score, *others = rejection
    score_text = '' if score is None else f'{score:.6g}'
    writer.writerow([file, reason, score_text, *others])
  content = text.getvalue().encode('utf-8', 'surrogateescape')
  files.atomic_write(path, content)


def read(path: str | os.PathLike) -> list[Rejection]:
  """Reads rejected.csv.

  Raises:
    FileNotFoundError: there is no such file.
    ValueError: it is no file that `write` wrote; one sentence.
  """
  content = pathlib.Path(path).read_bytes()
  text = content.decode('utf-8', 'surrogateescape')
  rows = csv.reader(io.StringIO(text, newline=''), strict=True)
  rejections = []
  try:
    if tuple(next(rows, ())) != COLUMNS:
      raise ValueError(f'its first line is not {",".join(COLUMNS)}')
    for file, reason, score, repeats, detail in rows:
      value = float(score) if score else None
      rejections.append(Rejection(file, reason, value, repeats, detail))
  except (ValueError, csv.Error) as error:
    raise ValueError(
      f'{errors.printable(path)} is damaged at line {rows.line_num}: '
      f'{errors.first_line(error)}; prepare the images again'
    ) from None
  return rejections
