"""What earlier calls wrote to a folder, and what they made it of.

Each call adds a file of lines to the folder's hidden `.translated`, one line a
result, written before the result gets its name. So a call that was killed at
any moment has said of every result that is there what it is: the next one
leaves out what is done, and knows what it may replace. Several processes, on
several machines, may write into one folder.
"""

import functools
import hashlib
import json
import os
import pathlib
import re
import threading
import time
import uuid
from collections.abc import Iterator
from typing import Any, BinaryIO, NamedTuple

from tf_twingan import regular_files

FOLDER = '.translated'
_SUFFIX = '.jsonl'
_OTHER = re.compile(r'(.+)\.face[0-9]+', re.DOTALL | re.IGNORECASE)
# A path has 4096 bytes, which JSON writes in up to six characters each.
_LONGEST_LINE = 2**16
_LONGEST_REASON = 2**12


class Source(NamedTuple):
  """The file that a result was made of, as it was then.

  Attributes:
    size: its length in bytes.
    modified: when it was last changed, in nanoseconds.
  """

  size: int
  modified: int

  @classmethod
  def of(cls, path: str | os.PathLike) -> 'Source | None':
    """Looks at a file; None if it is not there."""
    try:
      status = os.stat(path)
    except OSError:
      return None
    return cls(status.st_size, status.st_mtime_ns)


class _Entry(NamedTuple):
  """A line: the source, what was asked for, and the result's file.

  Attributes:
    source: what the result was made of.
    key: stands for all that was asked for.
    result: its file.
    digest: of its content.
    others: how many further results of the source were written before it.
  """

  source: Source
  key: str
  result: Source
  digest: str
  others: int = 0


class _Skipped(NamedTuple):
  """A line: why there is no result."""

  key: str
  reason: str


def other_path(path: str | os.PathLike, number: int) -> pathlib.Path:
  """The file of a further result of one source, whose first is `path`.

  Args:
    path: file of the first result.
    number: 2 for the second one, and so on.
  """
  path = pathlib.Path(path)
  return path.with_name(f'{path.stem}.face{number}{path.suffix}')


def first_path(path: str | os.PathLike) -> pathlib.Path | None:
  """The first result's file of what may be a further one; else None."""
  path = pathlib.Path(path)
  match = _OTHER.fullmatch(path.stem)
  return path.with_name(match[1] + path.suffix) if match else None


class _Lines(NamedTuple):
  """What was said of one result.

  Attributes:
    entries: all that may have become its file, whatever came later: a call may
      have ended before its result got the name.
    skipped: the last line, if it says why there is none.
  """

  entries: tuple[_Entry, ...] = ()
  skipped: _Skipped | None = None

  def with_line(self, line: _Entry | _Skipped) -> '_Lines':
    """Adds a line; one that differs in the file's time alone is replaced."""
    if isinstance(line, _Skipped):
      return self._replace(skipped=line)
    others = (e for e in self.entries if not _is_same(e, line))
    return _Lines((*others, line))


