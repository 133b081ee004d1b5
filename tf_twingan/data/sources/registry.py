"""Source strings to images: where the images of a domain come from.

A domain's source is one string, `SCHEME:WHAT?option=value&option=value`:

  avatars:STYLE   the embedded avatar twins in one art style, see avatar_twins
  folder:PATH     the images under a folder, of any size and common format
  tfds:NAME       a TensorFlow Datasets dataset with an 'image' feature, its
                  config and version included (`tfds:cycle_gan/horse2zebra`)

  ?crop=0.7       keep the central 70 % of both sides (any scheme)
  ?fit=pad        fill up to a square with white instead of cutting one out
  ?limit=64       avatars only: draw no more characters than this for a split
  ?split=trainA   tfds only: the split to train on, if not 'train'
  ?split=paired   avatars only: train on characters that every style draws, in
                  the same order, and no other split holds: true pairs
  ?vectors=FILE   folder only: an .npz below PATH, or anywhere, with a row for
                  each image by its path below PATH, see vectors
  ?vectors=FEATURE  tfds only: a feature of numbers, one vector for an image
  ?vectors=factors  avatars only: hair and skin, as the drawing was told them

Folders and datasets are decoded once for a resolution and kept as one memory
mapped array in `TF_TWINGAN_CACHE` (default ~/.cache/tf_twingan). What is held
out for tests depends on the files' names alone, so that it stays held out when
images are added and is the same in every run. Vectors are read anew each
time and matched by name, so they may change without the images.
"""

import hashlib
import os
import pathlib
from collections.abc import Iterable, Iterator, Mapping
from typing import Any, NamedTuple

import numpy as np
from absl import logging

from tf_twingan import errors, image_arrays, image_io
from tf_twingan.data import cache, image_vectors

SPLITS = ('train', 'test')
HOLDOUT_FRACTION = 0.1
HOLDOUT_MAX = 500
PAIRED = 'paired'
_FACTORS = 'factors'


class ImageSet(NamedTuple):
  """The images of one source and split.

  Attributes:
    images: uint8 RGB, [n, resolution, resolution, 3]; read-only and possibly
      memory mapped.
    skipped: (path, reason) of each image that could not be read.
    vectors: float32 [n, size], a row for each image, finite and not zero;
      None if the source names none.
  """

  images: np.ndarray
  skipped: tuple[tuple[str, str], ...] = ()
  vectors: np.ndarray | None = None


class _Request(NamedTuple):
  source: str
  what: str
  split: str
  resolution: int
  crop: float
  fit: str
  limit: int | None
  train_split: str
  vectors: str | None

  def fitting(self) -> dict[str, Any]:
    return dict(
      read=self.read, resolution=self.resolution, fit=self.fit, crop=self.crop
    )

  def fitted(self, image: np.ndarray) -> np.ndarray:
    return image_arrays.square(image, self.resolution, self.fit, crop=self.crop)

  def read(self, path_or_bytes: str | os.PathLike | bytes) -> np.ndarray:
    # Twice the pixels needed leave the last step to the better filter.
    needed = int(np.ceil(2 * self.resolution / self.crop))
    return self.fitted(image_io.read(path_or_bytes, at_least=needed))


def load(source: str, resolution: int, *, split: str = 'train') -> ImageSet:
  """Reads the images of one source at one resolution.

  Args:
    source: `avatars:STYLE`, `folder:PATH` or `tfds:NAME`, with options; see
      the module's docstring.
    resolution: side of the images in pixels, a power of two from 4 up.
    split: 'train' or 'test'. A folder's are its subfolders `train` and `test`
      if it has both; else about 10 % of its images (at least 1, at most
      500) are held out for 'test'.

  Returns:
    The images, and those that were skipped.

  Raises:
    FileNotFoundError: the folder, or the file of its vectors, is missing.
    ValueError: anything else is wrong with the source or what it holds.
    OSError: the cache cannot be written.
  """
  check_resolution(resolution)
  if split not in SPLITS:
    raise ValueError(
      f'split {split!r} is unknown; use one of {", ".join(SPLITS)}'
    )
  scheme, what, options = parse(source)
  request = _Request(source, what, split, int(resolution), **options)
  return _SCHEMES[scheme](request)


