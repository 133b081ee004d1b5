"""A folder of files that are whole or not there, and known by checksum.

The manifest (`manifest.json`) is the one file that is ever written anew; all
others are written once, then named in it with their checksum. What it does not
name does not exist, so a program may be killed at any moment: the next one
finds the last manifest and all that it names. Every read is checked, for an
index that is silently wrong would go unnoticed for long.
"""

import contextlib
import fcntl
import hashlib
import io
import json
import os
import pathlib
from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np

# Counts changes of what the files mean.
FORMAT = 1
_MANIFEST = 'manifest.json'
_LOCK = 'lock'
_UNFINISHED = '.part'

# A file by its name and the checksum of its content.
Entry = dict[str, str]


class Storage:
  """The files of one index.

  Attributes:
    folder: where they are.
  """

  def __init__(self, folder: str | os.PathLike):
    """Names a folder, which need not exist yet."""
    self.folder = pathlib.Path(folder)
    self._mapped: dict[str, np.ndarray] = {}

  def read_manifest(self) -> dict[str, Any]:
    """What `commit` wrote last.

    Raises:
      FileNotFoundError: there is no index.
      ValueError: it is damaged, or of another version of the program.
    """
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
    return manifest

  def commit(self, manifest: Mapping[str, Any]) -> None:
    """Makes this the truth, in one step.

    Raises:
      OSError: it could not be written; the last one stands.
    """
    manifest = {**manifest, 'format': FORMAT}
    text = json.dumps({**manifest, 'checksum': _manifest_checksum(manifest)})
    self._write(_MANIFEST, text.encode())

  def write(self, name: str, content: bytes | np.ndarray) -> Entry:
    """Writes a file and returns the entry to read it by.

    Raises:
      OSError: it could not be written; says what to do.
    """
    if isinstance(content, np.ndarray):
      buffer = io.BytesIO()
      np.save(buffer, content, allow_pickle=False)
      content = buffer.getvalue()
    self._write(name, content)
    return {'name': name, 'sha256': hashlib.sha256(content).hexdigest()}

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
    if hashlib.sha256(content).hexdigest() != entry['sha256']:
      raise self._damaged(path, 'its checksum differs')
    return content

  def read_array(self, entry: Entry) -> np.ndarray:
    """An array; errors as of `read`."""
    return np.load(io.BytesIO(self.read(entry)), allow_pickle=False)

  def map_array(self, entry: Entry) -> np.ndarray:
    """An array that is read bit by bit, as it is used; checked the first time.

    Errors as of `read`.
    """
    name = entry['name']
    if name not in self._mapped:
      self.read(entry)
      self._mapped[name] = np.load(
        self.folder / name, mmap_mode='r', allow_pickle=False
      )
    return self._mapped[name]

  def tidy(self, named: set[str]) -> None:
    """Removes what an interrupted program left; `named` files stay."""
    for path in self.folder.iterdir():
      if path.name not in named | {_MANIFEST, _LOCK} and path.suffix in (
        '.npy',
        '.npz',
        '.json',
        '.faiss',
        _UNFINISHED,
      ):
        path.unlink()

  @contextlib.contextmanager
  def lock(self) -> Iterator[None]:
    """Keeps a second program from writing here meanwhile.

    Raises:
      OSError: one does, or the folder cannot be written to.
    """
    with self._explained(self.folder):
      self.folder.mkdir(parents=True, exist_ok=True)
      file = open(self.folder / _LOCK, 'w')
    with file:
      try:
        # Goes with the process, however that ends.
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
      except BlockingIOError:
        raise OSError(
          f'Another program is writing to {self.folder}; wait until it ends.'
        ) from None
      yield

  def _write(self, name: str, content: bytes) -> None:
    path = self.folder / name
    aside = path.with_name(f'{name}{_UNFINISHED}')
    with self._explained(path):
      self.folder.mkdir(parents=True, exist_ok=True)
      try:
        with open(aside, 'wb') as file:
          file.write(content)
          file.flush()
          os.fsync(file.fileno())
        os.replace(aside, path)
      finally:
        aside.unlink(missing_ok=True)

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
      f'{path} is damaged ({why}); restore it from a copy, or delete '
      f'{self.folder} and build the index anew.'
    )


def _manifest_checksum(manifest: Mapping[str, Any]) -> str:
  text = json.dumps(manifest, sort_keys=True)
  return hashlib.sha256(text.encode()).hexdigest()
