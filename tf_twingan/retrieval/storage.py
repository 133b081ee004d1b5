"""The files of an index: written atomically, and checked when they are read.

The manifest (`manifest.json`) is the only file that is replaced; all others are
written once, then listed in it with their checksums. A file that it does not
list does not count, so a program may be killed at any moment: the next one
finds the last manifest and all files that it lists. Every file is checked when
it is read, as a silently wrong index would go unnoticed for long.
"""

import contextlib
import io
import json
import os
import pathlib
from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np

from tf_twingan import files

# Counts incompatible changes of the files.
FORMAT = 1
_MANIFEST = 'manifest.json'
_LOCK = 'lock'

# All other files are named so, in order that `tidy` removes no one else's.
_PREFIX = 'index-'

# A file by its name and the checksum of its content.
Entry = dict[str, str]


class Storage:
  """The files of one index.

  Attributes:
    folder: folder of the files.
  """

  def __init__(self, folder: str | os.PathLike):
    """Takes a folder, which need not exist yet."""
    self.folder = pathlib.Path(folder)
    # The checksum of the manifest that was read or committed last.
    self._last: str | None = None
    # For each array checked so far: where rows begin, their dtype and shape.
    self._rows: dict[str, tuple[int, np.dtype, tuple[int, ...]]] = {}

  def read_manifest(self) -> dict[str, Any]:
    """The manifest that `commit` wrote last.

    Raises:
      FileNotFoundError: there is no index.
      ValueError: it is damaged, or of another version of the program.
    """
    manifest, self._last = self._checked_manifest()
    return manifest

  def check_unchanged(self) -> None:
    """Refuses to go on from a manifest that is no longer the last one.

    Raises:
      OSError: another program has committed since it was read.
    """
    if self._checked_manifest()[1] != self._last:
      raise OSError(
        f'Another program changed {self.folder} since it was opened; run the '
        'command again.'
      )

  def _checked_manifest(self) -> tuple[dict[str, Any], str]:
    """The manifest and its checksum."""
    path = self.folder / _MANIFEST
    try:
      manifest = json.loads(path.read_text(encoding='utf-8'))
      checksum, found = manifest.pop('checksum'), manifest.get('format')
    except (FileNotFoundError, NotADirectoryError):
      raise FileNotFoundError(
        f'{self.folder} holds no search index: there is no {_MANIFEST}. '
        'Build one first: python -m tf_twingan.search build'
      ) from None
    except (ValueError, KeyError, TypeError, AttributeError) as error:
      raise self._damaged(path, f'it is no manifest: {error}') from None
    if checksum != _manifest_checksum(manifest):
      raise self._damaged(path, 'its checksum differs')
    if found != FORMAT:
      raise ValueError(
        f'{path} is of format {found}, and this version of tf_twingan reads '
        f'format {FORMAT}; build the index anew in another folder.'
      )
    return manifest, checksum

  def commit(self, manifest: Mapping[str, Any]) -> None:
    """Replaces the manifest, in one step.

    Raises:
      OSError: it could not be written; the one before stays.
    """
    manifest = {**manifest, 'format': FORMAT}
    checksum = _manifest_checksum(manifest)
    text = json.dumps({**manifest, 'checksum': checksum})
    self._write(_MANIFEST, text.encode())
    self._last = checksum

  def write(self, name: str, content: bytes | np.ndarray) -> Entry:
    """Writes a file and returns the entry to read it by.

    Raises:
      OSError: it could not be written; says what to do.
    """
    if isinstance(content, np.ndarray):
      buffer = io.BytesIO()
      # Row by row, as `read_row` wants it.
      np.save(buffer, np.ascontiguousarray(content), allow_pickle=False)
      content = buffer.getvalue()
    name = _PREFIX + name
    self._write(name, content)
    return {'name': name, 'sha256': files.sha256(content)}

  def read(self, entry: Entry) -> bytes:
    """The content of a file.

    Raises:
      ValueError: it is missing or not what was written.
    """
    path = self.folder / entry['name']
    try:
      content = path.read_bytes()
    except OSError as error:
      raise self._damaged(path, error.strerror or str(error)) from None
    if files.sha256(content) != entry['sha256']:
      raise self._damaged(path, 'its checksum differs')
    return content

  def read_array(self, entry: Entry) -> np.ndarray:
    """The array of a file.

    Raises:
      ValueError: it is missing or not what was written.
    """
    return np.load(io.BytesIO(self.read(entry)), allow_pickle=False)

  def read_row(self, entry: Entry, row: int) -> np.ndarray:
    """A row of the array of a file, which is checked the first time only.

    Raises:
      ValueError: it is missing or not what was written.
    """
    name = entry['name']
    if name not in self._rows:
      content = self.read(entry)
      array = np.load(io.BytesIO(content), allow_pickle=False)
      start = len(content) - array.nbytes
      self._rows[name] = (start, array.dtype, array.shape[1:])
    start, dtype, shape = self._rows[name]
    size = int(np.prod(shape))
    # Not left open or mapped: an index has more files than a program may open.
    return np.fromfile(
      self.folder / name,
      dtype,
      count=size,
      offset=start + row * size * dtype.itemsize,
    ).reshape(shape)

  def tidy(self, listed: set[str]) -> None:
    """Removes what an interrupted program left; `listed` files stay."""
    for path in self.folder.iterdir():
      ours = path.name.startswith((_PREFIX, f'{_MANIFEST}.'))
      if ours and path.name not in listed:
        path.unlink()

  @contextlib.contextmanager
  def lock(self) -> Iterator[None]:
    """Keeps a second program from writing here meanwhile.

    Raises:
      OSError: one does, or the folder cannot be written to.
    """
    with contextlib.ExitStack() as held:
      try:
        with self._explained(self.folder):
          self.folder.mkdir(parents=True, exist_ok=True)
          held.enter_context(files.lock(self.folder / _LOCK))
      except files.Locked:
        raise OSError(
          f'Another program is writing to {self.folder}; wait until it ends.'
        ) from None
      yield

  def _write(self, name: str, content: bytes) -> None:
    path = self.folder / name
    with self._explained(path):
      files.atomic_write(path, content)

  @contextlib.contextmanager
  def _explained(self, path: pathlib.Path) -> Iterator[None]:
    try:
      yield
    except OSError as error:
      raise OSError(
        f'Cannot write {path} ({error.strerror or error}); free some space or '
        'choose another folder, then run the same command again: what was '
        'written before is kept.'
      ) from error

  def _damaged(self, path: pathlib.Path, why: str) -> ValueError:
    return ValueError(
      f'{path} is damaged ({why}); restore it from a copy, or build the index '
      'anew in another folder.'
    )


def _manifest_checksum(manifest: Mapping[str, Any]) -> str:
  text = json.dumps(manifest, sort_keys=True)
  return files.sha256(text)
