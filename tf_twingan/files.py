"""Files that are whole or not there: atomic writes, checksums and locks."""

import contextlib
import errno
import hashlib
import os
import pathlib
import shutil
import tempfile
import uuid
from collections.abc import Iterator

from tf_twingan import errors, regular_files

# What is being written has a name of its own that ends so.
UNFINISHED = '.part'
# Windows waits for a file only if it could be written.
_TO_SYNC = os.O_RDWR if os.name == 'nt' else os.O_RDONLY
# What file systems answer that cannot wait for a file or a folder.
_CANNOT_SYNC = {
  errno.EACCES,
  errno.EBADF,
  errno.EINVAL,
  errno.ENOTSUP,
  errno.EPERM,
}

# What file systems answer that have no locks.
NO_LOCKS = {
  errno.EINVAL,
  errno.ENOLCK,
  errno.ENOSYS,
  errno.ENOTSUP,
  errno.EOPNOTSUPP,
  524,  # ENOTSUPP of the kernel, which Python has no name for.
}

_PART = 2**20  # Bytes that are read at once.
# How much of a file's name its unfinished one repeats. A name may have 255
# bytes, on some disks 143, and a character takes up to 4 of them.
_KEPT_CHARACTERS = 24


class Locked(Exception):
  """Another program holds a lock."""


@contextlib.contextmanager
def atomic_path(
  path: str | os.PathLike, *, durable: bool = True
) -> Iterator[pathlib.Path]:
  """Gives a path to write to that becomes `path` when the block ends.

  A reader sees the old file or the new one and never half of one, also after
  the computer lost its power. If the block raises, what it wrote is removed and
  `path` stays as it was. The parent folder is made if missing.

  Args:
    path: the file to write or replace, or a folder that does not exist yet.
    durable: wait until the disk has it before it is renamed. Without, a loss of
      power may leave an empty file under the name: for many small files that
      can be made again.

  Yields:
    A path in the same folder, `<start of name>.<random>.part`, where nothing
    exists yet.

  Raises:
    OSError: the file cannot be written or put in its place.
  """
  path = pathlib.Path(path)
  path.parent.mkdir(parents=True, exist_ok=True)
  unfinished = path.with_name(
    f'{path.name[:_KEPT_CHARACTERS]}.{uuid.uuid4().hex}{UNFINISHED}'
  )
  try:
    yield unfinished
    if durable:
      sync(unfinished)
    os.replace(unfinished, path)
    if durable:
      sync_names(path.parent)
  finally:
    if unfinished.is_dir():
      shutil.rmtree(unfinished, ignore_errors=True)
    else:
      with contextlib.suppress(OSError):
        unfinished.unlink()


def atomic_write(path: str | os.PathLike, content: bytes | str) -> None:
  r"""Writes a file wholly or not at all, and waits until the disk has it.

  Args:
    path: the file to write or replace; its folder is made if missing.
    content: bytes, or text to write as UTF-8. What UTF-8 does not have, which
      Python's strings hold for file names in other encodings, is written as
      JSON and Python escape it: `\udce9`.

  Raises:
    OSError: it cannot be written; the old file, if any, is untouched.
  """
  if isinstance(content, str):
    content = content.encode(errors='backslashreplace')
  with atomic_path(path) as unfinished:
    unfinished.write_bytes(content)


def sync(path: str | os.PathLike) -> None:
  """Waits until the disk has a file, or a folder with all that is in it.

  Call it before a rename that replaces something: many file systems rename at
  once and write the content later.

  Raises:
    OSError: it is not there, or could not be written, e.g. as the disk is full.
  """
  if not os.path.isdir(path):
    _sync(path)
  for root, _, names in os.walk(os.fspath(path)):
    for name in names:
      _sync(os.path.join(root, name))
    _sync(root)


def sync_names(folder: str | os.PathLike) -> None:
  """Waits until the disk has the names in a folder, as after a rename.

  Raises:
    OSError: it is not there, or could not be written.
  """
  _sync(folder)


