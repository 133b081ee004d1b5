"""Dataset scheme `tfrecord:GLOB`: images in TFRecord files.

GLOB is a folder, whose `*.tfrecord` are taken, or a pattern of files with `*`
and `[0-9]` (a question mark begins the options). `prepare.tfrecord_files` has
the schema, which `tf_twingan.prepare --format=tfrecord` writes. A record's
split is what it says, or what its file's name begins with (`train-`, `test-`,
`val-`). Without images of both splits, a part is held out by their names.

All files are read from end to end before anything else, and a damaged one is
refused by its name: nothing is trained on what is left of it.
"""

import functools
import glob
import os
import re
from collections.abc import Iterator, Mapping
from typing import NamedTuple

import numpy as np

from tf_twingan import errors, files, home_folder, image_io
from tf_twingan.data import attributes, image_vectors
from tf_twingan.data.prepare import dataset_record, options, tfrecord_files
from tf_twingan.data.sources import base

_VECTOR = 'vector'
# Path, bytes and time of change of each file.
_Stamps = tuple[tuple[str, int, int], ...]


class _Index(NamedTuple):
  """What some files hold.

  Attributes:
    locations: {name: where the image is}, in the order of the files.
    splits: {name: 'train' or 'test'}; empty unless there are images of both.
  """

  locations: dict[str, tfrecord_files.Location]
  splits: dict[str, str]


class TfrecordDataset(base.EncodedDataset):
  """Images in TFRecord files."""

  scheme = 'tfrecord'
  usage = 'tfrecord:GLOB'
  vectors_usage = _VECTOR
  takes_balance = True

  def __init__(self, text: str, what: str, options: Mapping[str, str]):
    """See `base.Dataset`."""
    super().__init__(text, what, options)
    if self.vectors not in (None, _VECTOR):
      raise ValueError(
        f'{text}: vectors={self.vectors} is unknown; write vectors={_VECTOR}, '
        'or leave it out'
      )

  def load(self, resolution: int, split: str) -> base.ImageSet:
    """See `base.Dataset.load`."""
    stamps = self._stamps()
    index = _read_index(stamps, self.text)
    names = [n for n in index.locations if index.splits.get(n, split) == split]
    if not index.splits:
      names = base.in_order_of_hash(names)

    def images() -> Iterator[tuple[str, bytes]]:
      for name in names:
        yield name, tfrecord_files.read(index.locations[name]).image

    decoded = self.decode(
      resolution,
      location=f'{self._pattern} {split if index.splits else ""}',
      content=stamps,
      count=len(names),
      images=images,
      is_held_out=base.is_held_out,
    )
    part = slice(None)
    if not index.splits:
      part = base.part_of_split(decoded, split)
    kept = base.decoded_names(names, decoded)[part]
    loaded = self.image_set(decoded, decoded.images[part], split)._replace(
      names=kept, attributes=self._attributes(stamps, kept)
    )
    if self.vectors is None:
      return loaded
    return loaded._replace(vectors=self._vectors(stamps, kept))

  def named_images(self, resolution: int) -> base.NamedImages:
    """Names the images as the records do."""
    stamps = self._stamps()
    index = _read_index(stamps, self.text)
    stamp_of = {path: f'{size} {time}' for path, size, time in stamps}
    names = sorted(index.locations, key=lambda n: index.splits.get(n) != 'test')
    if not index.splits:
      names = base.in_order_of_hash(names)

    def stamp(name: str) -> str | None:
      found = index.locations.get(name)
      return found and f'{stamp_of[found.path]} {found.number}'

    return base.NamedImages(
      self.portable,
      names,
      lambda name: self.framing.read(
        tfrecord_files.read(index.locations[name]).image, resolution
      ),
      stamp,
      attributes=self._attributes(stamps, names),
    )

  def originals(self) -> base.Originals:
    """Names the images as the records do."""
    stamps = self._stamps()
    index = _read_index(stamps, self.text)
    names = [*index.locations]
    return base.Originals(
      names,
      lambda name: image_io.read(
        tfrecord_files.read(index.locations[name]).image
      ),
      index.splits,
      self._attributes(stamps, names),
    )

  @property
  def portable(self) -> str:
    """See `base.Dataset.portable`."""
    options = self.text.removeprefix(f'{self.scheme}:{self.what}')
    return f'{self.scheme}:{self._pattern}{options}'

  def preparation(self) -> options.Options | None:
    """See `base.Dataset.preparation`."""
    folder = self._pattern
    record = dataset_record.find(
      folder if os.path.isdir(folder) else os.path.dirname(folder)
    )
    return record.options if record else None

  @functools.cached_property
  def _pattern(self) -> str:
    return os.path.abspath(home_folder.expand(self.what))

  def _stamps(self) -> _Stamps:
    """The files, with what changes when one does."""
    pattern = self._pattern
    if os.path.isdir(pattern):
      pattern = os.path.join(glob.escape(pattern), f'*{tfrecord_files.SUFFIX}')
    paths = [
      path
      for path in sorted(glob.glob(pattern, recursive=True))
      if not path.endswith(files.UNFINISHED)
    ]
    if not paths:
      raise FileNotFoundError(
        f'dataset {self.text}: no files {errors.printable(pattern)}; check the '
        'path'
      )
    try:
      stats = [(path, os.stat(path)) for path in paths]
    except OSError as error:
      raise OSError(
        f'dataset {self.text}: {errors.printable(error.filename)}: '
        f'{errors.reason(error)}; remove it'
      ) from None
    return tuple((path, s.st_size, s.st_mtime_ns) for path, s in stats)

  def _attributes(
    self, stamps: _Stamps, names: list[str]
  ) -> attributes.LazyColumns:
    def read() -> dict[str, list[str]]:
      places = {name: place for place, name in enumerate(names)}
      columns: dict[str, list[str]] = {}
      for location, record in _iterate(stamps, self.text):
        new = len(record.attributes.keys() - columns.keys())
        if len(columns) + new > attributes.MAX_COLUMNS:
          raise ValueError(
            f'dataset {self.text}: {errors.printable(location.path)} is the '
            f'file with which there are more than {attributes.MAX_COLUMNS:,} '
            'columns of labels; write it anew with fewer'
          )
        for column, value in record.attributes.items():
          values = columns.setdefault(column, [''] * len(names))
          if record.name in places:
            values[places[record.name]] = value
      return columns

    return attributes.LazyColumns(read)

  def _vectors(self, stamps: _Stamps, names: list[str]) -> np.ndarray:
    rows = {
      record.name: record.vector for _, record in _iterate(stamps, self.text)
    }
    found = [rows[name] for name in names]
    sizes = {0 if row is None else len(row) for row in found}
    if len(sizes) > 1 or not any(sizes):
      raise ValueError(
        f'{self.text}: its images carry vectors of {sorted(sizes)} numbers; '
        'give each one of one size, or leave vectors= out'
      )
    return image_vectors.check_vectors(
      np.stack([row for row in found if row is not None]),
      names,
      dataset=self.text,
    )


