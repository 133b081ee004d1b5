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
    image_io.write_png(folder / file(name), image)
  return {end: file(name) for end, name in context.golden_names().items()}


def file(name: str) -> str:
  """The path of a golden image in its bundle."""
  return f'golden/{name}.png'