def check_pairs(named: Mapping[str, str], counts: Mapping[str, int]) -> None:
  """Raises unless row i of every domain can show the same thing.

  Folders are trusted if they hold equally many images: those of the same
  names come in the same order.

  Args:
    named: {domain: source}.
    counts: {domain: images of the train split}.

  Raises:
    ValueError: they are no pairs; says what would be.
  """
  for domain, source in named.items():
    scheme, what, options = parse(source)
    if scheme == 'avatars' and options['train_split'] != PAIRED:
      raise ValueError(
        f'{source}: its characters are drawn in no other style, but true '
        f'pairs are needed; give avatars:{what}?split={PAIRED} for {domain}'
      )
  if len(set(counts.values())) > 1:
    raise ValueError(
      'true pairs are needed, but there are '
      f'{", ".join(f"{n:,} images of {d}" for d, n in counts.items())}; give '
      'sources of equally many, in folders by the same names'
    )


def check_resolution(resolution: int) -> None:
  """Raises ValueError unless it is a power of two from 4 up."""
  integral = isinstance(resolution, (int, np.integer)) and not isinstance(
    resolution, bool
  )
  if not integral or resolution < 4 or resolution & (resolution - 1):
    nearest = ''
    if integral and resolution > 4:
      below = 2 ** (int(resolution).bit_length() - 1)
      nearest = f', here {below} or {2 * below}'
    raise ValueError(
      f'resolution {resolution!r} is no power of two from 4 up; '
      f'use 4, 8, 16, 32, ...{nearest}'
    )


def parse(source: str) -> tuple[str, str, dict[str, Any]]:
  """The scheme, what it names, and the options with their defaults.

  Raises:
    ValueError: it is no source; says what would be.
  """
  scheme, colon, rest = source.partition(':')
  if not colon or scheme not in _SCHEMES:
    if os.path.exists(os.path.expanduser(source)):
      hint = f"; did you mean 'folder:{source}'?"
    else:
      hint = errors.did_you_mean(scheme, _SCHEMES)
    raise ValueError(
      f'source {source!r} has no known scheme; use '
      f'{" or ".join(_USAGE.values())}{hint}'
    )
  what, _, tail = rest.partition('?')
  if not what:
    raise ValueError(
      f'source {source!r} names nothing after its colon; write {_USAGE[scheme]}'
    )
  own = {'tfds': ('split',), 'avatars': ('limit', 'split')}
  names = ('crop', 'fit', *own.get(scheme, ()), 'vectors')
  given = {}
  for part in tail.split('&') if tail else ():
    name, _, value = part.partition('=')
    if name not in names:
      raise ValueError(
        f'{source}: option {name!r} is unknown; the options of '
        f'{scheme}: are {", ".join(names)}'
      )
    if name in given:
      raise ValueError(f'{source}: option {name!r} is given twice; keep one')
    given[name] = value
  try:
    crop = float(given.get('crop', 1.0))
  except ValueError:
    crop = 0.0
  if not 0 < crop <= 1:
    raise ValueError(
      f'{source}: crop={given["crop"]} is no fraction in (0, 1];'
      ' 0.7 keeps the central 70 % of both sides'
    )
  fit = given.get('fit', 'crop')
  if fit not in image_arrays.FITS:
    raise ValueError(
      f'{source}: fit={fit} is unknown; use one of '
      f'{", ".join(image_arrays.FITS)}'
    )
  train_split = given.get('split', 'train')
  if scheme == 'avatars' and train_split not in ('train', PAIRED):
    raise ValueError(
      f'{source}: split={train_split} is unknown; write split={PAIRED} for '
      'true pairs, or leave it out'
    )
  vectors = given.get('vectors')
  if vectors == '':
    raise ValueError(
      f'{source}: vectors= names nothing; write vectors={_VECTORS[scheme]}'
    )
  if scheme == 'avatars' and vectors not in (None, _FACTORS):
    raise ValueError(
      f'{source}: vectors={vectors} is unknown; write vectors={_FACTORS}, or '
      'leave it out'
    )
  return (
    scheme,
    what,
    {
      'crop': crop,
      'fit': fit,
      'limit': _limit(source, given.get('limit')),
      'train_split': train_split,
      'vectors': vectors,
    },
  )


def _limit(source: str, value: str | None) -> int | None:
  if value is not None and (not value.isdecimal() or int(value) < 2):
    raise ValueError(
      f'{source}: limit={value} is no number of images; give 2 or more'
    )
  return int(value) if value else None


