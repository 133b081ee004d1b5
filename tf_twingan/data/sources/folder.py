"""Dataset scheme `folder:PATH`: the images under a folder.

They may be of any size and common format. The held-out images are those of
another folder, if there is one, see `folder_splits`. Else a file's name alone
selects whether its image is held out, so that adding images never moves a
held-out one into training. (A small folder without any such name holds one of
its other images out, as long as it has none.)
"""

import errno
import functools
import os
import pathlib
from collections.abc import Mapping, Sequence, Set

from tf_twingan import errors, home_folder, image_io
from tf_twingan.data import attributes, image_vectors
from tf_twingan.data.prepare import dataset_record, options
from tf_twingan.data.sources import base, folder_splits


class FolderDataset(base.EncodedDataset):
  """The images under a folder."""

  scheme = 'folder'
  usage = 'folder:PATH'
  own_options = ('test',)
  vectors_usage = 'FILE'
  takes_balance = True

  def __init__(self, text: str, what: str, options: Mapping[str, str]):
    """See `base.Dataset`."""
    super().__init__(text, what, options)
    self._test = options.get('test')
    if self._test == '':
      raise ValueError(f'{text}: test= names nothing; write test=FOLDER')

  def load(self, resolution: int, split: str) -> base.ImageSet:
    """See `base.Dataset.load`."""
    top = pathlib.Path(home_folder.expand(self.what))
    splits = folder_splits.find(top, self._test, dataset=self.text)
    root = splits.train
    if splits.test is not None and split == 'test':
      root = splits.test
    paths = {
      path.relative_to(root).as_posix(): path for path in self._list(root)
    }
    held = splits.test_below_train()
    if held and split == 'train':
      paths = {n: p for n, p in paths.items() if not n.startswith(held)}
    names = base.in_order_of_hash(paths)
    decoded = self.decode(
      resolution,
      location=str(root.resolve()),
      content=[_stamp(name, paths[name]) for name in names],
      count=len(names),
      images=lambda: ((name, paths[name]) for name in names),
      is_held_out=base.is_held_out,
    )
    part = slice(None)
    if splits.test is None:
      part = base.part_of_split(decoded, split)
    kept = base.decoded_names(names, decoded)[part]
    loaded = self.image_set(decoded, decoded.images[part], split)
    is_inside = root.is_relative_to(top)
    labelled = top if is_inside else root
    between = '' if root == labelled else f'{root.relative_to(top).as_posix()}/'
    below = [between + name for name in kept]
    loaded = loaded._replace(
      names=kept, attributes=self._attributes(labelled, below)
    )
    # Nothing but training asks for them, and held-out images of elsewhere are
    # in no file of vectors.
    if self.vectors is None or not is_inside:
      return loaded
    return loaded._replace(
      vectors=image_vectors.read_file(
        top / home_folder.expand(self.vectors), below, dataset=self.text
      )
    )

  def named_images(self, resolution: int) -> base.NamedImages:
    """Names the images by their paths below the folder."""
    root = self._root
    names = [path.relative_to(root).as_posix() for path in self._list(root)]
    # A subfolder that cannot be listed is among them.
    listed = {*names}
    return base.NamedImages(
      self.portable,
      names,
      lambda name: self.framing.read(root / name, resolution),
      lambda name: ' '.join(map(str, _stamp(name, root / name)[1:])),
      lambda name: _is_gone(root, name, listed),
      self._attributes(root, names),
    )

  def originals(self) -> base.Originals:
    """Names the images by their paths below the folder.

    Those of a folder elsewhere, which are held out, are named by their paths
    below that one, behind `test/`.
    """
    top = pathlib.Path(home_folder.expand(self.what))
    splits = folder_splits.find(top, self._test, dataset=self.text)
    paths: dict[str, pathlib.Path] = {}
    split_of: dict[str, str] = {}
    below = splits.test_below_train()
    for path in self._list(splits.train):
      if below and path.relative_to(splits.train).as_posix().startswith(below):
        continue
      name = path.relative_to(top).as_posix()
      paths[name], split_of[name] = path, 'train'
    labels = [self._attributes(top, [*paths])]
    counts = [len(paths)]
    if splits.test is None:
      split_of = {}
    else:
      is_inside = splits.test.is_relative_to(top)
      root = top if is_inside else splits.test
      held_out = self._list(splits.test)
      below_root = [path.relative_to(root).as_posix() for path in held_out]
      labels.append(self._attributes(root, below_root))
      counts.append(len(held_out))
      for name, path in zip(below_root, held_out, strict=True):
        name = name if is_inside else f'test/{name}'
        if name in paths:
          raise ValueError(
            f'{self.text}: two images would be called '
            f'{errors.printable(name)}; rename the folder {splits.train}/test'
          )
        paths[name], split_of[name] = path, 'test'
    return base.Originals(
      [*paths],
      lambda name: image_io.read(paths[name]),
      split_of,
      attributes.concatenate(labels, counts),
    )

  def _attributes(
    self, folder: pathlib.Path, names: Sequence[str]
  ) -> attributes.LazyColumns:
    """The labels of images by their paths below a folder that holds a file."""
    return attributes.LazyColumns(
      lambda: attributes.read_folder(folder, names, dataset=self.text)
    )

  @property
  def portable(self) -> str:
    """See `base.Dataset.portable`."""
    options = self.text.removeprefix(f'{self.scheme}:{self.what}')
    return f'{self.scheme}:{self._root}{options}'

  def path_of(self, name: str) -> str:
    """See `base.Dataset.path_of`."""
    return os.path.normpath(self._root / name)

  def preparation(self) -> options.Options | None:
    """See `base.Dataset.preparation`."""
    record = dataset_record.find(home_folder.expand(self.what))
    return record.options if record else None

  @functools.cached_property
  def _root(self) -> pathlib.Path:
    return pathlib.Path(home_folder.expand(self.what)).resolve()

  def _list(self, root: pathlib.Path) -> list[pathlib.Path]:
    """All image files under the folder, or under that of one split."""
    try:
      paths = image_io.list_files(root)
    except (FileNotFoundError, ValueError) as error:
      raise type(error)(f'dataset {self.text}: {error}') from None
    # Of a prepared dataset: it shows what is in the folders below.
    sheet = root / dataset_record.SHEET
    if sheet in paths and dataset_record.is_prepared(root):
      paths.remove(sheet)
    if not paths:
      self._check_format(root)
      raise ValueError(
        f'{self.text}: no images found under {errors.printable(root)}; '
        f'searched for **/*{{{",".join(image_io.SUFFIXES)}}}'
      )
    return paths

  def _check_format(self, root: pathlib.Path) -> None:
    """Names the scheme of a prepared dataset whose images are in TFRecords."""
    record = dataset_record.find(root)
    if record is not None and record.format == 'tfrecord':
      raise ValueError(
        f'{self.text}: its images are in TFRecord files; write '
        f'tfrecord:{errors.printable(self.what)}'
      )


def _stamp(name: str, path: pathlib.Path) -> tuple[str | int, ...]:
  """What changes when a file does, or when it becomes readable."""
  try:
    status = path.stat()
  except OSError as error:
    return name, errno.errorcode.get(error.errno or 0, 'unknown')
  stamp = name, status.st_size, status.st_mtime_ns
  if not os.access(path, os.R_OK):
    return *stamp, 'unreadable'
  if path.suffix.lower() in ('.heic', '.heif') and image_io.reads_heic():
    return *stamp, 'heic'
  return stamp


def _is_gone(root: pathlib.Path, name: str, listed: Set[str]) -> bool:
  """Whether a file is no longer there, and none of its folders out of reach."""
  for parent in pathlib.PurePosixPath(name).parents:
    folder = root / parent
    leads_nowhere = folder.is_symlink() and not folder.exists()
    if parent.as_posix() in listed or leads_nowhere:
      return False
  try:
    os.lstat(root / name)
  except OSError as error:
    return error.errno in (errno.ENOENT, errno.ENOTDIR)
  return True
