"""Files that are whole or not there: atomic writes, checksums and locks."""

import contextlib
import hashlib
import os
import pathlib
import shutil
import uuid
from collections.abc import Iterator

# What is being written has a name of its own that ends so.
UNFINISHED = '.part'


class Locked(Exception):
  """Another program holds a lock."""


@contextlib.contextmanager
def atomic_path(path: str | os.PathLike) -> Iterator[pathlib.Path]:
  """Gives a path to write to that becomes `path` when the block ends.

  A reader sees the old file or the new one and never half of one. If the block
  raises, what it wrote is removed and `path` stays as it was. The parent folder
  is made if missing.

  Args:
    path: the file to write or replace, or a folder that does not exist yet.

  Yields:
    A path in the same folder, `<name>.<random>.part`, where nothing exists yet.

  Raises:
    OSError: the file cannot be written or put in its place.
  """
  path = pathlib.Path(path)
  path.parent.mkdir(parents=True, exist_ok=True)
  unfinished = path.with_name(f'{path.name}.{uuid.uuid4().hex}{UNFINISHED}')
  try:
    yield unfinished
    os.replace(unfinished, path)
  finally:
    if unfinished.is_dir():
      shutil.rmtree(unfinished, ignore_errors=True)
    else:
      with contextlib.suppress(OSError):
        unfinished.unlink()


def atomic_write(path: str | os.PathLike, content: bytes | str) -> None:
  """Writes a file wholly or not at all, and waits until the disk has it.

  Args:
    path: the file to write or replace; its folder is made if missing.
    content: bytes, or text to write as UTF-8.

  Raises:
    OSError: it cannot be written; the old file, if any, is untouched.
  """
  if isinstance(content, str):
    content = content.encode()
  with atomic_path(path) as unfinished, open(unfinished, 'wb') as file:
    file.write(content)
    file.flush()
    os.fsync(file.fileno())


def sha256(content: bytes | str) -> str:
  """The SHA-256 checksum of bytes, or of text as UTF-8: 64 hex digits."""
  if isinstance(content, str):
    content = content.encode()
  return hashlib.sha256(content).hexdigest()


@contextlib.contextmanager
def lock(path: str | os.PathLike) -> Iterator[None]:
  """Holds a lock file, which ends with the process however that ends.

  Args:
    path: the lock file, which is made if missing.

  Raises:
    Locked: another process, or another block of this one, holds it.
    OSError: the file cannot be written.
  """
  # Here, not above: only those who write an index need it.
  import filelock

  held = filelock.FileLock(path, blocking=False)
  try:
    held.acquire()
  except filelock.Timeout:
    raise Locked(f'{path} is locked by another program') from None
  try:
    yield
  finally:
    held.release()