class ResultRecord:
  """The record of one folder; several threads may use it."""

  def __init__(self, folder: str | os.PathLike):
    """Opens the record; it is read when it is first asked for something.

    Args:
      folder: folder of the results, which need not exist.
    """
    self._folder = pathlib.Path(folder)
    self._lock = threading.Lock()
    self._file: BinaryIO | None = None

  @functools.cached_property
  def _lines(self) -> dict[str, '_Lines']:
    """What all calls said of each result."""
    found: dict[str, _Lines] = {}
    for name, line in _read_all(self._folder / FOLDER):
      found[name] = found.get(name, _Lines()).with_line(line)
    return found

  def _entries(self, path: str | os.PathLike) -> tuple['_Entry', ...]:
    return self._lines.get(self._name(path), _Lines()).entries

  def is_result(self, path: str | os.PathLike) -> bool:
    """Whether a file is what an earlier call wrote there, unchanged."""
    return any(_is_equal(path, entry) for entry in self._entries(path))

  def is_done(
    self, path: str | os.PathLike, source: str | os.PathLike, key: str
  ) -> bool:
    """Whether a result is there, of this source as it is now, and all others.

    Args:
      path: file of the result.
      source: the image that it is to be made of.
      key: stands for all that is asked for.
    """
    asked = Source.of(source), key
    return any(
      (entry.source, entry.key) == asked
      and _is_equal(path, entry)
      and all(
        self.is_done(other_path(path, number), source, key)
        for number in range(2, entry.others + 2)
      )
      for entry in self._entries(path)
    )

  def others(self, path: str | os.PathLike) -> int:
    """How many further results earlier calls wrote beside one, at most."""
    return max((entry.others for entry in self._entries(path)), default=0)

  def note(
    self,
    path: str | os.PathLike,
    unfinished: str | os.PathLike,
    content: bytes,
    source: Source | None,
    key: str,
    others: int = 0,
  ) -> None:
    """Adds a result that is written and has not got its name yet.

    Args:
      path: the name that it is going to have.
      unfinished: the file.
      content: what is in it.
      source: what it was made of.
      key: see `is_done`.
      others: how many further results of the source are there, see
        `other_path`.

    Raises:
      OSError: the record cannot be written.
    """
    name = self._name(path)
    entry = _Entry(
      source or Source(-1, 0),
      key,
      Source(len(content), os.stat(unfinished).st_mtime_ns),
      _digest(content),
      others,
    )
    line = json.dumps(
      [name, *entry.source, key, *entry.result, entry.digest, others]
    )
    with self._lock:
      self._opened().write(line.encode() + b'\n')

  def note_skipped(
    self, path: str | os.PathLike, key: str, reason: str
  ) -> None:
    """Adds why there is no result, for the process that asked for it.

    Args:
      path: file that the result would have had.
      key: see `is_done`.
      reason: why there is none.

    Raises:
      OSError: the record cannot be written.
    """
    # A reason may name a file.
    line = json.dumps([self._name(path), key, reason[:_LONGEST_REASON]])
    with self._lock:
      self._opened().write(line.encode() + b'\n')

  def reason(self, path: str | os.PathLike, key: str) -> str | None:
    """Why there is no result of what is asked for; None if that is unknown."""
    skipped = self._lines.get(self._name(path), _Lines()).skipped
    return skipped.reason if skipped and skipped.key == key else None

  def close(self) -> None:
    """Ends writing."""
    with self._lock:
      if self._file is not None:
        self._file.close()
        self._file = None

  def _opened(self) -> BinaryIO:
    if self._file is None:
      folder = self._folder / FOLDER
      folder.mkdir(parents=True, exist_ok=True)
      # In the order of their beginnings, and one for each process.
      name = f'{time.time_ns():020}-{uuid.uuid4().hex[:8]}{_SUFFIX}'
      # Nothing is held back, so that a kill loses no line.
      self._file = open(folder / name, 'xb', buffering=0)
    return self._file

  def _name(self, path: str | os.PathLike) -> str:
    return pathlib.Path(os.path.relpath(path, self._folder)).as_posix()


def _read_all(
  folder: pathlib.Path,
) -> Iterator[tuple[str, _Entry | _Skipped]]:
  """The lines of all calls, the last one of a result last."""
  try:
    names = sorted(os.listdir(folder))
  except OSError:
    return
  for name in names:
    if name.endswith(_SUFFIX):
      try:
        with regular_files.open_binary(folder / name) as file:
          while line := file.readline(_LONGEST_LINE):
            entry = _parse(line)
            if entry is not None:
              yield entry
      except (OSError, regular_files.NotRegular):
        continue


def _parse(line: bytes) -> tuple[str, _Entry | _Skipped] | None:
  """One line; None if it was cut off, or is not of this program."""
  try:
    fields: list[Any] = json.loads(line)
  except (ValueError, RecursionError):
    return None
  if not isinstance(fields, list):
    return None
  kinds = [*map(type, fields)]
  if kinds == [str, str, str]:
    return fields[0], _Skipped(*fields[1:])
  if kinds != [str, int, int, str, int, int, str, int]:
    return None
  name, size, modified, key, length, written, digest, others = fields
  result = Source(length, written)
  return name, _Entry(Source(size, modified), key, result, digest, others)


def _is_same(entry: _Entry, other: _Entry) -> bool:
  """Whether two entries are the same result of the same source."""
  result = entry.result._replace(modified=other.result.modified)
  return entry._replace(result=result) == other


def _is_equal(path: str | os.PathLike, entry: _Entry) -> bool:
  """Whether a file is the one of an entry, or a copy of it."""
  there = Source.of(path)
  if there is None or there.size != entry.result.size:
    return False
  if there.modified == entry.result.modified:
    return True
  try:
    content = regular_files.read(path, at_most=entry.result.size)
  except (OSError, ValueError):
    return False
  return _digest(content) == entry.digest


def _digest(content: bytes) -> str:
  return hashlib.blake2b(content, digest_size=16).hexdigest()
