"""Translates image files into PNG files of the same names."""

import collections
import os
import pathlib
from collections.abc import Iterable, Mapping, Sequence

import numpy as np
import tqdm

from tf_twingan import image_io
from tf_twingan.inference import batching, translator


def find_images(path: str | os.PathLike) -> list[pathlib.Path]:
  """The image files of a path: the file itself, or all below a folder.

  Raises:
    FileNotFoundError: there is nothing at this path.
    ValueError: it is a folder without images.
  """
  root = pathlib.Path(path)
  files = [root] if root.is_file() else image_io.list_files(root)
  if not files:
    raise ValueError(
      f'{root} holds no images; these are looked for: '
      f'{", ".join(sorted(image_io.SUFFIXES))}.'
    )
  return files


def output_paths(
  files: Sequence[pathlib.Path],
  root: str | os.PathLike,
  folder: str | os.PathLike,
) -> dict[pathlib.Path, pathlib.Path]:
  """Where the output of each file goes: PNG files with the names of theirs.

  Where several files differ in their suffix only, it becomes part of the name.

  Args:
    files: image files, from `find_images`.
    root: the path they were found at; folders below it are kept.
    folder: folder for the output.

  Raises:
    ValueError: a file would be overwritten, or two would have the same output.
  """
  root = pathlib.Path(root)
  same_name = {
    path: pathlib.Path(
      folder, path.relative_to(root) if path != root else path.name
    )
    for path in files
  }
  stems = collections.Counter(p.with_suffix('') for p in same_name.values())
  outputs = {
    path: output.with_suffix('.png')
    if stems[output.with_suffix('')] == 1
    else output.with_name(f'{output.name}.png')
    for path, output in same_name.items()
  }
  inputs = {path.resolve() for path in files}
  for output in outputs.values():
    if output.resolve() in inputs:
      raise ValueError(
        f'{output} is one of the images to translate and would be '
        'overwritten; choose another --output.'
      )
  if len(set(outputs.values())) < len(files):
    raise ValueError(
      'Several images would get the same result file; rename those that '
      'differ in their endings only.'
    )
  return outputs


def translate_files(
  model: translator.Translator,
  outputs: Mapping[pathlib.Path, pathlib.Path],
  to: str,
  source: str | None = None,
  *,
  style: np.ndarray | None = None,
  side_by_side: bool = False,
) -> dict[pathlib.Path, str]:
  """Translates image files, a batch at a time, with a progress bar.

  Args:
    model: the translator to use.
    outputs: where the output of each file goes, from `output_paths`.
    to: name of the domain to translate to.
    source: name of the domain that the images belong to; may be left out if
      the model has two.
    style: style code of all outputs, or None; see `Translator.translate`.
    side_by_side: whether to put each output to the right of its source.

  Returns:
    The files that could not be read, each with the reason.
  """
  skipped: dict[pathlib.Path, str] = {}
  files = list(outputs)
  for part in tqdm.tqdm(
    list(batching.slices(len(files))),
    unit=' batches',
    desc=f'translating to {to}',
  ):
    images = _read(model, files[part], skipped)
    if not images:
      continue
    sources = np.stack(list(images.values()))
    translated = model.translate(sources, to, source, style=style)
    if side_by_side:
      translated = np.concatenate([sources, translated], axis=2)
    for path, image in zip(images, translated):
      image_io.write_png(outputs[path], image)
  return skipped


def _read(
  model: translator.Translator,
  files: Iterable[pathlib.Path],
  skipped: dict[pathlib.Path, str],
) -> dict[pathlib.Path, np.ndarray]:
  """The images that can be read; the others are added to `skipped`."""
  images = {}
  for path in files:
    try:
      images[path] = model.read(path)
    except image_io.UnreadableImage as error:
      skipped[path] = error.reason
  return images
