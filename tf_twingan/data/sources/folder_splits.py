"""Which folders hold the splits of a folder of images.

Published datasets come as `train` and `test` or `val`, and with two domains as
`trainA`, `trainB`, `testA` and `testB` (CycleGAN's and many sets after it) or
as `train/A`, `train/B`, `val/A` and `val/B` (AFHQ's). The published split is
what scores are compared on, so it is found by itself. Capitals do not matter.
"""

import os
import pathlib
import re
from typing import NamedTuple

from tf_twingan import home_folder
from tf_twingan.data.sources import base

_TRAIN = 'train'
_TRAIN_FOLDER = re.compile(r'(?i:train)(?P<rest>[_-]?[A-Z0-9]?)')


class Splits(NamedTuple):
  """The folders of a dataset's splits.

  Attributes:
    train: folder of the images to train on.
    test: folder of the held-out images; None if they are a part of `train`.
  """

  train: pathlib.Path
  test: pathlib.Path | None = None

  def test_below_train(self) -> str | None:
    """The path of `test` below `train`, ending in '/'; None if it is not."""
    if self.test is None:
      return None
    test, train = self.test.resolve(), self.train.resolve()
    if not test.is_relative_to(train):
      return None
    return f'{test.relative_to(train).as_posix()}/'


def find(
  folder: pathlib.Path, test: str | None = None, *, dataset: str
) -> Splits:
  """Finds the splits of a folder.

  Args:
    folder: the folder that a dataset names. Either it holds `train` and one of
      `base.TEST_NAMES`; or it is called `train` or `trainA` and the like, and
      the folder `test` or `testA` stands beside it; or it is in such a folder,
      and one of its name is in `test`; or it has no splits.
    test: folder of the held-out images, absolute or relative to `folder`,
      instead of those that are found by their names; None looks for them.
    dataset: the dataset's string, for messages.

  Raises:
    FileNotFoundError: there is no folder `test`.
    ValueError: `test` is the folder itself, or holds it; or the folder holds
      those of several domains.
  """
  train = _child(folder, _TRAIN)
  if test is not None:
    return Splits(train or folder, _given(folder, test, dataset))
  if train:
    found = _first(_child(folder, name) for name in base.TEST_NAMES)
    return Splits(train, found) if found else Splits(folder)
  _check_one_domain(folder, dataset)
  # Not resolved: a link has the name that its user chose.
  path = pathlib.Path(os.path.abspath(folder))
  return Splits(folder, _beside(path) or _beside(path.parent, path.name))


def _beside(train: pathlib.Path, name: str = '') -> pathlib.Path | None:
  """The folder of held-out images beside `train`, or the one named in it."""
  match = _TRAIN_FOLDER.fullmatch(train.name)
  if match is None:
    return None
  folders = [_child(train.parent, n + match['rest']) for n in base.TEST_NAMES]
  return _first(f and _child(f, name) if name else f for f in folders)


def _child(folder: pathlib.Path, name: str) -> pathlib.Path | None:
  """The folder of a name in a folder, whatever its capitals."""
  if (folder / name).is_dir():
    return folder / name
  try:
    names = sorted(os.listdir(folder))
  except OSError:
    return None  # Said better by whoever lists it.
  return _first(folder / n for n in names if n.lower() == name.lower())


def _given(folder, test, dataset) -> pathlib.Path:
  found = pathlib.Path(os.path.normpath(folder / home_folder.expand(test)))
  if not found.is_dir():
    raise FileNotFoundError(
      f'dataset {dataset}: test={test} is no folder ({found}); give the folder '
      'of the held-out images, absolute or relative to that of the dataset'
    )
  if folder.resolve().is_relative_to(found.resolve()):
    raise ValueError(
      f'dataset {dataset}: test={test} holds the images to train on, too; give '
      'a folder of other images'
    )
  return found


def _first(folders) -> pathlib.Path | None:
  return next((f for f in folders if f is not None and f.is_dir()), None)


def _check_one_domain(folder, dataset) -> None:
  """Refuses a folder of `trainA` and `trainB`, which would be mixed."""
  if not folder.is_dir():
    return  # Said better by whoever lists it.
  names = sorted(
    path.name
    for path in folder.iterdir()
    if _TRAIN_FOLDER.fullmatch(path.name) and path.is_dir()
  )
  if len(names) > 1:
    raise ValueError(
      f'dataset {dataset}: this folder holds {", ".join(names)}, which are '
      f'images of different domains; name one of them, such as '
      f'folder:{folder / names[0]}'
    )
