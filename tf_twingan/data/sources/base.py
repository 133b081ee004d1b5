"""The base classes of dataset schemes, and what a dataset gives.

A scheme is what stands before the colon of a dataset's string, see `registry`.
To add one, derive a class from `Dataset`, or from `EncodedDataset` if its
images are files or bytes that have to be decoded, and list it in
`registry.SCHEMES`.
"""

import abc
import functools
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, ClassVar, NamedTuple

import numpy as np
from absl import logging

from tf_twingan import errors, files, framing, image_arrays, image_io
from tf_twingan.data import attributes, cache, image_weights, unicode_names

SPLITS = ('train', 'test')
# What datasets call their held-out images; the first that is there counts.
TEST_NAMES = ('test', 'val', 'valid', 'validation')
HOLDOUT_FRACTION = 0.1
HOLDOUT_MAX = 500  # Images of a test split that is a part of the images.


class ImageSet(NamedTuple):
  """The images of one split of a dataset.

  Attributes:
    images: uint8 RGB, [n, resolution, resolution, 3]; read-only and possibly
      memory mapped.
    skipped: (path, reason) of each image that could not be read.
    vectors: float32 [n, size], a row for each image, finite and not zero;
      None if the dataset's string asks for none.
    names: what each image is called, which true pairs have in common; None if
      they have their places in common.
    attributes: {column: a value for each image, '' where it has none}, read
      when a column is asked for; None if the scheme has no labels.
    sampling: float64 [n], how often each image is to come relative to the
      others; None for all alike.
  """

  images: np.ndarray
  skipped: tuple[tuple[str, str], ...] = ()
  vectors: np.ndarray | None = None
  names: Sequence[str] | None = None
  attributes: Mapping[str, Sequence[str]] | None = None
  sampling: np.ndarray | None = None


class NamedImages(NamedTuple):
  """The images of a dataset one by one, read when they are asked for.

  Attributes:
    dataset: the dataset's string in a form that means the same in any working
      directory.
    names: names of the images, in a fixed order; each is there once.
    read: reads the image of a name as uint8 RGB [resolution, resolution, 3];
      raises `image_io.UnreadableImage` or OSError where that is no image.
    stamp: what changes when the file of a name is replaced; None where there is
      no file, so that it cannot be.
    is_gone: whether there is no image of a name any more that is not among
      `names`; False if it may only be out of reach, as on a disk that is not
      there.
    attributes: as in `ImageSet`.
  """

  dataset: str
  names: list[str]
  read: Callable[[str], np.ndarray]
  stamp: Callable[[str], str | None] = lambda name: None
  is_gone: Callable[[str], bool] = lambda name: True
  attributes: Mapping[str, Sequence[str]] | None = None


class Originals(NamedTuple):
  """The images of a dataset as they are, before any of it is made square.

  Attributes:
    names: names of all images of all splits, in a fixed order; each is there
      once, and has no other characters than those of a path.
    read: reads the image of a name as uint8 RGB [height, width, 3] of its own
      size, without the crop that the dataset's string may ask for; by any
      thread. Raises `image_io.UnreadableImage` or OSError where that is no
      image.
    splits: {name: 'train' or 'test'} of the images of datasets that have a
      split of their own to test on.
    attributes: as in `ImageSet`.
  """

  names: list[str]
  read: Callable[[str], np.ndarray]
  splits: Mapping[str, str] = {}
  attributes: Mapping[str, Sequence[str]] | None = None


