"""From a subject, which is anything that translates, to a candidate.

A model or an exported file is asked for translations; those of another program
are read from a folder, matched with their sources by name.
"""

import os
import pathlib
from typing import Protocol

import numpy as np

from tf_twingan import image_arrays, image_io
from tf_twingan.evaluation import directions


class Subject(Protocol):
  """What can be scored; a `Translator` is one, and an exported `Drawer`.

  One that does not draw every domain in every other also has `draws(source,
  to)`, which says whether it draws that; one with a code has `encode`, and no
  `has_codes` that is false.
  """

  def translate(
    self, images: np.ndarray, to: str, source: str | None = None
  ) -> np.ndarray:
    """Draws uint8 RGB images [n, height, width, 3] in another domain."""


def supports(subject: Subject, source: str, to: str) -> bool:
  """Whether a subject translates from one domain to the other."""
  asked = getattr(subject, 'supports', None)
  return asked is None or asked(source, to)


def ask(
  subject: Subject, direction: directions.Direction
) -> directions.Candidate:
  """Has a subject translate all that the scores look at.

  Args:
    subject: draws at any resolution; what it draws is brought to that of the
      direction. What it does not draw beside the direction is not returned.
    direction: what to translate.
  """
  source, target = direction.source, direction.target
  resolution = direction.sources.shape[1]

  def translated(images: np.ndarray, start: str, to: str) -> np.ndarray:
    return _at(subject.translate(images, to=to, source=start), resolution)

  translations = translated(direction.sources, source, target)
  returned = {}
  if supports(subject, source, source):
    returned['reconstruction'] = translated(direction.sources, source, source)
  if supports(subject, target, source):
    returned['round trip'] = translated(translations, target, source)
  # Contiguous, because not every translator takes negative strides.
  mirrored = np.ascontiguousarray(direction.sources[:, :, ::-1])
  return directions.Candidate(
    translations,
    of_mirrored=translated(mirrored, source, target),
    of_recolored=(
      None
      if direction.recolored is None
      else translated(direction.recolored.sources, source, target)
    ),
    # Not every subject has a code.
    encode=(
      getattr(subject, 'encode', None)
      if getattr(subject, 'has_codes', True)
      else None
    ),
    returned=returned,
  )


def read_folder(
  folder: str | os.PathLike, direction: directions.Direction
) -> directions.Candidate:
  """Reads another program's translations.

  Args:
    folder: holds one image for each source, named as `export` names it; of
      any common format, which another ending than .png may tell.
    direction: what was translated.

  Raises:
    FileNotFoundError: there is no such folder.
    ValueError: a translation is missing, or there are two of one name.
  """
  folder = pathlib.Path(folder)
  found: dict[str, list[pathlib.Path]] = {}
  for file in image_io.list_files(folder):
    name = file.relative_to(folder).with_suffix('').as_posix()
    found.setdefault(name, []).append(file)
  names = [_name(i) for i in range(len(direction.sources))]
  missing = [name for name in names if name not in found]
  if missing:
    raise ValueError(
      f'{folder} lacks {len(missing)} of {len(names)} translations, first '
      f'{missing[0]}.png; each is named like its source of --export_sources.'
    )
  twice = [found[name] for name in names if len(found[name]) > 1]
  if twice:
    raise ValueError(
      f'{folder} has {" and ".join(p.name for p in twice[0])} for one source; '
      'keep one of them.'
    )
  size = direction.sources.shape[1]
  return directions.Candidate(
    np.stack(
      [image_arrays.square(image_io.read(found[n][0]), size) for n in names]
    )
  )


def export(folder: str | os.PathLike, sources: np.ndarray) -> None:
  """Writes sources out, for another program to translate."""
  for i, image in enumerate(sources):
    image_io.write_png(pathlib.Path(folder, f'{_name(i)}.png'), image)


def _name(place: int) -> str:
  return f'{place:04}'


def _at(images: np.ndarray, resolution: int) -> np.ndarray:
  if images.shape[1:3] == (resolution, resolution):
    return images
  return np.stack([image_arrays.square(p, resolution) for p in images])
