"""Writes a run's metrics file, TensorBoard summaries and sample grids."""

import contextlib
import importlib
import os
import pathlib
from collections.abc import Iterator, Mapping

import numpy as np
import tensorflow as tf

from tf_twingan import errors, extras, image_io
from tf_twingan.runs import metrics_file, sample_grid_files
from tf_twingan.training import console, event_files

# What writes tf.summary; without, TensorFlow has only a part of it.
with extras.needed('train'):
  importlib.import_module('tensorboard')


class Summaries:
  """Writes `summaries/`, `metrics.jsonl` and `samples/` of a run.

  What can't be written is said, and lost; the training goes on, as its
  checkpoints are what counts.
  """

  def __init__(self, run_dir: str):
    self._run_dir = run_dir
    self._folder = pathlib.Path(run_dir, 'summaries')
    self._writer = tf.summary.create_file_writer(os.fspath(self._folder))
    self._failing: set[str] = set()

  def rewind(self, images_seen: int) -> None:
    """Removes metrics and grids of after `images_seen`, left by a kill.

    The run does these steps again.

    Raises:
      OSError: metrics or grids could not be read or removed.
    """
    metrics_file.rewind(self._run_dir, images_seen)
    with self._going_on('summaries/'):
      for path in self._folder.glob('*.tfevents.*'):
        event_files.rewind(path, images_seen)
    last = sample_grid_files.path(self._run_dir, images_seen)
    for path in sample_grid_files.paths(self._run_dir):
      if not images_seen or float(path.stem) > float(last.stem):
        path.unlink()

  def scalars(self, images_seen: int, values: Mapping[str, float]) -> None:
    """Appends one line to the metrics and one point to each curve.

    Args:
      images_seen: images of each domain seen; the x axis.
      values: {name: value}.
    """
    with self._going_on(metrics_file.NAME):
      metrics_file.append(self._run_dir, images_seen, values)
    with self._going_on('summaries/'):
      with self._writer.as_default(step=images_seen):
        for name, value in values.items():
          tf.summary.scalar(name, value)
      self._writer.flush()

  def sample_grid(self, images_seen: int, grid: np.ndarray) -> None:
    """Writes `samples/<kimg>.png` and shows it in TensorBoard.

    Args:
      images_seen: images of each domain seen; names the file in thousands.
      grid: uint8 [height, width, 3].
    """
    with self._going_on('samples/'):
      image_io.write_png(
        sample_grid_files.path(self._run_dir, images_seen), grid
      )
    with self._going_on('summaries/'):
      with self._writer.as_default(step=images_seen):
        tf.summary.image('samples', grid[None])
      self._writer.flush()

  @contextlib.contextmanager
  def _going_on(self, name: str) -> Iterator[None]:
    """Says once that something can't be written, until it can again."""
    try:
      yield
    except (OSError, tf.errors.OpError) as error:
      if name not in self._failing:
        console.say(
          f"Warning: {name} of {self._run_dir} can't be written "
          f'({errors.first_line(error)}). The training goes on without.'
        )
      self._failing.add(name)
    else:
      self._failing.discard(name)
