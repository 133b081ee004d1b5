"""Writes output images one by one; one bad file name does not end the work."""

import errno
import os
import struct
import threading
from collections.abc import Iterable
from typing import NamedTuple

import numpy as np

from tf_twingan import errors, files, photo_files, provenance, regular_files
from tf_twingan.inference import result_record

# Errors that all further files would have, too.
_OF_ALL_FILES = (
  errno.ENOSPC,
  errno.EDQUOT,
  errno.EROFS,
  errno.EIO,
  errno.EMFILE,
  errno.ENFILE,
)


def check_replaced(
  paths: Iterable[str | os.PathLike],
  record: result_record.ResultRecord | None = None,
) -> None:
  """Finds out before any work whether images of others would be overwritten.

  What an earlier call wrote may be replaced: what the record of the folder
  knows, or what says of itself that it is a result of this program.

  Args:
    paths: the files that are to be written.
    record: what earlier calls wrote. Without one, square PNG files of 8-bit RGB
      count as theirs, too, whose side is a power of two.

  Raises:
    ValueError: one is there and is no such file; names it.
  """
  for path in paths:
    if not _may_be_replaced(path, record, takes_squares=record is None):
      raise ValueError(
        f'{errors.printable(path)} is there, is no earlier output, and would '
        'be overwritten; choose another folder for the output.'
      )


def _may_be_replaced(
  path: str | os.PathLike,
  record: result_record.ResultRecord | None,
  *,
  takes_squares: bool,
) -> bool:
  try:
    with regular_files.open_binary(path) as file:
      header = file.read(26)
  # There is none, or writing will say what is in the way.
  except (OSError, regular_files.NotRegular):
    return True
  # A loss of power may leave empty files.
  if not header:
    return True
  if takes_squares and _is_square(header):
    return True
  if record is not None and record.is_result(path):
    return True
  return provenance.read(path) is not None


def _is_square(header: bytes) -> bool:
  """Whether a file that begins so may be what a network generated."""
  if len(header) < 26 or not header.startswith(b'\x89PNG\r\n\x1a\n'):
    return False
  width, height, bits, kind = struct.unpack('>IIBB', header[16:26])
  is_square = width == height and not height & (height - 1)
  return is_square and (bits, kind) == (8, 2)


class Record(NamedTuple):
  """Where results are noted, and as what.

  Attributes:
    record: the record of the folder.
    key: stands for all that is asked for.
  """

  record: result_record.ResultRecord
  key: str


class OutputFiles:
  """Writes images to a folder and counts them, as a context manager.

  What is written stays. Where the block is interrupted or nothing more can be
  written, the exception says how many images that is. Several threads may
  write.
  """

  def __init__(
    self,
    folder: str | os.PathLike,
    total: int,
    verb: str,
    *,
    kind: photo_files.Format = 'png',
    origin: provenance.Provenance | None = None,
    record: Record | None = None,
    done: int = 0,
  ):
    """Prepares to write.

    Args:
      folder: folder of all files, or of their folders.
      total: number of images that are to be there in the end.
      verb: what is done to them, such as 'translated', for messages.
      kind: format of the files.
      origin: what the files say of how they came about; None for nothing.
      record: where they are noted, so that the same command goes on; None for
        nowhere.
      done: how many of the total are there already.
    """
    self._folder, self._total, self._verb = folder, total, verb
    self._kind, self._origin, self._record = kind, origin, record
    self._written = done
    # What earlier calls noted counts, also where this one notes nothing.
    self._known = (
      record.record if record else result_record.ResultRecord(folder)
    )
    self._lock = threading.Lock()

  def write(
    self,
    path: str | os.PathLike,
    image: np.ndarray,
    *,
    metadata: photo_files.Metadata | None = None,
    source: result_record.Source | None = None,
    is_checked: bool = True,
    others: int = 0,
  ) -> str | None:
    """Writes one image.

    Args:
      path: the file; its folder is made if missing.
      image: uint8 RGB [height, width, 3].
      metadata: what the photo's own file adds.
      source: what the image was made of, for the record.
      is_checked: whether `check_replaced` has seen the path. One that it has
        not is no result of its own and is not counted.
      others: how many of these belong to it, for the record.

    Returns:
      Why this file cannot be written although others can; None if it is.

    Raises:
      OSError: nothing can be written any more.
    """
    # Any image of a user may be a square: results say what they are, or are in
    # the record.
    if not is_checked and not _may_be_replaced(
      path, self._known, takes_squares=False
    ):
      return f'a file that is no earlier output is in the way: {path}'
    try:
      content = photo_files.encode(
        image, self._kind, metadata=metadata, origin=self._origin
      )
    except ValueError as error:
      return f'its output cannot be written ({error}): {path}'
    try:
      # Not durable: whole folders of images are made again by the same command.
      with files.atomic_path(path, durable=False) as unfinished:
        unfinished.write_bytes(content)
        if self._record is not None:
          self._record.record.note(
            path, unfinished, content, source, self._record.key, others
          )
    except OSError as error:
      reason = errors.reason(error)
      if error.errno in _OF_ALL_FILES:
        raise OSError(f'{errors.printable(path)}: {reason}') from None
      files.check_writable(self._folder)
      return f'its output cannot be written ({reason}): {path}'
    if is_checked:
      with self._lock:
        self._written += 1
    return None

  def remove_others(self, path: str | os.PathLike, after: int) -> None:
    """Removes what an earlier call wrote of a source that now gives less.

    Only what the record knows unchanged is removed.

    Args:
      path: the first result's file.
      after: how many further ones there are now.

    Raises:
      OSError: one cannot be removed.
    """
    if self._record is None:
      return
    record = self._record.record
    for number in range(after + 2, record.others(path) + 2):
      other = result_record.other_path(path, number)
      if record.is_result(other):
        other.unlink(missing_ok=True)

  def __enter__(self) -> 'OutputFiles':
    return self

  def __exit__(self, kind, error, traceback) -> None:
    if self._record is not None:
      self._record.record.close()
    done = f'{self._written} of {self._total} images are {self._verb}'
    goes_on = (
      'begins again' if self._record is None else 'goes on with the rest'
    )
    if isinstance(error, KeyboardInterrupt):
      raise KeyboardInterrupt(
        f'{done} and stay; the same command {goes_on}.'
      ) from None
    if isinstance(error, OSError):
      raise OSError(
        f'{error}. {done} and stay; mend that, and give the same command again.'
      ) from None