class Dataset(abc.ABC):
  """A dataset as its string describes it; nothing is read before `load`.

  Class attributes, which a scheme sets:
    scheme: what stands before the colon.
    usage: how its string is written, for messages.
    own_options: names of the options that it has beside crop, fit, vectors.
    vectors_usage: what to write behind `vectors=`, for messages; None if its
      images carry no vectors.
    has_ground_truth: whether image i of the test split shows the same as image
      i of every other dataset of this scheme, so that translations have known
      targets.
    takes_balance: whether `balance` is an option, as its images may have
      labels, and it gives them no weights of its own.
    comes_with_package: whether its images are part of this package, so that
      nothing of the user's is opened.

  Attributes:
    text: the whole string.
    what: what stands between the colon and the options.
    vectors: what the `vectors` option names; None without it.
    balance: the column that the `balance` option names; None without it.
  """

  scheme: ClassVar[str]
  usage: ClassVar[str]
  own_options: ClassVar[tuple[str, ...]] = ()
  vectors_usage: ClassVar[str | None] = None
  has_ground_truth: ClassVar[bool] = False
  takes_balance: ClassVar[bool] = False
  comes_with_package: bool = False

  def __init__(self, text: str, what: str, options: Mapping[str, str]):
    """Checks the options.

    Args:
      text: the dataset's string.
      what: what it names after its colon.
      options: values of the options that it has, by name.

    Raises:
      ValueError: an option is unknown or has a wrong value.
    """
    self.text, self.what = text, what
    names = ['crop', 'fit', *self.own_options]
    if self.vectors_usage is not None:
      names.append('vectors')
    if self.takes_balance:
      names.append('balance')
    for name in options:
      if name not in names:
        raise ValueError(
          f'{text}: option {name!r} is unknown; the options of '
          f'{self.scheme}: are {", ".join(names)}'
        )
    try:
      crop = float(options.get('crop', 1.0))
    except ValueError:
      crop = 0.0
    if not 0 < crop <= 1:
      raise ValueError(
        f'{text}: crop={options["crop"]} is no fraction in (0, 1];'
        ' 0.7 keeps the central 70 % of both sides'
      )
    fit = options.get('fit', 'crop')
    if fit not in image_arrays.FITS:
      raise ValueError(
        f'{text}: fit={fit} is unknown; use one of '
        f'{", ".join(image_arrays.FITS)}'
      )
    self._crop, self._fit = crop, fit
    self.vectors = options.get('vectors')
    if self.vectors == '':
      raise ValueError(
        f'{text}: vectors= names nothing; write vectors={self.vectors_usage}'
      )
    self.balance = options.get('balance')
    if self.balance == '':
      raise ValueError(
        f'{text}: balance= names nothing; write balance=COLUMN, a column of '
        'labels'
      )

  @property
  def asked_framing(self) -> framing.Framing:
    """The framing that its string asks for; nothing is opened to tell."""
    return framing.Framing(self._crop, self._fit)

  @functools.cached_property
  def framing(self) -> framing.Framing:
    """How its images became squares, and how they were prepared before.

    Raises:
      OSError: the record of the preparation cannot be read.
      ValueError: it is damaged.
    """
    return self.asked_framing._replace(preparation=self.preparation())

  def preparation(self) -> Any:
    """How photos became its images, see `framing.Framing`."""
    return None

  @property
  def fixed_labels(self) -> Mapping[str, str]:
    """The label columns of which its string asks for one value, and which."""
    return {}

  @property
  def portable(self) -> str:
    """The string in a form that means the same in any working directory."""
    return self.text

  def path_of(self, name: str) -> str | None:
    """The file of an image by its name; None if it has none of its own.

    Nothing is opened: neither needs to be there.

    Args:
      name: the image's name, see `named_images`.
    """
    del name
    return None

  @abc.abstractmethod
  def load(self, resolution: int, split: str) -> ImageSet:
    """Reads all images of a split, to train or to score on.

    Args:
      resolution: side of the images in pixels, a power of two from 4 up.
      split: one of `SPLITS`.

    Raises:
      FileNotFoundError: the folder, or the file of its vectors, is missing.
      ValueError: anything else is wrong with the dataset or what it holds.
      OSError: the cache cannot be written.
    """

  def load_balanced(self, resolution: int, split: str) -> ImageSet:
    """Reads all images of a split, with the weights that `balance` asks for.

    The arguments and errors are those of `load`.
    """
    loaded = self.load(resolution, split)
    if self.balance is None or split != 'train':
      return loaded
    if loaded.sampling is not None:
      raise ValueError(
        f'{self.text}: balance={self.balance} would undo the weights that its '
        'images have inside, of a balance= or of a mixture; leave one of both '
        'out'
      )
    values = attributes.get_column(
      loaded.attributes, self.balance, dataset=self.text
    )
    if not any(values):
      raise ValueError(
        f'{self.text}: no image to train on has a value of '
        f'{self.balance!r}; leave balance={self.balance} out'
      )
    return loaded._replace(sampling=image_weights.balanced(values))

  @abc.abstractmethod
  def named_images(self, resolution: int) -> NamedImages:
    """Lists all images, those held out from training first, to search among.

    Args:
      resolution: side of the images in pixels, a power of two from 4 up.

    Raises:
      FileNotFoundError: the folder is missing.
      ValueError: anything else is wrong with the dataset, or it is empty.
    """

  @abc.abstractmethod
  def originals(self) -> Originals:
    """Lists all images, to prepare or audit them; each is decoded when read.

    Raises:
      FileNotFoundError: the folder is missing.
      ValueError: anything else is wrong with the dataset, or it is empty.
    """

  def check_pairs(self, domain: str) -> None:
    """Raises ValueError if its train split can be no part of true pairs.

    Args:
      domain: name of the domain that the dataset is for, for the message.
    """
    del domain  # By default their names decide, see `registry.check_pairs`.


