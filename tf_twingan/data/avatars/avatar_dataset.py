"""The avatar twins as a TFDS dataset, which needs no download.

`tfds.load('avatar_twins/lorelei')` works once this module is imported; `load`
is the shorter way, to NumPy arrays and without any access to a network:

  from tf_twingan.data.avatars import avatar_dataset
  images, factors = avatar_dataset.load('lorelei', 'test')

Training is unpaired as in the Twin-GAN article (Li, 2018): no character is in
the train split of two styles. The test split is paired: the same characters in
every style, in the same order. Models of true pairs (pix2pix: Isola et al.
2017) train on other characters, which every style shows, too; see `numbers`.
`docs/avatar_twins.md` is the data card.
"""

import contextlib
import dataclasses
import io
import logging as stdlib_logging
from collections.abc import Iterator
from typing import Any

import numpy as np
import tensorflow as tf
import tqdm.auto
from absl import logging

from tf_twingan import errors, extras
from tf_twingan.data import cache
from tf_twingan.data.avatars import art_styles, characters, drawing

with extras.needed('avatars'):
  import tensorflow_datasets as tfds

IMAGE_SIZE = 64
TRAIN_SIZE = 4000
TEST_SIZE = 1200
SPLITS = ('train', 'test')

# The test split takes numbers from 0 on, the style at index i of
# `art_styles.STYLES` trains on those from (i + 1) times this one on. Pairs to
# train on lie beyond all styles that there may ever be.
_NUMBERS_PER_SPLIT = 1_000_000
_FIRST_PAIRED = 1_000 * _NUMBERS_PER_SPLIT

# What a disk needs for an image at most: 3,060 bytes on average in the style
# that takes the most, and a share of the files beside them.
_BYTES_PER_IMAGE = 4096

_DESCRIPTION = """\
Avatar twins: one described character (hair, skin, glasses, expression, pose,
background) drawn in several art styles. Train splits of two styles share no
character; the test split holds the same characters in every style, together
with their factors, so that a translation between styles has a known target.
"""


class Config(tfds.core.BuilderConfig):
  """One art style, in full or in a smaller size."""

  def __init__(
    self,
    style: str,
    train_size: int = TRAIN_SIZE,
    test_size: int = TEST_SIZE,
    paired: bool = False,
  ):
    """Describes the images of one style.

    Args:
      style: a key of `art_styles.STYLES`.
      train_size: characters in the train split.
      test_size: characters in the test split, the first of the full one.
      paired: whether all styles train on the same characters.
    """
    for size in (train_size, test_size):
      if not 1 <= size <= _NUMBERS_PER_SPLIT:
        raise ValueError(
          f'A split holds 1 to {_NUMBERS_PER_SPLIT} images, got {size}.'
        )
    license_text = drawing.definition(style)['meta']['license']['text']
    full = (train_size, test_size) == (TRAIN_SIZE, TEST_SIZE)
    super().__init__(
      name=(f'{style}-paired' if paired else style)
      + ('' if full else f'-{train_size}-{test_size}'),
      description=f'Drawn in the style {style!r}. {license_text}',
    )
    self.style = style
    self.train_size = train_size
    self.test_size = test_size
    self.paired = paired


def numbers(style: str, split: str, size: int, paired: bool = False) -> range:
  """The numbers of the characters in a split.

  Args:
    style: a key of `art_styles.STYLES`.
    split: one of `SPLITS`.
    size: number of characters.
    paired: whether all styles train on the same characters.

  Returns:
    The numbers. Those of 'test' are the same in every style. Those of 'train'
    belong to this style alone, or, if paired, are the same in every style and
    in no other split.
  """
  if split not in SPLITS:
    raise ValueError(
      f'Avatar twins have no split {split!r}; choose one of '
      f'{", ".join(SPLITS)}.'
    )
  first = 0
  if split == 'train' and paired:
    first = _FIRST_PAIRED
  elif split == 'train':
    first = (list(art_styles.STYLES).index(style) + 1) * _NUMBERS_PER_SPLIT
  return range(first, first + size)


def has_vivid_hair(style: str, split: str, paired: bool = False) -> bool:
  """Whether some characters of a split have hair in vivid colours.

  Only those can that belong to one style: in all styles a character has hair of
  the same colour.

  Args:
    style: a key of `art_styles.STYLES`.
    split: one of `SPLITS`.
    paired: whether all styles train on the same characters.
  """
  return split == 'train' and not paired and art_styles.STYLES[style].vivid


def _feature(kind: Any) -> Any:
  """The TFDS feature of a factor's Python type."""
  return {
    str: tfds.features.Text(),
    bool: np.bool_,
    int: np.int64,
    float: np.float32,
  }[kind]