def _avatars(request: _Request) -> ImageSet:
  # Here, not above: drawing needs packages that folders can do without.
  from tf_twingan.data.avatars import avatar_dataset, drawing

  if request.what not in drawing.STYLES:
    raise ValueError(
      f'{request.source}: avatar style {request.what!r} is unknown; use '
      f'one of {", ".join(drawing.STYLES)}'
      f'{errors.did_you_mean(request.what, drawing.STYLES)}'
    )
  which: dict[str, Any] = {}
  if request.limit:
    which = {'train_size': request.limit, 'test_size': request.limit}
  if request.train_split == PAIRED:
    which['paired'] = True
  images, factors = avatar_dataset.load(request.what, request.split, **which)
  drawn = images.shape[1]
  if request.crop == 1 and request.resolution <= drawn:
    fitted = image_arrays.downsample(images, request.resolution)
  else:
    fitted = np.stack([request.fitted(p) for p in images])
  if request.vectors is None:
    return ImageSet(fitted)
  return ImageSet(fitted, vectors=image_vectors.of_characters(factors))


def _folder(request: _Request) -> ImageSet:
  top = root = pathlib.Path(request.what).expanduser()
  has_splits = all((root / split).is_dir() for split in SPLITS)
  if has_splits:
    root = root / request.split
  try:
    files = image_io.list_files(root)
  except (FileNotFoundError, ValueError) as error:
    raise type(error)(f'source {request.source}: {error}') from None
  if not files:
    raise ValueError(
      f'{request.source}: no images found under {root}; '
      f'searched for **/*{{{",".join(image_io.SUFFIXES)}}}'
    )
  names = {file.relative_to(root).as_posix(): file for file in files}
  places = {name: _place(name) for name in names}
  ordered = sorted(names, key=places.get)
  stamps = []
  for name in ordered:
    stat = names[name].stat()
    stamps.append((name, stat.st_size, stat.st_mtime_ns))

  decoded = cache.decoded(
    request.source,
    **request.fitting(),
    where=str(root.resolve()),
    content=stamps,
    count=len(ordered),
    images=lambda: ((name, names[name]) for name in ordered),
    held_out=lambda name: places[name] < HOLDOUT_FRACTION,
  )
  part = slice(None)
  if not has_splits:
    held_out = min(max(decoded.held_out, 1), HOLDOUT_MAX)
    part = slice(held_out) if request.split == 'test' else slice(held_out, None)
  found = _usable(request, decoded, decoded.images[part])
  if request.vectors is None:
    return found
  return found._replace(
    vectors=image_vectors.of_file(
      top / pathlib.Path(request.vectors).expanduser(),
      [
        (root / name).relative_to(top).as_posix()
        for name in _read(ordered, decoded)[part]
      ],
      source=request.source,
    )
  )


def _read(names: Iterable[str], decoded: cache.Decoded) -> list[str]:
  """The names of the decoded images: those that were not skipped."""
  skipped = {name for name, _ in decoded.skipped}
  return [name for name in names if name not in skipped]


def _place(name: str) -> float:
  """A number in [0, 1) that depends on nothing but the name."""
  return int(hashlib.sha256(name.encode()).hexdigest()[:13], 16) / 16**13