def _sync(path):
  try:
    descriptor = os.open(path, _TO_SYNC)
    try:
      os.fsync(descriptor)
    finally:
      os.close(descriptor)
  except OSError as error:
    if error.errno not in _CANNOT_SYNC:
      raise


def check_writable(folder: str | os.PathLike, *names: str) -> None:
  """Finds out before any work whether files can be written to a folder.

  It tries, and leaves nothing behind: permissions alone do not tell, as the
  disk may be read-only or full.

  Args:
    folder: the folder, which need not exist.
    *names: files that are to be written or replaced there.

  Raises:
    OSError: they cannot be written; one line that names what is in the way.
  """
  folder = pathlib.Path(folder)
  there = next(p for p in (folder, *folder.parents) if os.path.lexists(p))
  if not there.is_dir():
    raise NotADirectoryError(
      f'{errors.printable(there)}: no folder, so that nothing can be written '
      'there; choose another folder, or move it away'
    )
  for path in (folder / name for name in names):
    if path.is_dir():
      raise IsADirectoryError(
        f'{errors.printable(path)}: a folder, where a file is to be written; '
        'choose another folder, or move it away'
      )
  try:
    # A name that is too long shows here.
    with contextlib.suppress(FileNotFoundError):
      os.lstat(folder)
    with tempfile.TemporaryDirectory(suffix=UNFINISHED, dir=there) as trial:
      pathlib.Path(trial, 'file').write_bytes(b'content')
  except OSError as error:
    raise type(error)(
      f'{errors.printable(folder)}: nothing can be written there '
      f'({errors.reason(error)}); choose another folder, or mend that'
    ) from None


def free_bytes(folder: str | os.PathLike) -> int | None:
  """The bytes that are free on the disk of a folder.

  Returns:
    Their number; None where the file system does not know, as some network
    drives and mounted cloud storage, which say 0 of their size, too.

  Raises:
    OSError: there is no such folder.
  """
  usage = shutil.disk_usage(folder)
  return usage.free if usage.free or usage.total else None


def sha256(content: bytes | str) -> str:
  """The SHA-256 checksum of bytes, or of text as UTF-8: 64 hex digits."""
  if isinstance(content, str):
    content = content.encode()
  return hashlib.sha256(content).hexdigest()


def sha256_of(path: str | os.PathLike) -> str:
  """The checksum of a file of any size.

  Raises:
    OSError: it cannot be read.
    ValueError: it is no regular file.
  """
  digest = hashlib.sha256()
  with regular_files.open_binary(path) as file:
    while part := file.read(_PART):
      digest.update(part)
  return digest.hexdigest()


@contextlib.contextmanager
def lock(path: str | os.PathLike) -> Iterator[None]:
  """Holds a lock file, which ends with the process however that ends.

  The file stays. It can be written by whoever can write to its folder, so that
  a folder that several users share is not left to the first of them.

  Args:
    path: the lock file, which is made if missing.

  Raises:
    Locked: another process, or another block of this one, holds it.
    OSError: the file cannot be written; says what to do if it is another
      user's, or a link. One of `NO_LOCKS` if the file system has no locks.
  """
  # Here, not above: only those who write an index need it.
  import filelock

  mode = os.stat(os.path.dirname(path) or '.').st_mode & 0o666
  # Not one that only asks whether the file is there: it would stay locked when
  # its process is killed.
  held = filelock.FileLock(
    path, blocking=False, mode=mode, fallback_to_soft=False
  )
  try:
    held.acquire()
  except PermissionError:
    raise PermissionError(
      f'{path} is of another user and cannot be opened; delete it if nobody '
      'writes there, or choose another folder'
    ) from None
  except filelock.Timeout:
    raise Locked(f'{path} is locked by another program') from None
  except OSError as error:
    if error.errno != errno.ELOOP:
      raise
    raise OSError(
      f'{path} is a link, as in a copy made of links, and locks are not taken '
      'through one; delete it'
    ) from None
  try:
    yield
  finally:
    held.release()
