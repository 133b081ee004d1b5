"""Files that may come from a stranger, opened only if they are regular.

A FIFO would wait for its writer for ever, and opening some devices acts.
"""

import os
import stat
from typing import BinaryIO

_KINDS = {
  stat.S_IFDIR: 'a folder',
  stat.S_IFIFO: 'a FIFO',
  stat.S_IFSOCK: 'a socket',
  stat.S_IFCHR: 'a device',
  stat.S_IFBLK: 'a device',
}


class NotRegular(ValueError):
  """What is there is no regular file, nor a link to one.

  Attributes:
    kind: what it is instead, such as 'a FIFO'.
  """

  def __init__(self, mode: int):
    self.kind = _KINDS.get(stat.S_IFMT(mode), 'something else')
    super().__init__(f'no regular file but {self.kind}')


def open_binary(path: str | os.PathLike) -> BinaryIO:
  """Opens a regular file, or a link to one, to read its bytes.

  Raises:
    NotRegular: it is something else.
    OSError: it cannot be opened.
  """
  return open(path, 'rb', opener=_open)


def read(path: str | os.PathLike, *, at_most: int | None = None) -> bytes:
  """The content of a regular file, or of a link to one.

  Args:
    path: location of the file.
    at_most: number of bytes that it may have; None for any.

  Raises:
    NotRegular: it is something else.
    ValueError: it is larger, so it was not read; says by how much.
    OSError: it cannot be opened or read.
  """
  with open_binary(path) as file:
    size = os.fstat(file.fileno()).st_size
    if at_most is not None and size > at_most:
      raise ValueError(f'{size:,} bytes, over the limit of {at_most:,}')
    return file.read()


def _open(path: str, flags: int) -> int:
  _check(os.stat(path).st_mode)
  # It may have been replaced since.
  descriptor = os.open(path, flags | getattr(os, 'O_NONBLOCK', 0))
  try:
    _check(os.fstat(descriptor).st_mode)
  except BaseException:
    os.close(descriptor)
    raise
  return descriptor


def _check(mode: int) -> None:
  if not stat.S_ISREG(mode):
    raise NotRegular(mode)
