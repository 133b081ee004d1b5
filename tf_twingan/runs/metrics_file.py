"""The metrics of a run, `metrics.jsonl`: one JSON object a line.

A line holds `images_seen`, `time` and values by name. A training that was
killed can leave part of a line, and a file may have been edited or damaged:
lines that cannot be read are passed over, with a warning.
"""

import json
import os
import time
from collections.abc import Iterator, Mapping
from typing import Annotated, Any

import pydantic
from absl import logging

from tf_twingan import errors, files, json_files

NAME = 'metrics.jsonl'


class _Row(json_files.Model):
  images_seen: Annotated[int, pydantic.Field(ge=0, lt=2**63)]


def append(run_dir: str, images_seen: int, values: Mapping[str, float]) -> None:
  """Adds a line.

  Args:
    run_dir: the run directory; it is made if missing.
    images_seen: images of each domain seen.
    values: {name: value}.

  Raises:
    OSError: it could not be written.
  """
  row = {'images_seen': images_seen, 'time': round(time.time(), 1), **values}
  os.makedirs(run_dir, exist_ok=True)
  with open(_path(run_dir), 'a', encoding='utf-8', newline='\n') as file:
    file.write(json.dumps(row) + '\n')


def read(run_dir: str | os.PathLike) -> list[dict[str, Any]]:
  """Returns the lines that can be read; none if there is no file.

  Raises:
    OSError: the file cannot be read.
  """
  return [row for _, row in _lines(run_dir)]


def rewind(run_dir: str, images_seen: int) -> None:
  """Removes the lines of after `images_seen`, and those that can't be read.

  Raises:
    OSError: the file could not be read or written; it is untouched.
  """
  if not os.path.isfile(_path(run_dir)):
    return
  kept = [
    line for line, r in _lines(run_dir) if r['images_seen'] <= images_seen
  ]
  files.atomic_write(_path(run_dir), ''.join(line + '\n' for line in kept))


def _path(run_dir):
  return os.path.join(run_dir, NAME)


def _lines(run_dir) -> Iterator[tuple[str, dict[str, Any]]]:
  """Yields the text and the content of each line that can be read."""
  path = _path(run_dir)
  if not os.path.isfile(path):
    return
  problems = []
  with open(path, encoding='utf-8', errors='replace') as file:
    for number, text in enumerate(file, start=1):
      line = text.rstrip('\n')
      try:
        row = json_files.parse(line, _Row, name=f'line {number}', remedy='')
      except ValueError as error:
        problems.append(str(error).rstrip('; .'))
        continue
      yield line, row.model_dump()
  if problems:
    logging.warning(
      '%s: %d of its lines cannot be read and are left out: %s.',
      errors.printable(path),
      len(problems),
      errors.printable(problems[0]),
    )
