"""Writes a run's metrics file, TensorBoard summaries and sample grids."""

import json
import os
import time
from collections.abc import Mapping

import numpy as np
import tensorflow as tf

from tf_twingan import files, image_io


class Summaries:
  """Writes `summaries/`, `metrics.jsonl` and `samples/` of a run."""

  def __init__(self, run_dir: str):
    self._writer = tf.summary.create_file_writer(
      os.path.join(run_dir, 'summaries')
    )
    self._metrics = os.path.join(run_dir, 'metrics.jsonl')
    self._samples = os.path.join(run_dir, 'samples')

  def rewind(self, images_seen: int) -> None:
    """Removes metrics of after `images_seen`, which a kill left behind.

    The run does these steps again. A line that was cut short is removed, too.
    """
    if not os.path.exists(self._metrics):
      return
    with open(self._metrics, encoding='utf-8') as file:
      lines = [line for line in file if _is_before(line, images_seen)]
    files.atomic_write(self._metrics, ''.join(lines))

  def scalars(self, images_seen: int, values: Mapping[str, float]) -> None:
    """Appends one line to the metrics and one point to each curve.

    Args:
      images_seen: images of each domain seen; the x axis.
      values: {name: value}.
    """
    with open(self._metrics, 'a', encoding='utf-8') as file:
      file.write(
        json.dumps(
          {'images_seen': images_seen, 'time': round(time.time(), 1), **values}
        )
        + '\n'
      )
    with self._writer.as_default(step=images_seen):
      for name, value in values.items():
        tf.summary.scalar(name, value)
    self._writer.flush()

  def sample_grid(self, images_seen: int, grid: np.ndarray) -> str:
    """Writes `samples/<kimg>.png` and shows it in TensorBoard.

    Args:
      images_seen: images of each domain seen; names the file in thousands.
      grid: uint8 [height, width, 3].

    Returns:
      The path of the file.
    """
    os.makedirs(self._samples, exist_ok=True)
    path = os.path.join(self._samples, f'{images_seen / 1000:08.1f}.png')
    image_io.write_png(path, grid)
    with self._writer.as_default(step=images_seen):
      tf.summary.image('samples', grid[None])
    self._writer.flush()
    return path


def _is_before(line: str, images_seen: int) -> bool:
  try:
    return json.loads(line)['images_seen'] <= images_seen
  except (json.JSONDecodeError, KeyError):
    return False
