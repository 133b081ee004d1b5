"""Writes the golden images: example inputs with the model's outputs."""

import pathlib

from export import contexts
from tf_twingan import image_io


def write(folder: pathlib.Path, context: contexts.Context) -> dict[str, str]:
  """Writes golden/*.png.

  Args:
    folder: folder of the bundle.
    context: the directions of the bundle.

  Returns:
    {'input': file, 'output': file} for the manifest, by which to check an
    integration.
  """
  for name, image in context.golden_images().items():
    image_io.write_png(folder / _file(name), image)
  return {end: _file(name) for end, name in context.golden_names().items()}


def _file(name: str) -> str:
  return f'golden/{name}.png'
