"""Dataset scheme `avatars:STYLE`: the embedded avatar twins in one art style.

Its own options: `limit` (no more characters than this for a split),
`split=paired` (train on characters that every style shows, in the same order,
and no other split holds: true pairs) and `vectors=factors` (hair and skin, as
the avatars were drawn).
"""

import dataclasses
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

from tf_twingan import errors, image_arrays
from tf_twingan.data import attributes
from tf_twingan.data.avatars import art_styles, characters
from tf_twingan.data.sources import base

_PAIRED = 'paired'
_FACTORS = 'factors'
_ORIGINAL_SIZE = 256  # As large as prepared images are by default.


class AvatarDataset(base.Dataset):
  """The avatar twins in one art style.

  Attributes:
    paired: whether the train split shows the same characters in every style.
    limit: characters in a split at most; None for all.
  """

  scheme = 'avatars'
  usage = 'avatars:STYLE'
  own_options = ('limit', 'split')
  vectors_usage = _FACTORS
  has_ground_truth = True
  takes_balance = True
  comes_with_package = True

  def __init__(self, text: str, what: str, options: Mapping[str, str]):
    """See `base.Dataset`."""
    super().__init__(text, what, options)
    train_split = options.get('split', 'train')
    if train_split not in ('train', _PAIRED):
      raise ValueError(
        f'{text}: split={train_split} is unknown; write split={_PAIRED} for '
        'true pairs, or leave it out'
      )
    self.paired = train_split == _PAIRED
    if self.vectors not in (None, _FACTORS):
      raise ValueError(
        f'{text}: vectors={self.vectors} is unknown; write '
        f'vectors={_FACTORS}, or leave it out'
      )
    limit = options.get('limit')
    if limit is not None and (not limit.isdecimal() or int(limit) < 2):
      raise ValueError(
        f'{text}: limit={limit} is no number of images; give 2 or more'
      )
    self.limit = int(limit) if limit else None

  def load(self, resolution: int, split: str) -> base.ImageSet:
    """See `base.Dataset.load`."""
    # Here, not above: drawing needs packages that folders can do without.
    from tf_twingan.data.avatars import avatar_dataset

    self._check_style()
    kwargs: dict[str, Any] = {}
    if self.limit:
      kwargs = {'train_size': self.limit, 'test_size': self.limit}
    if self.paired:
      kwargs['paired'] = True
    images, factors = avatar_dataset.load(self.what, split, **kwargs)
    loaded = base.ImageSet(
      self._resized(images, resolution),
      attributes=attributes.LazyColumns(lambda: characters.attributes(factors)),
    )
    if self.vectors is None:
      return loaded
    return loaded._replace(vectors=characters.identity_vectors(factors))

  def named_images(self, resolution: int) -> base.NamedImages:
    """Names the images STYLE/NUMBER; each is drawn when it is read."""
    names, draw, splits = self._drawn()

    def read(name: str) -> np.ndarray:
      return self._resized(draw(name, None)[None], resolution)[0]

    return base.NamedImages(
      self.text, names, read, attributes=self._attributes(splits)
    )

  def originals(self) -> base.Originals:
    """Names the images STYLE/NUMBER; each is drawn when it is read."""
    names, draw, splits = self._drawn()
    return base.Originals(
      names,
      lambda name: draw(name, _ORIGINAL_SIZE),
      splits,
      self._attributes(splits),
    )

  def _drawn(
    self,
  ) -> tuple[
    list[str], Callable[[str, int | None], np.ndarray], dict[str, str]
  ]:
    """Names, what draws one at a size, and their splits."""
    from tf_twingan.data.avatars import avatar_dataset, drawing

    self._check_style()
    sizes = {
      'train': self.limit or avatar_dataset.TRAIN_SIZE,
      'test': self.limit or avatar_dataset.TEST_SIZE,
    }
    splits = {
      f'{self.what}/{number}': split
      for split in reversed(base.SPLITS)
      for number in avatar_dataset.numbers(
        self.what, split, sizes[split], self.paired
      )
    }

    def draw(name: str, size: int | None) -> np.ndarray:
      return drawing.draw(
        self._character(name, splits[name]),
        self.what,
        size or avatar_dataset.IMAGE_SIZE,
      )

    return [*splits], draw, splits

  def _character(self, name: str, split: str) -> characters.Character:
    from tf_twingan.data.avatars import avatar_dataset

    vivid = avatar_dataset.has_vivid_hair(self.what, split, self.paired)
    return characters.character(int(name.rpartition('/')[2]), vivid)

  def _attributes(self, splits: Mapping[str, str]) -> attributes.LazyColumns:
    """The factors of named characters, {name: split}."""

    def read() -> dict[str, list[str]]:
      people = [self._character(name, split) for name, split in splits.items()]
      return characters.attributes(
        {
          field.name: np.array([getattr(p, field.name) for p in people])
          for field in dataclasses.fields(characters.Character)
        }
      )

    return attributes.LazyColumns(read)

  def check_pairs(self, domain: str) -> None:
    """See `base.Dataset.check_pairs`."""
    if not self.paired:
      raise ValueError(
        f'{self.text}: its characters are drawn in no other style, but true '
        f'pairs are needed; give {self.scheme}:{self.what}?split={_PAIRED} '
        f'for {domain}'
      )

  def _check_style(self) -> None:
    if self.what not in art_styles.STYLES:
      raise ValueError(
        f'{self.text}: avatar style {self.what!r} is unknown; use '
        f'one of {", ".join(art_styles.STYLES)}'
        f'{errors.did_you_mean(self.what, art_styles.STYLES)}'
      )

  def _resized(self, images: np.ndarray, resolution: int) -> np.ndarray:
    if self.framing.crop == 1 and resolution <= images.shape[1]:
      return image_arrays.downsample(images, resolution)
    return np.stack(
      [self.framing.square(image, resolution) for image in images]
    )
