"""Candidates: the translations that are scored, and where they come from.

A model or an exported file translates the sources of a task; translations of
another program are read from a folder and matched with their sources by name.
"""

import os
import pathlib
from collections.abc import Callable, Mapping
from typing import NamedTuple, Protocol

import numpy as np

from tf_twingan import image_arrays, image_io
from tf_twingan.evaluation import tasks
from tf_twingan.inference import output_files

RECONSTRUCTION, ROUND_TRIP = 'reconstruction', 'round trip'


class Candidate(NamedTuple):
  """The translations of a task by one translator or baseline.

  Images are uint8 [n, resolution, resolution, 3], in the order of the task's
  sources; None where there are none.

  Attributes:
    translations: translations of the sources.
    of_mirrored: translations of the mirrored sources.
    of_recolored: translations of the sources on other backgrounds.
    encode: function of images and their domain to content codes, float
      [n, ...].
    reproduced: images that should equal the sources, by name:
      `RECONSTRUCTION`, `ROUND_TRIP`.
  """

  translations: np.ndarray
  of_mirrored: np.ndarray | None = None
  of_recolored: np.ndarray | None = None
  encode: Callable[[np.ndarray, str], np.ndarray] | None = None
  reproduced: Mapping[str, np.ndarray] = {}


class Translates(Protocol):
  """Anything that translates: a `Translator`, or an exported file.

  Optional methods: `supports(source, to)` tells whether it translates from
  one domain to another, which it otherwise does for all; `encode` gives content
  codes, unless `has_codes` is false.
  """

  def translate(
    self, images: np.ndarray, to: str, source: str | None = None
  ) -> np.ndarray:
    """Translates uint8 RGB images [n, height, width, 3] to another domain."""


def supports(translator: Translates, source: str, to: str) -> bool:
  """Whether a translator translates from one domain to the other."""
  method = getattr(translator, 'supports', None)
  return method is None or method(source, to)


def translate(translator: Translates, task: tasks.Task) -> Candidate:
  """Translates everything that the metrics compare.

  Args:
    translator: translates images of any resolution; its outputs are resized
      to that of the task. What it does not support beside the task is left
      out.
    task: what to translate.
  """
  source, target = task.source, task.target
  resolution = task.sources.shape[1]

  def run(images: np.ndarray, start: str, to: str) -> np.ndarray:
    outputs = translator.translate(images, to=to, source=start)
    if outputs.shape[1:3] == (resolution, resolution):
      return outputs
    return np.stack([image_arrays.square(p, resolution) for p in outputs])

  translations = run(task.sources, source, target)
  reproduced = {}
  if supports(translator, source, source):
    reproduced[RECONSTRUCTION] = run(task.sources, source, source)
  if supports(translator, target, source):
    reproduced[ROUND_TRIP] = run(translations, target, source)
  # Contiguous, because not every translator takes negative strides.
  mirrored = np.ascontiguousarray(task.sources[:, :, ::-1])
  return Candidate(
    translations,
    of_mirrored=run(mirrored, source, target),
    of_recolored=(
      None
      if task.recolored is None
      else run(task.recolored.sources, source, target)
    ),
    # Not every translator has a content code.
    encode=(
      getattr(translator, 'encode', None)
      if getattr(translator, 'has_codes', True)
      else None
    ),
    reproduced=reproduced,
  )


def read_folder(folder: str | os.PathLike, task: tasks.Task) -> Candidate:
  """Reads another program's translations.

  Args:
    folder: holds one image for each source, with the name that
      `write_sources` gives the source; any common image format will do.
    task: what was translated.

  Raises:
    FileNotFoundError: there is no such folder.
    ValueError: a translation is missing, or there are two of one name.
  """
  folder = pathlib.Path(folder)
  files: dict[str, list[pathlib.Path]] = {}
  for file in image_io.list_files(folder):
    name = file.relative_to(folder).with_suffix('').as_posix()
    files.setdefault(name, []).append(file)
  names = [_name(i) for i in range(len(task.sources))]
  missing = [name for name in names if name not in files]
  if missing:
    raise ValueError(
      f'{folder} lacks {len(missing)} of {len(names)} translations, first '
      f'{missing[0]}.png; each is named like its source of --export_sources.'
    )
  twice = [files[name] for name in names if len(files[name]) > 1]
  if twice:
    raise ValueError(
      f'{folder} has {" and ".join(p.name for p in twice[0])} for one source; '
      'keep one of them.'
    )
  size = task.sources.shape[1]
  images = [image_io.read_square(files[name][0], size) for name in names]
  return Candidate(np.stack(images))


def write_sources(folder: str | os.PathLike, sources: np.ndarray) -> None:
  """Writes sources as PNG files, for another program to translate.

  Raises:
    OSError: they cannot be written.
    ValueError: an image of others would be overwritten.
  """
  paths = [pathlib.Path(folder, f'{_name(i)}.png') for i in range(len(sources))]
  output_files.check_replaced(paths)
  for path, image in zip(paths, sources):
    image_io.write_png(path, image)


def _name(index: int) -> str:
  return f'{index:04}'
