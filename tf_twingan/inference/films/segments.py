"""The finished parts of a film that is being translated.

Each part, of some seconds, is a folder in OUTPUT.parts that is whole or not
there: the encoded images, what is needed to join them, and the state in which
the translation goes on. They belong to one input, one model and one set of
options, whose digest names the folder above them, so that no other call takes
them for its own.
"""

import contextlib
import json
import os
import pathlib
import shutil
import zipfile
import zlib
from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np

from tf_twingan import errors, files, json_files, regular_files

# A new part begins after so many seconds of the film.
SECONDS = 2
FORMAT = 'nut'  # Of a part: it has any time base, which Matroska has not.
_VIDEO, _RECORD, _STATE = 'video.nut', 'part.json', 'state.npz'
_DIGITS = 16
_SAMPLE = 2**20


class Part(json_files.Model):
  """What is known of a part.

  Attributes:
    pts: when its images are shown, in the order in which its file has them.
    duration: of the image that is shown last, 0 if that is not known; in units
      of the time base, as all times.
    unchanged: how many of its images are those of the input.
    bytes: of the file of its images, which `UnfinishedPart.finish` fills in.
  """

  pts: list[int]
  duration: json_files.Count
  unchanged: json_files.Count
  bytes: json_files.Count = 0

  @property
  def frames(self) -> int:
    """How many images it has."""
    return len(self.pts)


def root(output: str | os.PathLike) -> pathlib.Path:
  """The folder of the parts of an output."""
  output = pathlib.Path(output)
  return output.with_name(f'{output.name}.parts')


class Segments:
  """The parts of one output, on disk.

  Attributes:
    root: OUTPUT.parts, which may hold parts of other calls, too.
  """

  def __init__(self, output: str | os.PathLike, key: Mapping[str, Any]):
    """Looks at nothing yet.

    Args:
      output: file of the result.
      key: all that decides the parts, as JSON knows it.
    """
    self.root = root(output)
    digest = files.sha256(json.dumps(key, sort_keys=True))
    self._folder = self.root / digest[:_DIGITS]

  @contextlib.contextmanager
  def locked(self) -> Iterator[None]:
    """Keeps other processes from writing the same parts.

    Raises:
      OSError: nothing can be written there.
      ValueError: another process does write them.
    """
    self._folder.mkdir(parents=True, exist_ok=True)
    with contextlib.ExitStack() as stack:
      try:
        stack.enter_context(files.lock(self._folder / 'lock'))
      except files.Locked:
        raise ValueError(
          f'{errors.printable(self.root)} is in use: the same film is being '
          'translated by another process; wait for it, or choose another '
          '--output.'
        ) from None
      except OSError as error:
        if error.errno not in files.NO_LOCKS:
          raise
      yield

  def finished(self) -> list[Part]:
    """The parts that are there, up to the last one that can be gone on from."""
    parts: list[Part] = []
    with contextlib.suppress(OSError, ValueError):
      while self.video(len(parts)).is_file():
        record = self._path(len(parts)) / _RECORD
        part = json_files.read(record, Part, remedy='')
        if self.video(len(parts)).stat().st_size != part.bytes:
          break
        parts.append(part)
    while parts and not self._has_state(len(parts) - 1):
      parts.pop()
    return parts

  def video(self, index: int) -> pathlib.Path:
    """The encoded images of a part."""
    return self._path(index) / _VIDEO

  def state(self, index: int) -> dict[str, np.ndarray]:
    """The state of the translation after a part.

    Raises:
      OSError: it cannot be read.
      ValueError: it is damaged.
    """
    path = self._path(index) / _STATE
    with regular_files.open_binary(path) as file:
      try:
        with np.load(file, allow_pickle=False) as arrays:
          return dict(arrays)
      except (EOFError, zipfile.BadZipFile, zlib.error) as error:
        raise ValueError(f'{errors.printable(path)}: {error}') from None

  def _has_state(self, index: int) -> bool:
    try:
      self.state(index)
    except (OSError, ValueError):
      return False
    return True

  @contextlib.contextmanager
  def part(self, index: int) -> Iterator['UnfinishedPart']:
    """Writes a part, which is there only if the block ends well.

    Of the parts before it, only the last one keeps its state.

    Raises:
      OSError: it cannot be written.
    """
    path = self._path(index)
    # One that is damaged, or of which the one before was lost.
    shutil.rmtree(path, ignore_errors=True)
    with files.atomic_path(path) as folder:
      folder.mkdir()
      yield UnfinishedPart(folder)
    # A state holds whole frames as they are. Only the newest one is read, or
    # the one before it if that is damaged.
    for before in range(index - 1):
      with contextlib.suppress(OSError):
        (self._path(before) / _STATE).unlink(missing_ok=True)

  def remove(self) -> bool:
    """Removes the parts; returns whether those of other calls are left."""
    shutil.rmtree(self._folder, ignore_errors=True)
    with contextlib.suppress(OSError):
      self.root.rmdir()
    return self.root.exists()

  def _path(self, index: int) -> pathlib.Path:
    return self._folder / f'{index:05}'


class UnfinishedPart:
  """A part that is being written.

  Attributes:
    video: where its images go.
  """

  def __init__(self, folder: pathlib.Path):
    """Belongs to `Segments.part`."""
    self._folder = folder
    self.video = folder / _VIDEO

  def finish(self, part: Part, state: Mapping[str, np.ndarray]) -> None:
    """Writes what goes with the images, once these are there."""
    np.savez(self._folder / _STATE, **state)
    whole = part.model_copy(update={'bytes': self.video.stat().st_size})
    (self._folder / _RECORD).write_text(whole.model_dump_json(), 'utf-8')


def identity(path: str | os.PathLike) -> dict[str, Any]:
  """What tells an input from others, as JSON knows it.

  Its length, when it was last changed, and the first, middle and last megabyte:
  all of a film of hours would take minutes to read.
  """
  with regular_files.open_binary(path) as file:
    status = os.fstat(file.fileno())
    samples = []
    for start in (0, status.st_size // 2, max(0, status.st_size - _SAMPLE)):
      file.seek(start)
      samples.append(files.sha256(file.read(_SAMPLE)))
  return {
    'bytes': status.st_size,
    'modified': status.st_mtime_ns,
    'samples': samples,
  }
