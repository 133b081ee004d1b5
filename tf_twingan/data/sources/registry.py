"""Dataset strings: which schemes there are, and how to load the images.

A domain's dataset is one string, `SCHEME:WHAT?option=value&option=value`:

  avatars:STYLE   the embedded avatar twins in one art style, see `avatars`
  folder:PATH     the images under a folder, of any size and common format
  tfds:NAME       a TensorFlow Datasets dataset with an 'image' feature, its
                  config and version included (`tfds:cycle_gan/horse2zebra`)
  tfrecord:GLOB   images in TFRecord files, see `tfrecord`
  mix:A,B:0.7,0.3  several datasets as one; the weights, which may be left out,
                  say in which shares they come, see `mix`
  class:DATASET:COLUMN=VALUE  the images of a dataset that have a label, or with
                  `!=` another one, see `class_dataset`

  ?crop=0.7       keep the central 70 % of both sides (any of the first four)
  ?fit=pad        fill up to a square with white instead of cutting one out
  ?balance=COLUMN  train on each value of a column of labels equally often (any
                  but mix); images without a value come as often as before
  ?limit=64       avatars only: no more characters than this for a split
  ?test=FOLDER    folder only: the held-out images, absolute or below PATH; else
                  those that are found by their names, see `folder_splits`
  ?split=trainA   tfds only: the split to train on, if not 'train'
  ?split=paired   avatars only: train on characters that every style shows, in
                  the same order, and no other split holds: true pairs
  ?vectors=FILE   folder only: an .npz below PATH, or anywhere, with a row for
                  each image by its path below PATH, see `image_vectors`
  ?vectors=FEATURE  tfds only: a feature of numbers, one vector for an image
  ?vectors=vector  tfrecord only: the feature of this name
  ?vectors=factors  avatars only: hair and skin, as the avatars were drawn

Labels are columns of text. Those of a folder are in its file attributes.csv,
see `attributes`; those of TFDS are its features of one class, number or text;
records have them as features `attribute/COLUMN`; and those of avatars are their
factors. They are read only where something asks for them.

Images are decoded once for a resolution and kept as one memory mapped array in
`TF_TWINGAN_CACHE` (default ~/.cache/tf_twingan). Vectors and labels are read
anew each time and matched by name, so they may change without the images.
"""

import os
from collections.abc import Mapping, Sequence

import numpy as np

from tf_twingan import errors
from tf_twingan.data import attributes, unicode_names
from tf_twingan.data.sources import (
  avatars,
  base,
  class_dataset,
  compound,
  folder,
  mix,
  tfds,
  tfrecord,
)

# A new scheme is a class of its own and a line here.
SCHEMES: Mapping[str, type[base.Dataset]] = {
  dataset_class.scheme: dataset_class
  for dataset_class in (
    avatars.AvatarDataset,
    folder.FolderDataset,
    tfds.TfdsDataset,
    tfrecord.TfrecordDataset,
    mix.MixDataset,
    class_dataset.ClassDataset,
  )
}


def parse(dataset: str) -> base.Dataset:
  """Parses the string of a dataset; no image is looked for.

  Raises:
    ValueError: it is no dataset's string; says what would be.
  """
  scheme, colon, rest = dataset.partition(':')
  if not colon or scheme not in SCHEMES:
    if os.path.exists(os.path.expanduser(dataset)):
      hint = f"; did you mean 'folder:{dataset}'?"
    else:
      hint = errors.did_you_mean(scheme, SCHEMES)
    usages = ' or '.join(known.usage for known in SCHEMES.values())
    raise ValueError(
      f'dataset {dataset!r} has no known scheme; use {usages}{hint}'
    )
  dataset_class = SCHEMES[scheme]
  if issubclass(dataset_class, compound.CompoundDataset):
    return dataset_class.parse(dataset, rest, parse, [*SCHEMES])
  what, tail = _split_options(rest)
  if not what:
    raise ValueError(
      f'dataset {dataset!r} names nothing after its colon; write '
      f'{SCHEMES[scheme].usage}'
    )
  return dataset_class(dataset, what, base.parse_options(dataset, tail))


