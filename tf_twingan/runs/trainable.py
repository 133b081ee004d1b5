"""Whether a run directory can be trained in, found out before any work."""

import os
import pathlib
import tempfile

import tensorflow as tf

from tf_twingan.runs import best, checkpoints, config_files

# As much as must fit on the disk for a start: the smallest files of a run.
_PROBE = bytes(2**20)
# The number of steps is in every checkpoint that a training goes on from.
_NEEDED = 'step/.ATTRIBUTES/VARIABLE_VALUE'


def check(run_dir: str) -> None:
  """Raises unless a training can begin, or go on, in a directory.

  Args:
    run_dir: the run directory; it need not exist, and is not made.

  Raises:
    ValueError: it holds a model that can't be trained further.
    OSError: it is no folder, or cannot be written.
  """
  _check_is_no_best(run_dir)
  nearest = _nearest_folder(run_dir)
  _check_has_state(run_dir)
  try:
    with tempfile.TemporaryFile(dir=nearest) as file:
      file.write(_PROBE)
      file.flush()
      os.fsync(file.fileno())
  except OSError as error:
    raise OSError(
      f'The run directory {run_dir} cannot be written: {error.strerror}. Make '
      'room or set its permissions, or choose another --run_dir.'
    ) from error


def _nearest_folder(run_dir: str) -> pathlib.Path:
  """The directory itself, or the innermost one above it that exists."""
  path = pathlib.Path(os.path.abspath(run_dir))
  for place in (path, *path.parents):
    if place.is_dir():
      return place
    if place.is_symlink() and not place.exists():
      raise FileNotFoundError(
        f'The run directory {run_dir} cannot be made: {place} is a link to '
        f'{os.readlink(place)}, which is not there. Choose another --run_dir.'
      )
    if os.path.lexists(place):
      raise NotADirectoryError(
        f'The run directory {run_dir} cannot be made: {place} is a file. '
        'Choose another --run_dir.'
      )
  return path


def _check_is_no_best(run_dir: str) -> None:
  path = pathlib.Path(run_dir).resolve()
  if path.name == best.FOLDER and config_files.has_model(path.parent):
    raise ValueError(
      f'{run_dir} is the best checkpoint of the run {path.parent}, which keeps '
      'it up to date: train with the --run_dir of the run, or with that of a '
      'copy of this folder.'
    )


def _check_has_state(run_dir: str) -> None:
  prefixes = checkpoints.Checkpoints(
    os.path.join(run_dir, 'checkpoints')
  ).prefixes()
  if not prefixes:
    return
  try:
    names = tf.train.load_checkpoint(prefixes[0]).get_variable_to_shape_map()
  except checkpoints.DAMAGE:  # Restoring passes over it, and warns.
    return
  if _NEEDED not in names:
    raise ValueError(
      f'{run_dir} holds a model to generate images with, without '
      "discriminators and optimizers, so it can't be trained further; choose "
      'another --run_dir.'
    )
