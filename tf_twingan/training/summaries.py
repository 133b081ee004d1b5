"""What a person sees of a run: scalars, a metrics file, sample grids."""

import json
import os
import time
from collections.abc import Mapping
from typing import Any

import numpy as np
import tensorflow as tf

from tf_twingan import files, image_arrays, image_grids, image_io

_NOISE = (0, 2)  # The seed of what grids are drawn from.
_COLUMNS = 8  # Of such a grid, or as near as blocks of the domains come.


class Summaries:
  """Writes `summaries/`, `metrics.jsonl` and `samples/` of a run."""

  def __init__(self, run_dir: str):
    self._writer = tf.summary.create_file_writer(
      os.path.join(run_dir, 'summaries')
    )
    self._metrics = os.path.join(run_dir, 'metrics.jsonl')
    self._samples = os.path.join(run_dir, 'samples')

  def rewind(self, images_seen: int) -> None:
    """Drops metrics of after `images_seen`: what a kill left behind.

    The run does these steps again. A line that was cut is dropped, too.
    """
    if not os.path.exists(self._metrics):
      return
    with open(self._metrics, encoding='utf-8') as file:
      lines = [line for line in file if _is_before(line, images_seen)]
    files.atomic_write(self._metrics, ''.join(lines))

  def scalars(self, images_seen: int, values: Mapping[str, float]) -> None:
    """Appends one line to the metrics and one point to each curve.

    Args:
      images_seen: of each domain; the x axis.
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

  def sample_grid(self, images_seen: int, sheet: np.ndarray) -> str:
    """Writes `samples/<kimg>.png` and shows it in TensorBoard.

    Args:
      images_seen: of each domain; names the file in thousands.
      sheet: uint8 [height, width, 3].

    Returns:
      The path of the file.
    """
    os.makedirs(self._samples, exist_ok=True)
    path = os.path.join(self._samples, f'{images_seen / 1000:08.1f}.png')
    image_io.write_png(path, sheet)
    with self._writer.as_default(step=images_seen):
      tf.summary.image('samples', sheet[None])
    self._writer.flush()
    return path


def _is_before(line: str, images_seen: int) -> bool:
  try:
    return json.loads(line)['images_seen'] <= images_seen
  except (json.JSONDecodeError, KeyError):
    return False


def draw_sheet(
  model: Any,
  held_out: Mapping[str, np.ndarray],
  *,
  resolution: int,
  alpha: float,
  title: str,
  answers: bool = False,
) -> np.ndarray:
  """Draws held-out images of each domain in the next one and back.

  Args:
    model: a TwinGAN with moving statistics.
    held_out: {domain: uint8 [n, resolution, resolution, 3]}.
    resolution: of the stage.
    alpha: how far it is faded in.
    title: a line above the grid.
    answers: row i of every domain shows the same character, so the true
      image in the other style is shown beside the translation.

  Returns:
    uint8 [height, width, 3]: one block of columns for each domain, with a
    header row.
  """
  domains = list(model.domains)
  stage = dict(resolution=resolution, alpha=alpha)
  headers: list[str] = []
  columns: list[Any] = []
  for index, source in enumerate(domains):
    target = domains[(index + 1) % len(domains)]
    inputs = image_arrays.to_float(held_out[source])
    translated = model.translate(inputs, source, target, **stage)
    shown: dict[str, Any | None] = {f'{source} (held out)': inputs}
    if model.supports(source, source):
      shown[f'{source} redrawn as {source}'] = model.translate(
        inputs, source, source, **stage
      )
    shown |= {
      f'{source} to {target}': translated,
      f'{source} to {target} and back': model.translate(
        translated, target, source, **stage
      ),
    }
    if answers:
      shown[f'the true {target}'] = image_arrays.to_float(held_out[target])
    headers += shown
    columns += [image_arrays.to_uint8(np.asarray(c)) for c in shown.values()]
  rows = [
    [column[i] for column in columns]
    for i in range(min(len(c) for c in columns))
  ]
  return image_grids.contact_sheet(rows, headers, cell=96, title=title)


def draw_samples(
  model: Any, rows: int, *, resolution: int, alpha: float, title: str
) -> np.ndarray:
  """Draws the same noise each time.

  Args:
    model: see `models.architectures.Generating`; with moving statistics.
    rows: of the grid.
    resolution: of the stage.
    alpha: how far it is faded in.
    title: a line above the grid.

  Returns:
    uint8 [height, width, 3]: one block of columns for each domain; the same
    places of two blocks are drawn from the same noise.
  """
  columns = max(1, _COLUMNS // len(model.domains))
  latents = model.noise(rows * columns, _NOISE)
  sheet: list[list[np.ndarray]] = [[] for _ in range(rows)]
  for domain in model.domains:
    drawn = image_arrays.to_uint8(
      np.asarray(
        model.generate(latents, [domain], resolution=resolution, alpha=alpha)
      )
    )
    for index, row in enumerate(sheet):
      row += list(drawn[index * columns : (index + 1) * columns])
  headers = [domain for domain in model.domains for _ in range(columns)]
  return image_grids.contact_sheet(sheet, headers, cell=96, title=title)
