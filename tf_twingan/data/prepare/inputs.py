"""What is prepared: the photos of a folder or of any dataset, whole."""

import errno
import json
import os
import pathlib
from collections.abc import Callable, Mapping, Sequence
from typing import NamedTuple

import numpy as np

from tf_twingan import errors, files, framing, home_folder
from tf_twingan.data import attributes, image_vectors
from tf_twingan.data.sources import base, folder, registry


class Input(NamedTuple):
  """The photos of an input.

  Attributes:
    dataset: its dataset string, which means the same in any working directory.
    names: names of the photos, in a fixed order; each is there once.
    read: reads the photo of a name, uint8 RGB [height, width, 3].
    splits: the split of each photo where the input has one, else None.
    attributes: {column: a value for each photo, '' where it has none}.
    vectors: float32 [n, size], a row for each photo; None without.
    path_of: the file of the photo of a name; None where it has none.
  """

  dataset: str
  names: list[str]
  read: Callable[[str], np.ndarray]
  splits: Sequence[str | None]
  attributes: Mapping[str, Sequence[str]]
  vectors: np.ndarray | None
  path_of: Callable[[str], str | None]

  @property
  def names_sha256(self) -> str:
    """The checksum of the names."""
    return _sha256('\n'.join(self.names))

  @property
  def dataset_sha256(self) -> str:
    """The checksum of the dataset string."""
    return _sha256(self.dataset)

  @property
  def labels_sha256(self) -> str:
    """The checksum of the labels, of which there may be none."""
    columns = {name: [*values] for name, values in self.attributes.items()}
    return _sha256(json.dumps(columns, sort_keys=True))

  @property
  def vectors_sha256(self) -> str:
    """The checksum of the vectors, of which there may be none."""
    if self.vectors is None:
      return _sha256('')
    return files.sha256(np.ascontiguousarray(self.vectors).tobytes())

  def files_sha256(self) -> str:
    """The checksum of the sizes and times of the photos' files.

    It changes when a photo is replaced under its name; nothing is read.
    """
    return _sha256(
      '\n'.join(_stamp(self.path_of(name), name) for name in self.names)
    )


def _sha256(text: str) -> str:
  # Names may be of any bytes.
  return files.sha256(text.encode(errors='surrogatepass'))


def _stamp(path: str | None, name: str) -> str:
  if path is None:
    return name
  try:
    status = os.stat(path)
  except OSError as error:
    return f'{name} {errno.errorcode.get(error.errno or 0)}'
  return f'{name} {status.st_size} {status.st_mtime_ns}'


def open_input(
  text: str,
  output: str | os.PathLike | None,
  labels: str | os.PathLike | None = None,
) -> Input:
  """Lists the photos of an input; none is read.

  Args:
    text: a folder, or the string of a dataset.
    output: folder of the prepared images: what is below it is no input.
    labels: a file like `attributes.csv` whose labels the photos have; None for
      those of the input itself.

  Raises:
    FileNotFoundError: there is no such folder.
    ValueError: it is no folder and no dataset, is itself the folder of the
      output, or holds no images.
  """
  dataset = registry.parse(as_dataset(text))
  if dataset.asked_framing != framing.Framing():
    raise ValueError(
      f'{errors.printable(text)}: whole photos are prepared; leave crop= and '
      'fit= out, and choose --margin'
    )
  originals = dataset.originals()
  kept: Sequence[int] = range(len(originals.names))
  if output is not None:
    _check_output(dataset, output)
    below = pathlib.Path(os.path.realpath(output))
    kept = [
      index
      for index, name in enumerate(originals.names)
      if not _is_below(dataset.path_of(name), below)
    ]
  names = [originals.names[index] for index in kept]
  if not names:
    raise ValueError(f'{errors.printable(text)} holds no images to prepare')
  columns: Mapping[str, Sequence[str]]
  if labels is None:
    columns = attributes.choose(originals.attributes, kept)
  else:
    columns = attributes.read_file(
      labels, names, dataset=text, is_there={*originals.names}.__contains__
    )
  return Input(
    dataset.portable,
    names,
    originals.read,
    [originals.splits.get(name) for name in names],
    # Now, so that what is wrong with them is said before any work.
    dict(columns),
    _vectors(dataset, names),
    dataset.path_of,
  )


def as_dataset(text: str) -> str:
  """The dataset string of an input, which may be a folder."""
  scheme, colon, _ = text.partition(':')
  is_known = scheme in registry.SCHEMES
  if colon and (is_known or not os.path.exists(text)):
    return text
  return f'folder:{text}'


def reader(dataset: str) -> Callable[[str], np.ndarray]:
  """Reads photos of a dataset by their names; see `Input.read`."""
  return registry.parse(dataset).originals().read


def _vectors(dataset: base.Dataset, names: Sequence[str]) -> np.ndarray | None:
  """The vectors that the string names, or that lie in a prepared folder."""
  if not isinstance(dataset, folder.FolderDataset):
    if dataset.vectors is not None:
      raise ValueError(
        f'{dataset.text}: vectors are carried over from folders alone; leave '
        'vectors= out, or compute them by --embed'
      )
    return None
  path = pathlib.Path(home_folder.expand(dataset.what))
  path /= home_folder.expand(dataset.vectors or image_vectors.FILE)
  if dataset.vectors is None and not path.exists():
    return None
  return image_vectors.read_file(path, names, dataset=dataset.text)


def _is_below(path: str | None, folder_: pathlib.Path) -> bool:
  if path is None:
    return False
  parent = os.path.realpath(os.path.dirname(path))
  return pathlib.PurePath(parent).is_relative_to(folder_)


def _check_output(dataset: base.Dataset, output: str | os.PathLike) -> None:
  """Refuses an output that is the folder of the photos, or holds it."""
  path = dataset.path_of('')
  if path is None:
    return
  root, target = os.path.realpath(path), os.path.realpath(output)
  if pathlib.PurePath(root).is_relative_to(target):
    raise ValueError(
      f'--output={errors.printable(output)} holds the photos themselves; '
      'choose a new folder, such as '
      f'{errors.printable(pathlib.Path(output, "prepared"))}'
    )
