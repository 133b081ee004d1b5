"""Checkpoints: written whole or not at all, and restored strictly.

A checkpoint is a file `checkpoints/<images seen>.index` and the files
`.data-...` that belong to it, more than one where several devices hold weights.
It is written in a folder of its own beside them, read back there, and moved to
its place, the index last. Older ones are deleted after that, the index first:
data without an index is the rest of an interrupted deletion or move, or damage.

Restoring takes the newest checkpoint that can be read and whose values a
healthy training can have, warns of what it passes over, and never starts
silently from nothing where there are checkpoints. What is newer than that one
does not count any more: the next save moves it to `checkpoints/damaged/`, where
it can be repaired by hand, and a save that comes to the same number of images
deletes it.
"""

import contextlib
import errno
import os
import re
import shutil
import tempfile
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
import tensorflow as tf
from absl import logging

from tf_twingan import errors, files, literal_paths, shell_words
from tf_twingan.runs import checkpoint_state, checkpoint_values, divergence

_FILE = re.compile(r'^(\d+)\.(index|data-\d+-of-\d+)$')
_UNFINISHED = 'unfinished-'
# What a kill leaves of a save, as TensorFlow names it, too.
_LEFTOVER = re.compile(
  rf'^({_UNFINISHED}.*|\d+_temp.*|\d+\.(index|data-\d+-of-\d+)\..+)$'
)
_DAMAGED = 'damaged'
# In the folder from the first step to the first checkpoint.
_NONE_YET = 'none_yet'
_FULL = (errno.ENOSPC, errno.EDQUOT)
_FORBIDDEN = (errno.EACCES, errno.EPERM, errno.EROFS)


