"""Dataset scheme `tfds:NAME`: a TensorFlow Datasets dataset of images.

NAME includes the config and the version, where there are several
(`tfds:cycle_gan/horse2zebra`). If the dataset has no split to test on, part of
the split to train on is held out.
"""

import functools
import os
import threading
from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np

from tf_twingan import errors, extras, home_folder, image_io
from tf_twingan.data import attributes, image_vectors
from tf_twingan.data.sources import base, tfds_labels

# A split is read from its start on, so images are read by so many at once.
_CHUNK = 64
_CHUNKS_KEPT = 16
# Files to download that a message names.
_FILES_SHOWN = 8


class TfdsDataset(base.EncodedDataset):
  """A TensorFlow Datasets dataset with an 'image' feature."""

  scheme = 'tfds'
  usage = 'tfds:NAME'
  own_options = ('split',)
  vectors_usage = 'FEATURE'
  takes_balance = True

  def __init__(self, text: str, what: str, options: Mapping[str, str]):
    """See `base.Dataset`."""
    super().__init__(text, what, options)
    self._train_split = options.get('split', 'train')

  def load(self, resolution: int, split: str) -> base.ImageSet:
    """See `base.Dataset.load`."""
    builder = self._builder()
    tfds_split = self._tfds_split(builder, split)

    def name(index: int) -> str:
      return f'{builder.info.full_name} {tfds_split} {index}'

    def images() -> Iterator[tuple[str, bytes]]:
      for index, encoded in enumerate(_encoded(builder, tfds_split)):
        yield name(index), encoded

    count = builder.info.splits[tfds_split].num_examples
    decoded = self.decode(
      resolution,
      location=f'{builder.data_path} {tfds_split}',
      content=[builder.info.full_name, count],
      count=count,
      images=images,
    )
    names = [name(index) for index in range(count)]
    kept = base.decoded_names(names, decoded)
    loaded = self.image_set(decoded, decoded.images, split)._replace(
      names=[n.rpartition(' ')[2] for n in kept],
      attributes=attributes.LazyColumns(
        lambda: attributes.choose(
          tfds_labels.read(builder, tfds_split),
          [int(n.rpartition(' ')[2]) for n in kept],
        )
      ),
    )
    if self.vectors is None:
      return loaded
    rows = dict(zip(names, self._rows(builder, tfds_split), strict=True))
    return loaded._replace(
      vectors=image_vectors.check_vectors(
        np.stack([rows[n] for n in kept]), kept, dataset=self.text
      )
    )

  def named_images(self, resolution: int) -> base.NamedImages:
    """Names the images SPLIT/INDEX."""
    splits = {
      split: self.load(resolution, split) for split in reversed(base.SPLITS)
    }

    def read(name: str) -> np.ndarray:
      split, _, index = name.partition('/')
      return splits[split].images[int(index)]

    counts = {split: len(loaded.images) for split, loaded in splits.items()}
    return base.NamedImages(
      self.text,
      [f'{split}/{index}' for split, n in counts.items() for index in range(n)],
      read,
      attributes=attributes.concatenate(
        [loaded.attributes for loaded in splits.values()], [*counts.values()]
      ),
    )

  def originals(self) -> base.Originals:
    """Names the images SPLIT/INDEX."""
    builder = self._builder()
    train, test = (
      self._tfds_split(builder, split).partition('[')[0]
      for split in base.SPLITS
    )
    # A slice of the split to train on is no split of the dataset's own.
    tfds_splits = {'train': train} | ({} if test == train else {'test': test})
    counts = {
      split: builder.info.splits[name].num_examples
      for split, name in tfds_splits.items()
    }
    names = [f'{s}/{index}' for s, n in counts.items() for index in range(n)]

    @functools.lru_cache(_CHUNKS_KEPT)
    def chunk(split: str, start: int) -> list[bytes]:
      end = min(start + _CHUNK, counts[split])
      return [*_encoded(builder, f'{tfds_splits[split]}[{start}:{end}]')]

    # One thread reads a chunk, the others that want images of it wait.
    lock = threading.Lock()

    def read(name: str) -> np.ndarray:
      split, _, index = name.partition('/')
      start, place = divmod(int(index), _CHUNK)
      with lock:
        encoded = chunk(split, start * _CHUNK)[place]
      return image_io.read(encoded)

    splits = {n: n.partition('/')[0] for n in names} if test != train else {}
    labels = [
      attributes.LazyColumns(functools.partial(tfds_labels.read, builder, n))
      for n in tfds_splits.values()
    ]
    return base.Originals(
      names,
      read,
      splits,
      attributes.concatenate(labels, [*counts.values()]),
    )

  def _default_folder(self) -> str:
    """Where TensorFlow Datasets keeps them by itself."""
    try:
      return home_folder.expand('~/tensorflow_datasets')
    except ValueError as error:
      # It would make a folder "~" here.
      raise ValueError(
        f'{self.text}: there is no home folder to keep it in; set '
        'TFDS_DATA_DIR to the folder for it'
      ) from error

  def _builder(self) -> Any:
    """The dataset's builder, downloaded and prepared."""
    # Here, not above: it takes long to import and folders can do without it.
    with extras.needed('train'):
      import tensorflow_datasets as tfds

    data_dir = os.environ.get('TFDS_DATA_DIR') or self._default_folder()
    try:
      builder = tfds.builder(self.what, data_dir=data_dir)
    except tfds.core.registered.DatasetNotFoundError:
      name = self.what.partition('/')[0].partition(':')[0]
      known = tfds.list_builders(with_community_datasets=False)
      raise ValueError(
        f'{self.text}: TensorFlow Datasets has no {name!r}; see '
        'https://www.tensorflow.org/datasets for its names'
        f'{errors.did_you_mean(name, known)}'
      ) from None
    except Exception as error:
      raise ValueError(
        f'{self.text}: {_cause(error)}; see '
        'https://www.tensorflow.org/datasets for its configs and '
        'versions'
      ) from None
    if 'image' not in (builder.info.features or ()):
      raise ValueError(
        f"{self.text}: this dataset has no 'image' feature but "
        f'{", ".join(builder.info.features or ())}; use a dataset of images'
      )
    try:
      builder.download_and_prepare()
    # Downloads fail in as many ways as there are hosts.
    except Exception as error:
      raise ValueError(
        f'{self.text}: could not be prepared: {_cause(error)}; '
        f'`tfds build {self.what}` shows why, or set TFDS_DATA_DIR to where '
        f'it is{_by_hand(builder)}'
      ) from error
    return builder

  def _tfds_split(self, builder: Any, split: str) -> str:
    """What TFDS calls the split: a name, or a slice where none is held out."""
    train = self._train_split
    sizes = {
      name: info.num_examples for name, info in builder.info.splits.items()
    }
    if train not in sizes:
      raise ValueError(
        f'{self.text}: split {train!r} is unknown; add '
        f'?split=NAME, NAME one of {", ".join(sizes)}'
      )
    others = [train.replace('train', name) for name in base.TEST_NAMES]
    test = next((t for t in others if t in sizes and t != train), None)
    if test is None:
      fraction = int(sizes[train] * base.HOLDOUT_FRACTION)
      held_out = min(max(1, fraction), base.HOLDOUT_MAX)
      test, train = f'{train}[:{held_out}]', f'{train}[{held_out}:]'
    return test if split == 'test' else train

  def _rows(self, builder: Any, tfds_split: str) -> list[np.ndarray]:
    """The feature that `vectors` names, of every example in order."""
    with extras.needed('train'):
      import tensorflow_datasets as tfds

    features = builder.info.features
    feature = features[self.vectors] if self.vectors in features else None
    if not (
      isinstance(feature, tfds.features.Tensor)
      and np.issubdtype(feature.np_dtype, np.number)
      and len(feature.shape) == 1
      and feature.shape[0]
    ):
      raise ValueError(
        f'{self.text}: vectors={self.vectors} is no feature of numbers '
        f'[size] among {", ".join(features)}; name one that is'
      )
    examples = builder.as_dataset(
      split=tfds_split,
      shuffle_files=False,
      decoders=tfds.decode.PartialDecoding({self.vectors: True}),
    )
    return [example[self.vectors] for example in tfds.as_numpy(examples)]


