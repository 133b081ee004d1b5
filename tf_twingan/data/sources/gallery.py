"""A source's images one by one and by name, to search among.

Training wants a source as one array and part of it held out (`sources`); a
search wants every image of it, in an order that does not change, under a
name that says which image was found. Nothing is decoded or drawn before it
is asked for, so that a reader can stop anywhere and go on later.
"""

import pathlib
from collections.abc import Callable
from typing import NamedTuple

import numpy as np

from tf_twingan import image_arrays, image_io
from tf_twingan.data.sources import registry


class Gallery(NamedTuple):
  """The images of one source.

  Attributes:
    source: the source in a form that means the same from any folder.
    names: of the images, in order; each is there once.
    read: a name to uint8 RGB [resolution, resolution, 3]; raises
      `images.UnreadableImage` or OSError where that is no image.
  """

  source: str
  names: list[str]
  read: Callable[[str], np.ndarray]


def open_source(
  source: str, resolution: int, *, limit: int | None = None
) -> Gallery:
  """Lists the images of a source, those held out from training first.

  Args:
    source: as for `sources.load`. Images are named by their path below the
      folder, as STYLE/NUMBER of an avatar's character, or as SPLIT/PLACE in a
      dataset.
    resolution: side of the images in pixels, a power of two from 4 up.
    limit: the first so many only.

  Returns:
    The gallery, of one image or more.

  Raises:
    FileNotFoundError: the folder is missing.
    ValueError: anything else is wrong with the source, or it is empty.
  """
  registry.check_resolution(resolution)
  if limit is not None and limit < 1:
    raise ValueError(f'limit is {limit}; give 1 or more images.')
  scheme, what, options = registry.parse(source)

  def fitted(image: np.ndarray) -> np.ndarray:
    return image_arrays.square(
      image, resolution, options['fit'], crop=options['crop']
    )

  if scheme == 'avatars':
    names, read = _avatars(what, resolution, options, fitted)
  elif scheme == 'folder':
    root = pathlib.Path(what).expanduser().resolve()
    options_given = source.removeprefix(f'folder:{what}')
    source = f'folder:{root}{options_given}'
    names, read = _folder(source, root, resolution, options, fitted)
  else:
    names, read = _arrays(source, resolution)
  return Gallery(source, names[:limit], read)


def _avatars(style, resolution, options, fitted):
  # Here, not above: drawing needs packages that folders can do without.
  from tf_twingan.data.avatars import avatar_dataset, characters, drawing

  # Says which styles there are.
  drawing.definition(style)
  size = {
    'train': options['limit'] or avatar_dataset.TRAIN_SIZE,
    'test': options['limit'] or avatar_dataset.TEST_SIZE,
  }
  paired = options['train_split'] == registry.PAIRED
  numbers = {
    split: avatar_dataset.numbers(style, split, size[split], paired)
    for split in reversed(registry.SPLITS)
  }

  def read(name: str) -> np.ndarray:
    number = int(name.rpartition('/')[2])
    split = 'train' if number in numbers['train'] else 'test'
    vivid = avatar_dataset.has_vivid_hair(style, split, paired)
    image = drawing.draw(
      characters.character(number, vivid), style, avatar_dataset.IMAGE_SIZE
    )
    if options['crop'] == 1 and resolution <= avatar_dataset.IMAGE_SIZE:
      return image_arrays.downsample(image[None], resolution)[0]
    return fitted(image)

  return [f'{style}/{n}' for part in numbers.values() for n in part], read


def _folder(source, root, resolution, options, fitted):
  try:
    files = image_io.list_files(root)
  except (FileNotFoundError, ValueError) as error:
    raise type(error)(f'source {source}: {error}') from None
  if not files:
    raise ValueError(
      f'{source}: no images found under {root}; '
      f'searched for **/*{{{",".join(image_io.SUFFIXES)}}}'
    )
  needed = int(np.ceil(2 * resolution / options['crop']))

  def read(name: str) -> np.ndarray:
    return fitted(image_io.read(root / name, at_least=needed))

  return [file.relative_to(root).as_posix() for file in files], read


def _arrays(source, resolution):
  parts = {
    split: registry.load(source, resolution, split=split).images
    for split in reversed(registry.SPLITS)
  }

  def read(name: str) -> np.ndarray:
    split, _, place = name.partition('/')
    return parts[split][int(place)]

  return [
    f'{split}/{place}'
    for split, part in parts.items()
    for place in range(len(part))
  ], read