class Checkpoints:
  """The checkpoints of one run directory. One process may save."""

  def __init__(self, folder: str, keep: int = 3):
    """Opens a folder, which need not exist yet; keeps the newest `keep`."""
    if keep < 1:
      raise ValueError(f'keep is {keep}; at least 1 checkpoint must stay.')
    self._folder = folder
    self._keep = keep
    # The one restored or saved last, and those that were read back.
    self._last: int | None = None
    self._good: set[int] = set()

  def prefixes(self) -> list[str]:
    """Path prefixes of all checkpoints, readable or not, the newest first."""
    return [self._prefix(n) for n in self._numbers() if self._has_index(n)]

  def save(self, images_seen: int, state: Mapping[str, Any]) -> str:
    """Writes a checkpoint and deletes the oldest ones beyond `keep`.

    Only checkpoints that can be read count.

    Args:
      images_seen: images of each domain seen; names the checkpoint.
      state: trackable objects by name.

    Returns:
      Its path prefix.

    Raises:
      FloatingPointError: a value is not finite, or larger than in any healthy
        training; older checkpoints are untouched.
      OSError: it could not be written, e.g. because the disk is full; older
        checkpoints are untouched.
    """
    last = images_seen if self._last is None else self._last
    prefix = self._write(images_seen, state)
    for number in self._numbers():
      if number > last and number != images_seen:
        self._set_aside(number)
    older = self._numbers()
    if len(older) > self._keep:
      good: list[int] = []
      for number in older:
        if len(good) == self._keep:
          self._remove(number)
        elif self._is_good(number):
          good.append(number)
        else:
          if self._has_index(number):
            logging.warning(
              'Deleted checkpoint %s, which could not be used and is older '
              'than one that can.',
              self._prefix(number),
            )
          self._remove(number)
    self._tidy()
    return prefix

  def save_alone(self, images_seen: int, state: Mapping[str, Any]) -> str:
    """Writes a checkpoint and deletes all others, even newer ones.

    Args:
      images_seen: images of each domain seen; names the checkpoint.
      state: trackable objects by name.

    Returns:
      Its path prefix.

    Raises:
      FloatingPointError: as `save`.
      OSError: it could not be written; older checkpoints are untouched.
    """
    prefix = self._write(images_seen, state)
    for other in self._numbers():
      if other != images_seen:
        self._remove(other)
    self._tidy()
    return prefix

  def restore(self, state: Mapping[str, Any]) -> str | None:
    """Restores the newest good checkpoint, every value of it.

    Args:
      state: trackable objects by name, those given to `save`.

    Returns:
      Its path prefix, or None if the folder holds none.

    Raises:
      ValueError: none of those present can be used, or one holds other
        objects than `state`.
    """
    return self._newest(
      lambda prefix: _checkpoint(state).read(prefix).assert_consumed()
    )

  def restore_part(self, state: Mapping[str, Any]) -> str:
    """Restores some of a checkpoint's objects, each of them whole.

    Args:
      state: trackable objects by name, some of those given to `save`.

    Returns:
      The checkpoint's path prefix.

    Raises:
      FileNotFoundError: there is no checkpoint.
      ValueError: none of those present can be used, or one does not hold these
        objects.
    """
    prefix = self._newest(
      lambda prefix: (
        _checkpoint(state)
        .read(prefix)
        .assert_existing_objects_matched()
        .expect_partial()
      )
    )
    if prefix is None:
      raise FileNotFoundError(
        f'There is no checkpoint in {self._folder}; train first, or give '
        'the directory of a run.'
      )
    return prefix

  def read_newest(self) -> tuple[str, dict[str, np.ndarray]]:
    """Reads every value of the newest readable checkpoint, for another run.

    Returns:
      Its path prefix, and its values, see `checkpoint_values.tensors`.

    Raises:
      FileNotFoundError: there is no checkpoint.
      ValueError: none of those present can be read.
    """
    read = {}
    prefix = self._newest(
      lambda prefix: read.update(checkpoint_values.tensors(prefix))
    )
    if prefix is None:
      raise FileNotFoundError(
        f'There is no checkpoint in {self._folder} yet; wait for its first, or '
        'give the directory of another run.'
      )
    return prefix, read

  def begin(self) -> None:
    """Notes that a training begins, which has no checkpoint yet.

    Raises:
      OSError: the folder cannot be written to.
    """
    os.makedirs(self._folder, exist_ok=True)
    files.atomic_write(
      os.path.join(self._folder, _NONE_YET),
      'A training began here and has not written a checkpoint yet.\n',
    )

  def has_begun(self) -> bool:
    """Whether a training began that ended before its first checkpoint."""
    found = self._files()
    if len(found) > 1 or any(map(self._has_index, found)):
      return False
    # Versions that made no note left files if they wrote at that moment.
    is_noted = os.path.exists(os.path.join(self._folder, _NONE_YET))
    return is_noted or bool(found and self._leftovers())

  def _write(self, images_seen, state):
    prefix = self._prefix(images_seen)
    try:
      os.makedirs(self._folder, exist_ok=True)
      for name in self._leftovers():
        _delete(os.path.join(self._folder, name))
      with tempfile.TemporaryDirectory(
        prefix=_UNFINISHED, dir=self._folder, ignore_cleanup_errors=True
      ) as unfinished:
        with literal_paths.folder(unfinished) as path:
          part = os.path.join(path, os.path.basename(prefix))
          _checkpoint(state).write(part)
          files.sync(unfinished)
          values = _read_back(part)
        problem = divergence.describe(values)
        if problem:
          raise FloatingPointError(
            f'The training diverged: at {images_seen:,} images, a checkpoint '
            f'{problem}. {divergence.REMEDY}'
          )
        self._move_in(unfinished, images_seen)
    except (OSError, *checkpoint_values.DAMAGE) as error:
      raise OSError(
        f'Could not write checkpoint {prefix}: {errors.first_line(error)}. '
        f'{_advice(error)} and run the same command again; older checkpoints '
        'are intact.'
      ) from error
    self._last = images_seen
    self._good.add(images_seen)
    return prefix

  def _move_in(self, unfinished, images_seen):
    """Moves the files of a checkpoint to their place, the index last."""
    written = sorted(os.listdir(unfinished), key=lambda n: n.endswith('.index'))
    for name in written:
      os.replace(
        os.path.join(unfinished, name), os.path.join(self._folder, name)
      )
    # One of this number that was here before may have had more files.
    for name in self._files().get(images_seen, []):
      if name not in written:
        os.remove(os.path.join(self._folder, name))
    files.sync_names(self._folder)

  def _tidy(self):
    """Deletes what the newest checkpoint makes worthless."""
    for number in self._numbers():
      if number < self._last and not self._has_index(number):
        self._remove(number)
    with contextlib.suppress(FileNotFoundError):
      os.remove(os.path.join(self._folder, _NONE_YET))
    damaged = os.path.join(self._folder, _DAMAGED)
    if os.path.isdir(damaged):
      for number, names in _files(damaged).items():
        if number <= self._last:
          for name in names:
            os.remove(os.path.join(damaged, name))
      with contextlib.suppress(OSError):  # Something else is there.
        os.rmdir(damaged)

  def _set_aside(self, number):
    damaged = os.path.join(self._folder, _DAMAGED)
    os.makedirs(damaged, exist_ok=True)
    for name in self._files()[number]:
      os.replace(os.path.join(self._folder, name), os.path.join(damaged, name))
    logging.warning(
      'Moved checkpoint %s, which is newer than what the training continued '
      'from, to %s.',
      self._prefix(number),
      damaged,
    )

  def _newest(self, read: Callable[[str], Any]) -> str | None:
    found = self._files()
    if not found:
      return None
    if self.has_begun():
      logging.warning(
        'The first checkpoint, %s, was not finished; starting anew.',
        self._prefix(*found),
      )
      return None
    problems = []
    for number in sorted(found, reverse=True):
      prefix = self._prefix(number)
      problem = self._problem(number)
      if problem and self._files() != found:
        return self._newest(read)  # A training saves at this moment.
      if problem:
        logging.warning(
          'Checkpoint %s %s; trying the one before it.', prefix, problem
        )
        problems.append(f'{os.path.basename(prefix)} {problem}')
        continue
      try:
        with literal_paths.folder(self._folder) as folder:
          read(os.path.join(folder, os.path.basename(prefix)))
      except (AssertionError, ValueError, tf.errors.OpError) as error:
        if self._files() != found:
          return self._newest(read)  # Likewise.
        raise ValueError(
          f'Checkpoint {prefix} does not match this model: '
          f'{errors.first_line(error)} A run keeps the parts that it began '
          'with: set back what differs from its operative_config.gin, or '
          'choose another run directory.'
        ) from error
      self._last = number
      self._good.add(number)
      return prefix
    raise ValueError(
      f'None of the {len(found)} checkpoints in {self._folder} can be used: '
      f'{problems[0]}. {self.remedy()}'
    )

  def remedy(self) -> str:
    """A sentence that says what to do where no checkpoint can be used."""
    best = os.path.join(os.path.dirname(self._folder), 'best', 'checkpoints')
    if not (os.path.isdir(best) and _files(best)):
      return 'Copy others there from a backup, or choose another run directory.'
    target, source = map(shell_words.quote, (self._folder, best))
    return (
      f'Continue from the best one by `mkdir -p {target} && cp {source}/* '
      f'{target}`, copy others there from a backup, or choose another run '
      'directory.'
    )

  def _problem(self, number) -> str | None:
    """Says in words what makes a checkpoint useless; None if nothing does."""
    if not self._has_index(number):
      return 'has data but no .index file'
    try:
      return divergence.describe(
        checkpoint_values.tensors(self._prefix(number))
      )
    except checkpoint_values.DAMAGE as error:
      return f'is damaged ({errors.first_line(error)})'

  def _is_good(self, number):
    if number not in self._good and self._problem(number) is None:
      self._good.add(number)
    return number in self._good

  def _prefix(self, images_seen):
    return os.path.join(self._folder, f'{images_seen:09d}')

  def _files(self):
    return _files(self._folder)

  def _numbers(self):
    """Numbers of what has an index or data, the newest first."""
    return sorted(self._files(), reverse=True)

  def _has_index(self, number):
    return os.path.isfile(self._prefix(number) + '.index')

  def _leftovers(self):
    return list(filter(_LEFTOVER.match, os.listdir(self._folder)))

  def _remove(self, number):
    """Deletes a checkpoint, the index first."""
    for name in sorted(self._files()[number], reverse=True):
      os.remove(os.path.join(self._folder, name))
    self._good.discard(number)