def _iterate(
  stamps: _Stamps, dataset: str
) -> Iterator[tuple[tfrecord_files.Location, tfrecord_files.Record]]:
  """All records of some files, each checked."""
  for path, _, _ in stamps:
    try:
      yield from tfrecord_files.iterate(path)
    except tfrecord_files.DamagedFile as error:
      raise tfrecord_files.DamagedFile(f'dataset {dataset}: {error}') from None


# For both splits, as long as the files stay what they are.
@functools.lru_cache(maxsize=2)
def _read_index(stamps: _Stamps, dataset: str) -> _Index:
  """Reads all files, and what their images are called.

  Raises:
    DamagedFile: a file is damaged.
    ValueError: two images have one name.
  """
  index = _Index({}, {})
  for location, record in _iterate(stamps, dataset):
    known = index.locations.setdefault(record.name, location)
    if known is not location:
      raise ValueError(
        f'dataset {dataset}: two images are called '
        f'{errors.printable(record.name)}, in {errors.printable(known.path)} '
        f'and {errors.printable(location.path)}; leave one of the files out'
      )
    split = (
      record.split or re.split('[-_.]', os.path.basename(location.path))[0]
    )
    is_held_out = split.lower() in base.TEST_NAMES
    index.splits[record.name] = 'test' if is_held_out else 'train'
  if len({*index.splits.values()}) < 2:
    index.splits.clear()
  return index