def _split_options(rest: str) -> tuple[str, str]:
  """What a dataset names, and its options.

  Not as in a URL: in a path, '#', '+' and '%' stand for themselves, and so does
  a question mark in the name of a folder that is there.
  """
  ends = [*(i for i, c in enumerate(rest) if c == '?'), len(rest)]
  for end in reversed(ends[1:]):
    if os.path.isdir(os.path.expanduser(rest[:end])):
      return rest[:end], rest[end + 1 :]
  return rest[: ends[0]], rest[ends[0] + 1 :]


def load(
  dataset: str, resolution: int, *, split: str = 'train'
) -> base.ImageSet:
  """Reads the images of one split of a dataset at one resolution.

  Args:
    dataset: a dataset's string, see the module's docstring.
    resolution: side of the images in pixels, a power of two from 4 up.
    split: 'train' or 'test'. Where a dataset has no images of its own to test
      on, about 10 % of them are held out (at least 1), and at most 500 of these
      are the test split.

  Returns:
    The images, and those that were skipped.

  Raises:
    FileNotFoundError: the folder, or the file of its vectors, is missing.
    ValueError: anything else is wrong with the dataset or what it holds.
    OSError: the cache cannot be written.
  """
  check_resolution(resolution)
  if split not in base.SPLITS:
    raise ValueError(
      f'split {split!r} is unknown; use one of {", ".join(base.SPLITS)}'
    )
  return parse(dataset).load_balanced(int(resolution), split)


def named_images(
  dataset: str, resolution: int, *, limit: int | None = None
) -> base.NamedImages:
  """Lists the images of a dataset, those held out from training first.

  Training wants a dataset as one array with part of it held out, see `load`; a
  search wants every image, in an order that does not change, under a name that
  says which one was found. No file is decoded and no avatar drawn before it is
  asked for, so that a reader can stop anywhere and go on later.

  Args:
    dataset: as for `load`. Images are named by their path below the folder, as
      STYLE/NUMBER of an avatar's character, or as SPLIT/INDEX in TFDS.
    resolution: side of the images in pixels, a power of two from 4 up.
    limit: only the first so many; None lists all.

  Returns:
    The names of one image or more, and how to read them.

  Raises:
    FileNotFoundError: the folder is missing.
    ValueError: anything else is wrong with the dataset, or it is empty.
  """
  check_resolution(resolution)
  if limit is not None and limit < 1:
    raise ValueError(f'limit is {limit}; give 1 or more images.')
  listed = parse(dataset).named_images(resolution)
  if limit is None:
    return listed
  names = listed.names[:limit]
  labels = listed.attributes
  if labels is not None:
    labels = attributes.choose(labels, range(len(names)))
  return listed._replace(names=names, attributes=labels)


def check_pairs(
  datasets: Mapping[str, str], names: Mapping[str, Sequence[str]]
) -> None:
  """Raises unless image i of every domain shows the same thing, by its name.

  Args:
    datasets: {domain: dataset}.
    names: {domain: what the images of its train split are called, in order}.

  Raises:
    ValueError: they are no pairs; says what would be.
  """
  for domain, dataset in datasets.items():
    parse(dataset).check_pairs(domain)
  (domain, named), *others = names.items()
  named = [unicode_names.composed(name) for name in named]
  for other, others_named in others:
    others_named = [unicode_names.composed(name) for name in others_named]
    if named == others_named:
      continue
    ours, theirs = {*named}, {*others_named}
    alone = [
      *((n, domain, other) for n in named if n not in theirs),
      *((n, other, domain) for n in others_named if n not in ours),
    ]
    counts = ', '.join(f'{len(n):,} images of {d}' for d, n in names.items())
    first = ''
    if alone:
      name, has, lacks = alone[0]
      first = (
        f'; {len(alone):,} have no counterpart, as {errors.printable(name)} of '
        f'{has} has none in {lacks}'
      )
    raise ValueError(
      f'true pairs are needed, which have the same names, among {counts}{first}'
      '; give folders that hold the same file names, in the same subfolders'
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
