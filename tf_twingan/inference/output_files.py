"""Writes output images one by one; one bad file name does not end the work."""

import errno
import os
import struct
from collections.abc import Iterable

import numpy as np

from tf_twingan import errors, files, image_io, regular_files

# Errors that all further files would have, too.
_OF_ALL_FILES = (
  errno.ENOSPC,
  errno.EDQUOT,
  errno.EROFS,
  errno.EIO,
  errno.EMFILE,
  errno.ENFILE,
)


def check_replaced(paths: Iterable[str | os.PathLike]) -> None:
  """Finds out before any work whether images of others would be overwritten.

  What an earlier call wrote may be replaced: PNG files of 8-bit RGB whose
  height is a power of two, and their width the same or twice that.

  Args:
    paths: the files that are to be written.

  Raises:
    ValueError: one is there and is no such file; names it.
  """
  for path in paths:
    try:
      with regular_files.open_binary(path) as file:
        header = file.read(26)
    # There is none, or writing will say what is in the way.
    except (OSError, regular_files.NotRegular):
      continue
    # A loss of power may leave empty files.
    if header and not _may_be_output(header):
      raise ValueError(
        f'{errors.printable(path)} is there, is no earlier output, and would '
        'be overwritten; choose another folder for the output.'
      )


def _may_be_output(header: bytes) -> bool:
  """Whether a file that begins so may be one that `OutputFiles` wrote."""
  if len(header) < 26 or not header.startswith(b'\x89PNG\r\n\x1a\n'):
    return False
  width, height, bits, kind = struct.unpack('>IIBB', header[16:26])
  is_square = width in (height, 2 * height) and not height & (height - 1)
  return is_square and (bits, kind) == (8, 2)


class OutputFiles:
  """Writes images to a folder and counts them, as a context manager.

  What is written stays. Where the block is interrupted or nothing more can be
  written, the exception says how many images that is.
  """

  def __init__(self, folder: str | os.PathLike, total: int, verb: str):
    """Prepares to write.

    Args:
      folder: folder of all files, or of their folders.
      total: number of images that are to be written.
      verb: what is done to them, such as 'translated', for messages.
    """
    self._folder, self._total, self._verb = folder, total, verb
    self._written = 0

  def write(self, path: str | os.PathLike, image: np.ndarray) -> str | None:
    """Writes one image as PNG.

    Args:
      path: the file; its folder is made if missing.
      image: uint8 RGB [height, width, 3].

    Returns:
      Why this file cannot be written although others can; None if it is.

    Raises:
      OSError: nothing can be written any more.
    """
    try:
      image_io.write_png(path, image)
    except OSError as error:
      reason = errors.reason(error)
      if error.errno in _OF_ALL_FILES:
        raise OSError(f'{errors.printable(path)}: {reason}') from None
      files.check_writable(self._folder)
      return f'its output cannot be written ({reason}): {path}'
    self._written += 1
    return None

  def __enter__(self) -> 'OutputFiles':
    return self

  def __exit__(self, kind, error, traceback) -> None:
    done = f'{self._written} of {self._total} images are {self._verb}'
    if isinstance(error, KeyboardInterrupt):
      raise KeyboardInterrupt(
        f'{done} and stay; the same command begins again.'
      ) from None
    if isinstance(error, OSError):
      raise OSError(
        f'{error}. {done} and stay; mend that, and give the same command again.'
      ) from None