def _tfds(request: _Request) -> ImageSet:
  # Here, not above: it takes long to import and folders can do without it.
  import tensorflow_datasets as tfds

  data_dir = os.environ.get('TFDS_DATA_DIR')
  try:
    builder = tfds.builder(request.what, data_dir=data_dir)
  except tfds.core.registered.DatasetNotFoundError:
    name = request.what.partition('/')[0].partition(':')[0]
    known = tfds.list_builders(with_community_datasets=False)
    raise ValueError(
      f'{request.source}: TensorFlow Datasets has no {name!r}; see '
      'https://www.tensorflow.org/datasets for its names'
      f'{errors.did_you_mean(name, known)}'
    ) from None
  except Exception as error:
    raise ValueError(
      f'{request.source}: {_cause(error)}; see '
      'https://www.tensorflow.org/datasets for its configs and '
      'versions'
    ) from None
  if 'image' not in (builder.info.features or ()):
    raise ValueError(
      f"{request.source}: this dataset has no 'image' feature but "
      f'{", ".join(builder.info.features or ())}; use a dataset of images'
    )
  try:
    builder.download_and_prepare()
  # Downloads fail in as many ways as there are hosts.
  except Exception as error:
    raise ValueError(
      f'{request.source}: could not be prepared: {_cause(error)}; '
      f'`tfds build {request.what}` shows why, or set TFDS_DATA_DIR to where '
      'it is'
    ) from error

  train = request.train_split
  sizes = {
    name: info.num_examples for name, info in builder.info.splits.items()
  }
  if train not in sizes:
    raise ValueError(
      f'{request.source}: split {train!r} is unknown; add '
      f'?split=NAME, NAME one of {", ".join(sizes)}'
    )
  test = train.replace('train', 'test')
  if test not in sizes or test == train:
    held_out = min(max(1, int(sizes[train] * HOLDOUT_FRACTION)), HOLDOUT_MAX)
    test, train = f'{train}[:{held_out}]', f'{train}[{held_out}:]'
  split = test if request.split == 'test' else train

  def name(index: int) -> str:
    return f'{builder.info.full_name} {split} {index}'

  def images() -> Iterator[tuple[str, bytes]]:
    # The encoded bytes, so that one reader judges all images.
    dataset = builder.as_dataset(
      split=split,
      shuffle_files=False,
      decoders=tfds.decode.PartialDecoding(
        {'image': True}, decoders={'image': tfds.decode.SkipDecoding()}
      ),
    )
    for index, example in enumerate(tfds.as_numpy(dataset)):
      yield name(index), example['image']

  count = builder.info.splits[split].num_examples
  decoded = cache.decoded(
    request.source,
    **request.fitting(),
    where=f'{builder.data_path} {split}',
    content=[builder.info.full_name, count],
    count=count,
    images=images,
  )
  found = _usable(request, decoded, decoded.images)
  if request.vectors is None:
    return found
  names = [name(index) for index in range(count)]
  rows = dict(zip(names, _tfds_rows(request, builder, split), strict=True))
  kept = _read(names, decoded)
  return found._replace(
    vectors=image_vectors.checked(
      np.stack([rows[n] for n in kept]), kept, source=request.source
    )
  )


def _tfds_rows(request: _Request, builder: Any, split: str) -> list[np.ndarray]:
  """The feature that is asked for, of every example in order."""
  import tensorflow_datasets as tfds

  features = builder.info.features
  feature = features[request.vectors] if request.vectors in features else None
  if not (
    isinstance(feature, tfds.features.Tensor)
    and np.issubdtype(feature.np_dtype, np.number)
    and len(feature.shape) == 1
    and feature.shape[0]
  ):
    raise ValueError(
      f'{request.source}: vectors={request.vectors} is no feature of numbers '
      f'[size] among {", ".join(features)}; name one that is'
    )
  dataset = builder.as_dataset(
    split=split,
    shuffle_files=False,
    decoders=tfds.decode.PartialDecoding({request.vectors: True}),
  )
  return [example[request.vectors] for example in tfds.as_numpy(dataset)]


def _cause(error: Exception) -> str:
  return errors.first_line(error).rstrip('.;')


def _usable(
  request: _Request, decoded: cache.Decoded, part: np.ndarray
) -> ImageSet:
  """The split's `part` of the decoded images; too few are an error."""
  total, skipped = len(decoded.images), decoded.skipped
  few = '; '.join(f'{path} ({why})' for path, why in skipped[:3])
  if skipped:
    logging.warning(
      '%s: %d of %d images skipped: %s; the full list is in %s',
      request.source,
      len(skipped),
      len(skipped) + total,
      few,
      decoded.record,
    )
  needed = 2 if request.split == 'train' else 1
  if len(part) < needed:
    raise ValueError(
      f'{request.source}: '
      f'{"one image only" if total == 1 else f"{total} usable images"}, '
      f'{len(part)} for the {request.split} split'
      f'{f", {len(skipped)} skipped: {few}" if skipped else ""}; add '
      'images: at least 2 to train on and 1 held out'
    )
  return ImageSet(part, skipped)


_SCHEMES = {'avatars': _avatars, 'folder': _folder, 'tfds': _tfds}
_USAGE = {
  'avatars': 'avatars:STYLE',
  'folder': 'folder:PATH',
  'tfds': 'tfds:NAME',
}
_VECTORS = {'avatars': _FACTORS, 'folder': 'FILE', 'tfds': 'FEATURE'}
