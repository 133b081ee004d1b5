"""Whether a run directory can be trained in, found out before any work."""

import contextlib
import math
import os
import pathlib
from collections.abc import Mapping, Sequence
from typing import Any

import tensorflow as tf

from tf_twingan import compat, errors, files, shell_words
from tf_twingan.runs import (
  best,
  checkpoint_state,
  checkpoint_values,
  checkpoints,
  config_files,
  environment,
  fresh_start,
  image_counts,
  metrics_file,
  recorded_framing,
  weight_files,
)

# Every training writes to these, below its run directory.
_FOLDERS = ('checkpoints', best.FOLDER, 'samples', 'summaries')
_FILES = (
  metrics_file.NAME,
  environment.FILE,
  recorded_framing.FILE,
  image_counts.FILE,
  'model.json',
  'operative_config.gin',
  'init_from.json',
)
# The versions of TensorFlow that come with a version of Keras.
_TENSORFLOW = {2: 'TensorFlow 2.15', 3: 'TensorFlow 2.16 or later'}
# In every checkpoint that a training can go on from.
_NEEDED = f'step{checkpoint_values.SUFFIX}'


def check(run_dir: str) -> None:
  """Raises unless a training can begin, or go on, in a directory.

  Args:
    run_dir: the run directory; it need not exist, and is not made.

  Raises:
    ValueError: it holds a model that can't be trained further, a run of another
      version of Keras, or one whose checkpoints are gone; or its name is not
      UTF-8.
    OSError: it cannot be written; one line that names what is in the way.
  """
  try:
    run_dir.encode()
  except UnicodeEncodeError:
    # TensorBoard's files keep their path.
    raise ValueError(
      f'--run_dir={errors.printable(run_dir)} is not UTF-8, which TensorFlow '
      'needs; choose another name.'
    ) from None
  path = pathlib.Path(run_dir).resolve()
  if path.name == best.FOLDER and config_files.has_model(str(path.parent)):
    raise ValueError(
      f'{run_dir} is the best checkpoint of the run {path.parent}, which keeps '
      "it up to date: train with the run's --run_dir, or start a new run from "
      f'it, by {_init_from(run_dir)} and another --run_dir.'
    )
  _check_holds_all(run_dir)
  files.check_writable(run_dir, *_FILES)
  for path in (pathlib.Path(run_dir, name) for name in _FILES):
    if path.exists() and not path.is_file():
      # Writing to a pipe would wait for its reader for ever.
      raise OSError(
        f'{path} is no regular file; move it away, or choose another --run_dir.'
      )
  for name in _FOLDERS:
    files.check_writable(os.path.join(run_dir, name))


def check_room(run_dir: str, state: Mapping[str, Any]) -> None:
  """Raises unless the disk has room for a checkpoint.

  Args:
    run_dir: the run directory, or one that is to be made.
    state: trackable objects by name, as they are saved.

  Raises:
    OSError: it has not; says how much is missing.
  """
  size = sum(
    math.prod(variable.shape) * compat.tf_variable(variable).dtype.size
    for part in tf.nest.flatten(dict(state))
    for variable in getattr(part, 'variables', [part])
    if compat.is_variable(variable)
  )
  path = pathlib.Path(run_dir).absolute()
  there = next(p for p in (path, *path.parents) if p.is_dir())
  free = files.free_bytes(there)
  if free is not None and free < size:
    raise OSError(
      f'A checkpoint takes {size / 1e6:,.1f} MB and the disk of {run_dir} has '
      f'{free / 1e6:,.1f} MB left; free some, or choose another --run_dir.'
    )


def _check_holds_all(run_dir: str) -> None:
  store = checkpoints.Checkpoints(os.path.join(run_dir, 'checkpoints'))
  prefixes = store.prefixes()
  if prefixes:
    names = _names_of_newest(prefixes)
    if names is None:  # Restoring says so.
      return
    holds_all = _NEEDED in names
    _check_optimizers(run_dir, checkpoint_state.optimizers_keras(names))
  else:
    holds_all = not weight_files.is_in(run_dir)
  if not holds_all:
    raise ValueError(
      f'{run_dir} holds a model to generate images with, without '
      "discriminators and optimizers, so it can't be trained further; start a "
      f'new run from it, by {_init_from(run_dir)} and another --run_dir.'
    )
  if not prefixes:
    fresh_start.check(run_dir, store)


def _names_of_newest(prefixes: Sequence[str]) -> list[str] | None:
  """The names in the newest checkpoint that can be read."""
  for prefix in prefixes:
    with contextlib.suppress(*checkpoint_values.DAMAGE):
      return checkpoint_values.names(prefix)
  return None


def _check_optimizers(run_dir: str, keras: int | None) -> None:
  if keras not in (None, compat.KERAS):
    raise ValueError(
      f'{run_dir} was trained with Keras {keras}, whose optimizers Keras '
      f'{compat.KERAS} cannot continue; train it with {_TENSORFLOW[keras]}, or '
      f'start a new run from its weights, by {_init_from(run_dir)} and another '
      '--run_dir.'
    )


def _init_from(run_dir: str) -> str:
  return shell_words.quote(f'--init_from={run_dir}')
