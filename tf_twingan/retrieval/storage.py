"""The files of an index: written atomically, and checked when they are read.

The manifest (`manifest.json`) is the only file that is replaced; all others are
written once, under names of their own, then listed in it with their checksums.
A file that it does not list does not count, so a program may be killed at any
moment: the next one finds the last manifest and all files that it lists. Every
file is checked when it is read, as a silently wrong index would go unnoticed
for long. A reader that misses a file asks whether the manifest has changed
meanwhile; if so, it finds another, whole index there.

A folder may come from a stranger: a name in it stays inside the folder, only
regular files are opened, and nothing is allocated that a file does not hold.
"""

import contextlib
import io
import json
import math
import os
import pathlib
import re
import uuid
from collections.abc import Iterator, Mapping, Sequence
from typing import Annotated, Any, TypeVar

import numpy as np
import pydantic
from absl import logging

from tf_twingan import (
  errors,
  files,
  json_files,
  plain_names,
  regular_files,
  shell_words,
)
from tf_twingan.retrieval import npy_files

# Counts incompatible changes of the files.
FORMAT = 1
_MANIFEST = 'manifest.json'
_LOCK = 'lock'

# All other files are named so, in order that `tidy` removes no one else's.
_PREFIX = 'index-'
# By that, as earlier versions named them, and while they are being written.
_OURS = re.compile(
  rf'({_PREFIX}([0-9a-f]{{8}}[-.]|embedding\.[0-9a-f]{{8}}\.|'
  r'\d{6}\.(pictures|names|vectors)\.).*(npy|npz|json|faiss|part))|'
  rf'{re.escape(_MANIFEST)}\..*\.part',
  re.DOTALL,
)
# What stands before the numbers of an array, and more.
_HEADER_BYTES = 4096

REMEDY = 'restore it from a copy, or build the index anew in another folder'

T = TypeVar('T')


def _check_entry(entry: dict[str, str]) -> dict[str, str]:
  if not entry.keys() >= {'name', 'sha256'}:
    raise ValueError('a file needs a name and a sha256')
  plain_names.check_name(entry['name'])
  return entry


# A file by its name and the checksum of its content.
Entry = Annotated[dict[str, str], pydantic.AfterValidator(_check_entry)]


