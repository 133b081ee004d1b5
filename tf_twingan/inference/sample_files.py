"""Writes images generated from noise, and a contact sheet of them."""

import os
import pathlib
from typing import NamedTuple

import numpy as np

from tf_twingan import files, image_grids, image_io
from tf_twingan.inference import batching, output_files, sampler

_COLUMNS = 8


class Latents(NamedTuple):
  """Latent vectors to generate images from.

  Attributes:
    names: file names without a suffix, one for each vector.
    vectors: float32 [n, latent_size].
    columns: number of images in a row of the contact sheet.
  """

  names: list[str]
  vectors: np.ndarray
  columns: int


def independent_latents(
  model: sampler.Sampler, count: int, seed: int
) -> Latents:
  """Independent random vectors."""
  vectors = model.noise(count, seed)
  return Latents([f'{i:04d}' for i in range(count)], vectors, _COLUMNS)


def interpolated_latents(
  model: sampler.Sampler, count: int, seed: int, steps: int
) -> Latents:
  """Vectors that lead from each random vector to the next.

  Args:
    model: the sampler whose vectors these are.
    count: number of random vectors, 2 or more.
    seed: seed of these.
    steps: number of vectors from one to the next, both included.
  """
  ends = model.noise(count, seed)
  rows = [sampler.interpolate(*pair, steps) for pair in zip(ends, ends[1:])]
  names = [f'{i:04d}_{j:02d}' for i in range(len(rows)) for j in range(steps)]
  return Latents(names, np.concatenate(rows), steps)


def write(
  model: sampler.Sampler,
  latents: Latents,
  domain: str,
  output: str | os.PathLike,
  *,
  title: str,
) -> pathlib.Path:
  """Generates images of a domain and writes them.

  Args:
    model: the sampler to use.
    latents: what to generate the images from.
    domain: name of the domain.
    output: folder for the contact sheet, DOMAIN.png, and the folder of images.
    title: line above the contact sheet.

  Returns:
    The folder of the images, which is `output`/DOMAIN.

  Raises:
    FloatingPointError: the network gives NaN, as its training diverged.
    KeyboardInterrupt: the user stopped it; says how many are written.
    OSError: they cannot be written.
    ValueError: there is no such domain, or an image of others would be
      overwritten.
  """
  folder = pathlib.Path(output, domain)
  files.check_writable(output, f'{domain}.png')
  files.check_writable(folder)
  output_files.check_replaced(folder / f'{name}.png' for name in latents.names)
  count, parts = len(latents.names), []
  with output_files.OutputFiles(folder, count, f'in {folder}') as writer:
    for part in batching.slices(count):
      parts.append(model.generate(latents.vectors[part], domain))
      for name, image in zip(latents.names[part], parts[-1]):
        reason = writer.write(folder / f'{name}.png', image)
        if reason:
          raise OSError(reason)
  images = np.concatenate(parts)
  rows = [
    list(images[start : start + latents.columns])
    for start in range(0, len(images), latents.columns)
  ]
  sheet = image_grids.contact_sheet(
    rows, [''] * len(rows[0]), cell=96, title=title
  )
  image_io.write_png(folder.with_name(f'{domain}.png'), sheet)
  return folder