def _encoded(builder: Any, tfds_split: str) -> Iterator[bytes]:
  """The encoded images, in order, so that one reader decides about all."""
  with extras.needed('train'):
    import tensorflow_datasets as tfds

  examples = builder.as_dataset(
    split=tfds_split,
    shuffle_files=False,
    decoders=tfds.decode.PartialDecoding(
      {'image': True}, decoders={'image': tfds.decode.SkipDecoding()}
    ),
  )
  for example in tfds.as_numpy(examples):
    yield example['image']


def _by_hand(builder: Any) -> str:
  """How to get the files of a dataset whose download fails, for a message."""
  wanted = {
    info.filename: url
    for url, info in (builder.url_infos or {}).items()
    if info.filename
  }
  config = builder.builder_config
  if config is not None:
    # Datasets of several configs list the files of all.
    own = {name: url for name, url in wanted.items() if config.name in name}
    wanted = own or wanted
  if not wanted:
    return ''
  # TFDS looks there first.
  folder = os.path.join(str(builder.data_dir_root), 'downloads', 'manual')
  shown = [f'{name} from {url}' for name, url in wanted.items()][:_FILES_SHOWN]
  more = ', ...' if len(wanted) > _FILES_SHOWN else ''
  return (
    f', or get the files by a browser and put them into {folder}: '
    f'{", ".join(shown)}{more}'
  )


def _cause(error: Exception) -> str:
  return errors.first_line(error).rstrip('.;')