class AvatarTwins(tfds.core.GeneratorBasedBuilder):
  """Characters drawn in DiceBear art styles."""

  VERSION = tfds.core.Version('1.1.0')
  RELEASE_NOTES = {
    '1.1.0': 'Five art styles, 64 px; vivid hair in 4 % of the anime-like '
    'training images.'
  }
  BUILDER_CONFIGS = [Config(style) for style in art_styles.STYLES]

  def _info(self) -> tfds.core.DatasetInfo:
    meta = drawing.definition(self.builder_config.style)['meta']
    return tfds.core.DatasetInfo(
      builder=self,
      description=_DESCRIPTION,
      homepage='https://www.dicebear.com',
      citation=(
        f'{meta["license"]["text"]}. Drawn by way of DiceBear '
        '(https://www.dicebear.com).'
      ),
      license=f'{meta["license"]["name"]} ({meta["license"]["url"]})',
      features=tfds.features.FeaturesDict(
        {
          'image': tfds.features.Image(
            shape=(IMAGE_SIZE, IMAGE_SIZE, 3), encoding_format='png'
          ),
          **{
            field.name: _feature(field.type)
            for field in dataclasses.fields(characters.Character)
          },
        }
      ),
    )

  def _split_generators(self, dl_manager) -> dict[str, Iterator[Any]]:
    del dl_manager  # Nothing is downloaded.
    return {split: self._generate_examples(split) for split in SPLITS}

  def _generate_examples(
    self, split: str
  ) -> Iterator[tuple[int, dict[str, Any]]]:
    config = self.builder_config
    size = {'train': config.train_size, 'test': config.test_size}[split]
    vivid = has_vivid_hair(config.style, split, config.paired)
    for number in tqdm.auto.tqdm(
      numbers(config.style, split, size, config.paired),
      desc=f'Drawing {config.style} ({split})',
      unit=' images',
    ):
      character = characters.character(number, vivid)
      yield (
        number,
        {
          'image': drawing.draw(character, config.style, IMAGE_SIZE),
          **dataclasses.asdict(character),
        },
      )


def _prepared(config: Config) -> AvatarTwins:
  """A builder with its images on disk; draws them if they are not there.

  Raises:
    OSError: they cannot be written.
  """
  known = AvatarTwins.builder_configs.get(config.name, config)

  def builder() -> AvatarTwins:
    # It warns of every config that is not among the listed ones, as of a limit.
    logger = logging.get_absl_logger()
    logger.addFilter(_is_no_false_alarm)
    try:
      return AvatarTwins(config=known, data_dir=cache.folder())
    finally:
      logger.removeFilter(_is_no_false_alarm)

  prepared = builder()
  if prepared.data_path.exists():
    return prepared
  needed = _BYTES_PER_IMAGE * (config.train_size + config.test_size)
  with cache.explain_errors(f'the avatars {config.name}', needed):
    cache.check_room(needed)
    try:
      _draw(prepared)
    except OSError:
      # Renaming fails when another process was faster; its images are equal.
      prepared = builder()
      if not prepared.data_path.exists():
        raise
  return prepared


def _draw(builder: AvatarTwins) -> None:
  """Draws the images and writes them.

  Raises:
    OSError: they cannot be written, or are there.
  """
  # TFDS compares it with the free bytes, and takes a disk that does not say how
  # many these are for full. It sets the right value, 0, at the end.
  builder.info.download_size = -1
  # Our bar counts images; TFDS would add its own for every internal step.
  tfds.display_progress_bar(False)
  try:
    with contextlib.redirect_stdout(io.StringIO()):
      # TFDS writes to a folder of its own and renames it at the end, so that an
      # interrupted run leaves nothing that could be taken for the images.
      builder.download_and_prepare(
        download_config=tfds.download.DownloadConfig(try_download_gcs=False)
      )
  except RuntimeError as error:
    # What TFDS makes of an error of TensorFlow: PATH; REASON.
    if not isinstance(error.__cause__, tf.errors.OpError):
      raise
    reason = errors.first_line(error).rpartition('; ')[2]
    raise OSError(reason) from error
  finally:
    tfds.display_progress_bar(True)


def _is_no_false_alarm(record: stdlib_logging.LogRecord) -> bool:
  return 'custom data configuration' not in str(record.msg)


def load(
  style: str,
  split: str,
  train_size: int = TRAIN_SIZE,
  test_size: int = TEST_SIZE,
  paired: bool = False,
) -> tuple[np.ndarray, dict[str, np.ndarray]]:
  """Reads the images of a split; draws them at the first call.

  Args:
    style: a key of `art_styles.STYLES`.
    split: one of `SPLITS`.
    train_size: characters in the train split; each pair of sizes has a
      cache of its own.
    test_size: characters in the test split.
    paired: whether all styles train on the same characters.

  Returns:
    images: uint8 [n, 64, 64, 3], by ascending number of the character.
    factors: an array [n] for each attribute of `characters.Character`.
  """
  config = Config(style, train_size, test_size, paired)
  size = {'train': train_size, 'test': test_size}.get(split, 0)
  expected = numbers(style, split, size, paired)
  examples = tfds.as_numpy(
    _prepared(config).as_dataset(split=split, batch_size=-1)
  )
  # TFDS stores examples in the order of a hash.
  order = np.argsort(examples['number'])
  if not np.array_equal(examples['number'][order], expected):
    raise ValueError(
      f'The images of {config.name} in {cache.folder()} are not those of '
      'this version; delete that folder and they are drawn again.'
    )
  factors = {}
  for field in dataclasses.fields(characters.Character):
    values = examples[field.name][order]
    if field.type is str:
      values = np.char.decode(values.astype(bytes), 'ascii')
    factors[field.name] = values
  return examples['image'][order], factors