class EncodedDataset(Dataset):
  """A dataset of files or bytes, decoded once and kept in the cache."""

  def decode(
    self,
    resolution: int,
    *,
    location: str,
    content: Any,
    count: int,
    images: Callable[[], Iterable[tuple[str, Any]]],
    is_held_out: Callable[[str], bool] = lambda name: False,
  ) -> cache.DecodedImages:
    """Decodes the images, or reads those decoded before; see `cache`."""
    return cache.decode(
      self.text,
      read=lambda encoded: self.framing.read(encoded, resolution),
      resolution=resolution,
      fit=self.framing.fit,
      crop=self.framing.crop,
      location=location,
      content=[image_io.DECODING, content],
      count=count,
      images=images,
      is_held_out=is_held_out,
    )

  def image_set(
    self, decoded: cache.DecodedImages, images: np.ndarray, split: str
  ) -> ImageSet:
    """Warns of what was skipped and refuses splits of too few images.

    Args:
      decoded: all decoded images.
      images: those of them that belong to the split.
      split: one of `SPLITS`.
    """
    total, skipped = len(decoded.images), decoded.skipped
    few = '; '.join(
      f'{errors.printable(path)} ({reason})' for path, reason in skipped[:3]
    )
    if skipped:
      logging.warning(
        '%s: %d of %d images skipped: %s; the full list is in %s',
        self.text,
        len(skipped),
        len(skipped) + total,
        few,
        decoded.record,
      )
    needed = 2 if split == 'train' else 1
    if len(images) < needed:
      raise ValueError(
        f'{self.text}: '
        f'{"one image only" if total == 1 else f"{total} usable images"}, '
        f'{len(images)} for the {split} split'
        f'{f", {len(skipped)} skipped: {few}" if skipped else ""}; add '
        'images: at least 2 to train on and 1 held out'
      )
    return ImageSet(images, skipped)


def hash_fraction(name: str) -> float:
  """A number in [0, 1) that depends on nothing but the name as it reads."""
  # Bytes of a name that are not UTF-8 are lone surrogates in Python.
  encoded = unicode_names.composed(name).encode(errors='surrogatepass')
  digest = files.sha256(encoded)
  return int(digest[:13], 16) / 16**13


def is_held_out(name: str) -> bool:
  """Whether the image of a name is held out where a dataset has no splits."""
  return hash_fraction(name) < HOLDOUT_FRACTION


def in_order_of_hash(names: Iterable[str]) -> list[str]:
  """The names, those that are held out first."""
  return sorted(names, key=hash_fraction)


def part_of_split(decoded: cache.DecodedImages, split: str) -> slice:
  """Which of the images that are in the order of a hash belong to a split."""
  held_out = max(decoded.held_out, 1)
  if split == 'test':
    return slice(min(held_out, HOLDOUT_MAX))
  # Those beyond the ceiling are not trained on either: as images are added,
  # others may be the first ones.
  return slice(held_out, None)


def decoded_names(
  names: Sequence[str], decoded: cache.DecodedImages
) -> list[str]:
  """The names of the images that were decoded and not skipped, in order."""
  skipped = {name for name, _ in decoded.skipped}
  return [name for name in names if name not in skipped]


def parse_options(dataset: str, text: str) -> dict[str, str]:
  """Parses the options of a dataset's string, `a=1&b=2`.

  Args:
    dataset: the whole string, for messages.
    text: what stands behind its question mark.

  Raises:
    ValueError: an option is there twice.
  """
  options: dict[str, str] = {}
  for option in text.split('&') if text else ():
    name, _, value = option.partition('=')
    if name in options:
      raise ValueError(f'{dataset}: option {name!r} is given twice; keep one')
    options[name] = value
  return options