class Changed(OSError):
  """Another program has changed the index since it was opened."""


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
      OSError: it cannot be read.
    """
    manifest, self._last = self._checked_manifest()
    return manifest

  def check_unchanged(self) -> None:
    """Refuses to go on from a manifest that is no longer the last one.

    Raises:
      Changed: another program has committed since it was read.
    """
    if self._checked_manifest()[1] != self._last:
      raise Changed(
        f'Another program changed {self.shown} since it was opened; run the '
        'command again.'
      )

  @property
  def shown(self) -> str:
    """The folder, for messages."""
    return errors.printable(self.folder)

  def _checked_manifest(self) -> tuple[dict[str, Any], str]:
    """The manifest and its checksum."""
    path = self.folder / _MANIFEST
    try:
      manifest = json_files.read(path, dict[str, Any], remedy=REMEDY)
    except (FileNotFoundError, NotADirectoryError):
      index = shell_words.quote(f'--index={self.folder}')
      raise FileNotFoundError(
        f'{self.shown} holds no search index: there is no {_MANIFEST}. Build '
        'one first: python -m tf_twingan.search build '
        f'{index} --run_dir=RUN --source=folder:IMAGES'
      ) from None
    checksum = manifest.pop('checksum', None)
    if checksum != _manifest_checksum(manifest):
      raise self.damaged(_MANIFEST, 'its checksum differs')
    found = manifest.get('format')
    if found != FORMAT:
      raise ValueError(
        f'{errors.printable(path)} is of format {found!r}, and this version '
        f'of tf_twingan reads format {FORMAT}; build the index anew in another '
        'folder.'
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
    # Of its own: a reader of an older manifest never finds another content.
    name = f'{_PREFIX}{uuid.uuid4().hex[:8]}-{name}'
    self._write(name, content)
    return {'name': name, 'sha256': files.sha256(content)}

  def read(self, entry: Entry, *, at_most: int | None = None) -> bytes:
    """The content of a file.

    Args:
      entry: the file.
      at_most: number of bytes that it may have; a larger one is not read.

    Raises:
      Changed: it is missing, and no longer listed.
      ValueError: it is missing or not what was written.
    """
    name = entry['name']
    try:
      content = regular_files.read(self.folder / name, at_most=at_most)
    except OSError as error:
      raise self._unreadable(name, error) from None
    except ValueError as error:
      raise self.damaged(name, str(error)) from None
    if files.sha256(content) != entry['sha256']:
      raise self.damaged(name, 'its checksum differs')
    return content

  def read_json(self, entry: Entry, kind: type[T]) -> T:
    """What a JSON file holds, of this type.

    Raises:
      Changed: it is missing, and no longer listed.
      ValueError: it is missing or not what was written.
    """
    return json_files.parse(
      self.read(entry, at_most=json_files.MAX_BYTES),
      kind,
      name=errors.printable(self.folder / entry['name']),
      remedy=REMEDY,
    )

  def read_array(
    self,
    entry: Entry,
    dtype: Any = None,
    shape: Sequence[int | None] | None = None,
  ) -> np.ndarray:
    """The array of a file, read-only.

    Args:
      entry: the file.
      dtype: type that its numbers must have; None takes any.
      shape: lengths that it must have, None where any will do.

    Raises:
      Changed: it is missing, and no longer listed.
      ValueError: it is missing, not what was written, or no such array.
    """
    at_most = None
    lengths = [n for n in shape or () if n is not None]
    if dtype is not None and shape is not None and len(lengths) == len(shape):
      size = np.dtype(dtype).itemsize * math.prod(lengths)
      at_most = size + _HEADER_BYTES
    content = self.read(entry, at_most=at_most)
    try:
      array = npy_files.parse(content)
      if dtype is not None and array.dtype != dtype:
        raise ValueError(
          f'it holds {array.dtype}, and should hold {np.dtype(dtype)}'
        )
      if shape is not None and (
        len(shape) != array.ndim
        or any(n not in (None, m) for n, m in zip(shape, array.shape))
      ):
        wanted = ', '.join('any' if n is None else str(n) for n in shape)
        raise ValueError(
          f'it holds {list(array.shape)} numbers, and should hold [{wanted}]'
        )
      if array.dtype.kind == 'f' and not np.isfinite(array).all():
        raise ValueError('a number in it is not finite')
    except ValueError as error:
      raise self.damaged(entry['name'], str(error)) from None
    return array

  def read_row(
    self,
    entry: Entry,
    row: int,
    dtype: Any = None,
    shape: Sequence[int | None] | None = None,
  ) -> np.ndarray:
    """A row of the array of a file, which is checked the first time only.

    Args:
      entry: the file.
      row: number of the row.
      dtype: see `read_array`.
      shape: see `read_array`.

    Raises:
      Changed: it is missing, and no longer listed.
      ValueError: it is missing, not what was written, or no such array.
    """
    name = entry['name']
    path = self.folder / name
    try:
      if name not in self._rows:
        array = self.read_array(entry, dtype, shape)
        if not array.flags.c_contiguous:
          raise self.damaged(name, 'its numbers are not row by row')
        start = path.stat().st_size - array.nbytes
        self._rows[name] = (start, array.dtype, array.shape[1:])
      start, row_dtype, row_shape = self._rows[name]
      size = math.prod(row_shape)
      # Not left open or mapped: an index has more files than a program may
      # open.
      return np.fromfile(
        path,
        row_dtype,
        count=size,
        offset=start + row * size * row_dtype.itemsize,
      ).reshape(row_shape)
    except Changed:
      raise
    except OSError as error:
      raise self._unreadable(name, error) from None

  def damaged(self, name: str, why: str) -> ValueError:
    """The error for a file that is not what was written."""
    path = errors.printable(self.folder / name)
    return ValueError(f'{path} is damaged ({why}); {REMEDY}.')

  def _unreadable(self, name: str, error: OSError) -> Exception:
    if isinstance(error, FileNotFoundError):
      try:
        self.check_unchanged()
      except Changed as changed:
        return changed
      except (OSError, ValueError):
        pass  # The manifest has gone, too: the file's absence says as much.
    return self.damaged(name, errors.reason(error))

  def tidy(self, listed: set[str]) -> None:
    """Removes what an interrupted program left; `listed` files stay."""
    for path in self.folder.iterdir():
      is_file = path.is_symlink() or not path.is_dir()
      if _OURS.fullmatch(path.name) and is_file and path.name not in listed:
        path.unlink()

  @contextlib.contextmanager
  def lock(self) -> Iterator[None]:
    """Keeps a second program from writing here meanwhile.

    Where the file system has no locks it only warns.

    Raises:
      OSError: one does, or the folder cannot be written to.
    """
    with contextlib.ExitStack() as held:
      try:
        if self.folder.exists() and not self.folder.is_dir():
          raise NotADirectoryError(
            f'{self.shown}: a file, where the folder of an index should be; '
            'choose another --index'
          )
        with self._explained(self.folder):
          self.folder.mkdir(parents=True, exist_ok=True)
          if (self.folder / _LOCK).is_symlink():
            raise OSError(f'its {_LOCK} is a link')
          try:
            held.enter_context(files.lock(self.folder / _LOCK))
          except OSError as error:
            if error.errno not in files.NO_LOCKS:
              raise
            logging.warning(
              '%s cannot be locked on this file system (%s): see to it that no '
              'other program writes there.',
              self.shown,
              errors.first_line(error),
            )
      except files.Locked:
        raise OSError(
          f'Another program is writing to {self.shown}; wait until it ends.'
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
        f'Cannot write {errors.printable(path)} ({errors.reason(error)}); '
        'free some space or choose another folder, then run the same command '
        'again: what was written before is kept.'
      ) from error


def _manifest_checksum(manifest: Mapping[str, Any]) -> str:
  text = json.dumps(manifest, sort_keys=True)
  return files.sha256(text)