class _ReadBackError(OSError):
  """What was written without an error cannot be read."""


def _read_back(prefix):
  try:
    return checkpoint_values.tensors(prefix)
  except checkpoint_values.DAMAGE as error:
    raise _ReadBackError(
      f'it cannot be read back ({errors.first_line(error)})'
    ) from error


def _advice(error: Exception) -> str:
  """The start of a sentence: what to do about an error of writing."""
  message = str(error)

  def is_one(numbers):
    return getattr(error, 'errno', None) in numbers or any(
      os.strerror(n).lower() in message.lower() for n in numbers
    )

  if isinstance(error, _ReadBackError):
    return 'The disk or the memory may be failing: check them'
  if is_one(_FULL) or 'no space left' in message.lower():
    return 'Free some disk space'
  if is_one(_FORBIDDEN):
    return 'Make the folder writable'
  if is_one((errno.ENOENT, errno.ENOTDIR)):
    return 'Something moved or deleted the folder: see that it stays'
  return 'Mend that'


def _checkpoint(state: Mapping[str, Any]) -> tf.train.Checkpoint:
  return tf.train.Checkpoint(**checkpoint_state.trackable(state))


def _files(folder: str) -> dict[int, list[str]]:
  """The names of each checkpoint's files in a folder."""
  found: dict[int, list[str]] = {}
  with contextlib.suppress(FileNotFoundError, NotADirectoryError):
    for name in sorted(os.listdir(folder)):
      if match := _FILE.match(name):
        found.setdefault(int(match[1]), []).append(name)
  return found


def _delete(path):
  shutil.rmtree(path) if os.path.isdir(path) else os.remove(path)
