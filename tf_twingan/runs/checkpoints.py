"""Checkpoints: written whole or not at all, and restored strictly.

A checkpoint is a pair of files, `checkpoints/<images seen>.index` and
`.data-...`. Writing one never touches the others; a new one is read back
before older ones are deleted. Restoring takes the newest that can be read,
warns of damaged ones that it skips, and never starts silently from nothing
where there are checkpoints.
"""

import glob
import os
import re
import shutil
from collections.abc import Mapping
from typing import Any

import numpy as np
import tensorflow as tf
from absl import logging

from tf_twingan import errors

_PREFIX = re.compile(r'^(\d+)\.index$')
# What TensorFlow raises when it reads damaged files; some are Python's own
# exceptions.
_DAMAGE = (tf.errors.OpError, IndexError, RuntimeError, ValueError)


class Checkpoints:
  """The checkpoints of one run directory."""

  def __init__(self, folder: str, keep: int = 3):
    """Opens a folder, which need not exist yet; keeps the newest `keep`."""
    if keep < 1:
      raise ValueError(f'keep is {keep}; at least 1 checkpoint must stay.')
    self._folder = folder
    self._keep = keep

  def prefixes(self) -> list[str]:
    """Path prefixes of all checkpoints, the newest first."""
    if not os.path.isdir(self._folder):
      return []
    numbers = [
      int(m.group(1)) for m in map(_PREFIX.match, os.listdir(self._folder)) if m
    ]
    return [self._prefix(n) for n in sorted(numbers, reverse=True)]

  def save(self, images_seen: int, state: Mapping[str, Any]) -> str:
    """Writes a checkpoint and deletes the oldest ones beyond `keep`.

    Args:
      images_seen: images of each domain seen; names the checkpoint.
      state: trackable objects by name.

    Returns:
      Its path prefix.

    Raises:
      OSError: it could not be written, e.g. because the disk is full; older
        checkpoints are untouched.
    """
    prefix = self._write(images_seen, state)
    for old in self.prefixes()[self._keep :]:
      self._remove(old)
    return prefix

  def save_alone(self, images_seen: int, state: Mapping[str, Any]) -> str:
    """Writes a checkpoint and deletes all others, even newer ones.

    Args:
      images_seen: images of each domain seen; names the checkpoint.
      state: trackable objects by name.

    Returns:
      Its path prefix.

    Raises:
      OSError: it could not be written; older checkpoints are untouched.
    """
    prefix = self._write(images_seen, state)
    for other in self.prefixes():
      if other != prefix:
        self._remove(other)
    return prefix

  def _write(self, images_seen, state):
    os.makedirs(self._folder, exist_ok=True)
    prefix = self._prefix(images_seen)
    try:
      tf.train.Checkpoint(**state).write(prefix)
      tensors(prefix)
    except (OSError, *_DAMAGE) as error:
      self._remove(prefix)
      raise OSError(
        f'Could not write checkpoint {prefix}: {errors.first_line(error)}. '
        'Free some disk space and run the same command again; older '
        'checkpoints are intact.'
      ) from error
    return prefix

  def restore(self, state: Mapping[str, Any]) -> str | None:
    """Restores the newest readable checkpoint, every value of it.

    Args:
      state: trackable objects by name, those given to `save`.

    Returns:
      Its path prefix, or None if the folder holds none.

    Raises:
      ValueError: none of those present can be read, or one holds other
        objects than `state`.
    """
    return self._newest(
      lambda prefix: tf.train.Checkpoint(**state).read(prefix).assert_consumed()
    )

  def restore_part(self, state: Mapping[str, Any]) -> str:
    """Restores some of a checkpoint's objects, each of them whole.

    Args:
      state: trackable objects by name, some of those given to `save`.

    Returns:
      The checkpoint's path prefix.

    Raises:
      FileNotFoundError: there is no checkpoint.
      ValueError: none of those present can be read, or one does not hold these
        objects.
    """
    prefix = self._newest(
      lambda prefix: (
        tf.train.Checkpoint(**state)
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
      Its path prefix, and its values as `tensors` returns them.

    Raises:
      FileNotFoundError: there is no checkpoint.
      ValueError: none of those present can be read.
    """
    read = {}
    prefix = self._newest(lambda prefix: read.update(tensors(prefix)))
    if prefix is None:
      raise FileNotFoundError(
        f'There is no checkpoint in {self._folder} yet; wait for its first, or '
        'give the directory of another run.'
      )
    return prefix, read

  def _newest(self, read):
    prefixes = self.prefixes()
    if not prefixes:
      data = glob.glob(os.path.join(self._folder, '*.data-*'))
      if len(data) == 1:  # The index is written last, after the data.
        logging.warning(
          'The first checkpoint, %s, was not finished; starting anew.', data[0]
        )
        return None
      if data:
        raise ValueError(
          f'{self._folder} holds data but no .index file of any checkpoint; '
          'restore the .index files, or choose another run directory.'
        )
      return None
    for prefix in prefixes:
      try:
        tensors(prefix)
      except _DAMAGE as error:
        logging.warning(
          'Checkpoint %s is damaged (%s); trying the one before it.',
          prefix,
          errors.first_line(error),
        )
        continue
      try:
        read(prefix)
      except (AssertionError, ValueError, tf.errors.OpError) as error:
        raise ValueError(
          f'Checkpoint {prefix} does not match this model: '
          f'{errors.first_line(error)} A run keeps the parts that it began '
          'with: set back what differs from its operative_config.gin, or '
          'choose another run directory.'
        ) from error
      return prefix
    raise ValueError(
      f'None of the {len(prefixes)} checkpoints in {self._folder} can be '
      'read; restore them from a copy, or choose another run directory.'
    )

  def _prefix(self, images_seen):
    return os.path.join(self._folder, f'{images_seen:09d}')

  def _remove(self, prefix):
    for path in glob.glob(glob.escape(prefix) + '*'):
      shutil.rmtree(path) if os.path.isdir(path) else os.remove(path)


def tensors(prefix: str) -> dict[str, np.ndarray]:
  """Reads every value of a checkpoint, by the name it is stored under.

  Args:
    prefix: one of `Checkpoints.prefixes`.

  Raises:
    Several of TensorFlow's and Python's errors if the files are damaged.
  """
  reader = tf.train.load_checkpoint(prefix)
  values = {
    name: reader.get_tensor(name) for name in reader.get_variable_to_shape_map()
  }
  # The graph of the objects, not one of their values.
  values.pop('_CHECKPOINTABLE_OBJECT_GRAPH', None)
  return values
