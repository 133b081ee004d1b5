"""What is prepared: the photos of a folder or of any dataset, whole."""

import collections
import os
import pathlib
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import NamedTuple

import numpy as np

from tf_twingan import errors, image_io
from tf_twingan.data.sources import base, registry

# Folders of splits, as `folder_splits` knows them, and TFDS's splits.
_SPLIT = re.compile(
  rf'(?i:(train)|{"|".join(base.TEST_NAMES)})(?:[_-]?[A-Z0-9]?)'
)


class Input(NamedTuple):
  """The photos of an input.

  Attributes:
    dataset: its dataset string, which means the same in any working directory.
    names: names of the photos, in a fixed order; each is there once.
    read: reads the photo of a name, uint8 RGB [height, width, 3].
    splits: the split of each photo where the input has one, else None.
    attributes: for each column a text for each photo; None without labels.
    vectors: float32 [n, size], a row for each photo; None without.
  """

  dataset: str
  names: list[str]
  read: Callable[[str], np.ndarray]
  splits: Sequence[str | None]
  attributes: Mapping[str, Sequence[str]] | None = None
  vectors: np.ndarray | None = None


def open_input(text: str, output: str | os.PathLike | None) -> Input:
  """Lists the photos of an input; none is read.

  Args:
    text: a folder, or the string of a dataset.
    output: folder of the prepared images: what is below it is no input.

  Raises:
    FileNotFoundError: there is no such folder.
    ValueError: it is no folder and no dataset, is itself the folder of the
      output, or holds no images.
  """
  dataset = registry.parse(as_dataset(text))
  originals = _originals(dataset)
  names = list(originals.names)
  if output is not None:
    _check_output(dataset, output)
    below = pathlib.Path(os.path.realpath(output))
    names = [n for n in names if not _is_below(dataset.path_of(n), below)]
  if not names:
    raise ValueError(f'{errors.printable(text)} holds no images to prepare')
  return Input(dataset.portable, names, originals.read, own_splits(names))


def as_dataset(text: str) -> str:
  """The dataset string of an input, which may be a folder."""
  scheme, colon, _ = text.partition(':')
  is_known = scheme in registry.SCHEMES
  if colon and (is_known or not os.path.exists(text)):
    return text
  return f'folder:{text}'


def reader(dataset: str) -> Callable[[str], np.ndarray]:
  """Reads photos of a dataset by their names; see `Input.read`."""
  return _originals(registry.parse(dataset)).read


def own_splits(names: Sequence[str]) -> list[str | None]:
  """The split of each photo by its folder, where both splits are there.

  Args:
    names: names of the photos, with forward slashes.
  """
  found = list(_splits(names))
  if collections.Counter(found).keys() >= set(base.SPLITS):
    return found
  return [None] * len(names)


def _splits(names: Sequence[str]) -> Iterator[str | None]:
  train, test = base.SPLITS
  for name in names:
    folder, slash, _ = name.partition('/')
    match = _SPLIT.fullmatch(folder) if slash else None
    yield match and (train if match[1] else test)


def _is_below(path: str | None, folder: pathlib.Path) -> bool:
  if path is None:
    return False
  parent = os.path.realpath(os.path.dirname(path))
  return pathlib.PurePath(parent).is_relative_to(folder)


def _check_output(dataset: base.Dataset, output: str | os.PathLike) -> None:
  """Refuses an output that is the folder of the photos, or holds it."""
  path = dataset.path_of('')
  if path is None:
    return
  root, folder = os.path.realpath(path), os.path.realpath(output)
  if pathlib.PurePath(root).is_relative_to(folder):
    raise ValueError(
      f'--output={errors.printable(output)} holds the photos themselves; '
      'choose a new folder, such as '
      f'{errors.printable(pathlib.Path(output, "prepared"))}'
    )


class _Originals(NamedTuple):
  names: list[str]
  read: Callable[[str], np.ndarray]


def _originals(dataset):
  root = pathlib.Path(dataset.path_of(''))
  names = [p.relative_to(root).as_posix() for p in image_io.list_files(root)]
  return _Originals(names, lambda name: image_io.read(root / name))
