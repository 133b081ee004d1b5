"""Sample grids: held-out images and what a model makes of them, or of noise."""

from collections.abc import Mapping
from typing import Any

import numpy as np

from tf_twingan import image_arrays, image_grids

_NOISE_SEED = (0, 2)  # Grids show the same noise each time.
_NOISE_COLUMNS = 8  # Of a grid from noise, or as near as its blocks come.
_CELL = 96  # px.


def translations(
  model: Any,
  held_out: Mapping[str, np.ndarray],
  *,
  resolution: int,
  alpha: float,
  title: str,
  has_ground_truth: bool = False,
) -> np.ndarray:
  """Translates held-out images of each domain to the next one and back.

  Args:
    model: a model that translates, with batch norm statistics.
    held_out: {domain: uint8 [n, resolution, resolution, 3]}.
    resolution: resolution of the stage, px.
    alpha: how far the stage is faded in, in [0, 1].
    title: a line above the grid.
    has_ground_truth: row i of every domain shows the same character, so that
      the true image in the other style is shown beside the translation.

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
    block: dict[str, Any] = {f'{source} (held out)': inputs}
    if model.supports(source, source):
      block[f'{source} reconstructed'] = model.translate(
        inputs, source, source, **stage
      )
    block |= {
      f'{source} to {target}': translated,
      f'{source} to {target} and back': model.translate(
        translated, target, source, **stage
      ),
    }
    if has_ground_truth:
      block[f'the true {target}'] = image_arrays.to_float(held_out[target])
    headers += block
    columns += [image_arrays.to_uint8(np.asarray(c)) for c in block.values()]
  rows = [
    [column[i] for column in columns]
    for i in range(min(len(c) for c in columns))
  ]
  return image_grids.contact_sheet(rows, headers, cell=_CELL, title=title)


def from_noise(
  model: Any, rows: int, *, resolution: int, alpha: float, title: str
) -> np.ndarray:
  """Generates images from the same noise each time.

  Args:
    model: a model that generates from noise, with batch norm statistics.
    rows: rows of the grid.
    resolution: resolution of the stage, px.
    alpha: how far the stage is faded in, in [0, 1].
    title: a line above the grid.

  Returns:
    uint8 [height, width, 3]: one block of columns for each domain; the same
    positions of two blocks are of the same noise.
  """
  columns = max(1, _NOISE_COLUMNS // len(model.domains))
  latents = model.noise(rows * columns, _NOISE_SEED)
  cells: list[list[np.ndarray]] = [[] for _ in range(rows)]
  for domain in model.domains:
    images = image_arrays.to_uint8(
      np.asarray(
        model.generate(latents, [domain], resolution=resolution, alpha=alpha)
      )
    )
    for index, row in enumerate(cells):
      row += list(images[index * columns : (index + 1) * columns])
  headers = [domain for domain in model.domains for _ in range(columns)]
  return image_grids.contact_sheet(cells, headers, cell=_CELL, title=title)
