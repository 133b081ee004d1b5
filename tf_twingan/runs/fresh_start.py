"""Whether a training may begin at its first image in a run directory.

Where a run was trained and its checkpoints are gone, beginning anew would
overwrite, without a word, what is left of it.
"""

import os

from absl import logging

from tf_twingan import errors
from tf_twingan.runs import best, checkpoints, metrics_file

# What a training writes into its run directory before its first checkpoint.
_TRACES = (metrics_file.NAME, 'samples', best.FOLDER)


def check(run_dir: str, store: checkpoints.Checkpoints) -> None:
  """Raises if a training that had checkpoints was in a run directory.

  Args:
    run_dir: the run directory.
    store: its checkpoints, of which there are none.

  Raises:
    ValueError: such a training was there.
  """
  traces = _traces(run_dir)
  if traces and not store.has_begun():
    raise ValueError(
      f'{errors.printable(run_dir)} was trained before, as '
      f'{" and ".join(traces)} in it say, but its checkpoints are gone, and a '
      'training would begin at 0 images. '
      f'{store.remedy()} To begin at 0 there, delete the run directory.'
    )


def begin(run_dir: str, store: checkpoints.Checkpoints) -> None:
  """Begins a training in a run directory without checkpoints.

  One that ended before its first checkpoint begins anew, and says so.

  Args:
    run_dir: the run directory.
    store: its checkpoints, of which there are none.

  Raises:
    ValueError: as `check`.
    OSError: the run directory cannot be written to.
  """
  check(run_dir, store)
  if _traces(run_dir):
    logging.warning(
      'The training in %s ended before its first checkpoint; starting anew.',
      errors.printable(run_dir),
    )
  store.begin()


def _traces(run_dir):
  return [t for t in _TRACES if _holds_anything(os.path.join(run_dir, t))]


def _holds_anything(path):
  if os.path.isdir(path):
    return bool(os.listdir(path))
  return os.path.exists(path) and os.path.getsize(path) > 0
