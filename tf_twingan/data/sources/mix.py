"""Dataset scheme `mix:A,B:WEIGHTS`: the images of several datasets as one.

A and B, and any more, are datasets of any scheme but this one, with their
options. `mix:folder:/a,folder:/b:0.7,0.3` shows images of the first in 70 % of
the places, whatever their numbers; without weights, each image comes equally
often. Held-out images alternate in the same shares, so that the first so many
are of both. An image is called NUMBER/NAME, by its dataset's number from 0 and
the name that it has there.
"""

import math
import os
import re
from collections.abc import Callable, Sequence

import numpy as np

from tf_twingan.data import attributes
from tf_twingan.data.sources import base, compound

_MOST_DATASETS = 64


class MixDataset(compound.CompoundDataset):
  """The images of several datasets as one."""

  scheme = 'mix'
  usage = 'mix:DATASET,DATASET:WEIGHTS'

  def __init__(
    self,
    text: str,
    datasets: Sequence[base.Dataset],
    weights: Sequence[float] = (),
  ):
    """Takes the parts of the string.

    Args:
      text: the dataset's string.
      datasets: the datasets, two or more.
      weights: share of each dataset relative to the others; none if each image
        comes equally often.

    Raises:
      ValueError: they are no mix; says why.
    """
    super().__init__(text, datasets, {})
    framings = [dataset.asked_framing for dataset in datasets]
    for other in framings:
      if other != framings[0]:
        raise ValueError(
          f'{text}: its images are framed by {framings[0]} and by {other}, and '
          'a model frames photos in one way; prepare one of the datasets, see '
          'docs/data.md'
        )
    for weight in weights:
      if not 0 < weight < math.inf:
        raise ValueError(
          f'{text}: weight {weight:g} is no share; give numbers above 0, such '
          'as 0.7,0.3'
        )
    self._weights = weights

  @classmethod
  def parse(
    cls,
    text: str,
    rest: str,
    parse_dataset: Callable[[str], base.Dataset],
    schemes: Sequence[str],
  ) -> 'MixDataset':
    """See `compound.CompoundDataset.parse`."""
    # A comma in a path is followed by no scheme.
    border = re.compile(f',(?=(?:{"|".join(map(re.escape, schemes))}):)')
    head, _, tail = rest.rpartition(':')
    numbers, mark, options = tail.partition('?')
    weights = _parse_weights(numbers)
    if len(weights) == 1 and _may_end_so(border.split(rest)[-1]):
      weights = []
    strings = border.split(head if weights else rest)
    if weights and mark:
      raise ValueError(
        f'{text}: options belong to the datasets inside, '
        f'{cls.scheme}:{strings[0]}?{options},...:{numbers}'
      )
    if weights and len(weights) != len(strings):
      noun = 'weight' if len(weights) == 1 else 'weights'
      raise ValueError(
        f'{text}: {len(weights)} {noun} for {len(strings)} datasets; give one '
        'for each'
      )
    if len(strings) < 2 or len(strings) > _MOST_DATASETS:
      raise ValueError(
        f'dataset {text!r} names {len(strings)} datasets; write {cls.usage}, '
        f'2 to {_MOST_DATASETS} of them, such as '
        f'{cls.scheme}:folder:/a,folder:/b:0.7,0.3'
      )
    for string in strings:
      if re.match(f'(class:)*{cls.scheme}:', string):
        raise ValueError(
          f'{text}: holds another {cls.scheme}:; write all its datasets into '
          'one'
        )
    return cls(text, [parse_dataset(string) for string in strings], weights)

  @property
  def portable(self) -> str:
    """See `base.Dataset.portable`."""
    datasets = ','.join(dataset.portable for dataset in self.datasets)
    weights = ','.join(map(repr, self._weights))
    return f'{self.scheme}:{datasets}{weights and ":"}{weights}'

  def load(self, resolution: int, split: str) -> base.ImageSet:
    """See `base.Dataset.load`."""
    sets = [d.load_balanced(resolution, split) for d in self.datasets]
    counts = [len(part.images) for part in sets]
    places = self._alternate(counts)
    # Where each image is if the datasets are put behind each other.
    order = np.array([sum(counts[:part]) + index for part, index in places])
    names = [
      f'{number}/{name}'
      for number, part in enumerate(sets)
      for name in part.names or map(str, range(len(part.images)))
    ]
    vectors, sampling = self._vectors(sets), self._sampling(sets)
    return base.ImageSet(
      self._gather(resolution, split, [part.images for part in sets], places),
      tuple(pair for part in sets for pair in part.skipped),
      None if vectors is None else vectors[order],
      [names[index] for index in order],
      attributes.choose(
        attributes.concatenate([part.attributes for part in sets], counts),
        order.tolist(),
      ),
      None if sampling is None else sampling[order],
    )

  def named_images(self, resolution: int) -> base.NamedImages:
    """Names the images NUMBER/NAME."""
    sets = [dataset.named_images(resolution) for dataset in self.datasets]

    def find(name: str) -> tuple[base.NamedImages | None, str]:
      number, _, rest = name.partition('/')
      known = number.isdecimal() and int(number) < len(sets)
      return (sets[int(number)] if known else None), rest

    def read(name: str) -> np.ndarray:
      part, rest = find(name)
      if part is None:
        raise FileNotFoundError(f'{self.text}: no image {name}')
      return part.read(rest)

    def stamp(name: str) -> str | None:
      part, rest = find(name)
      return part and part.stamp(rest)

    def is_gone(name: str) -> bool:
      part, rest = find(name)
      return part is None or part.is_gone(rest)

    counts = [len(part.names) for part in sets]
    places = self._alternate(counts)
    labels = attributes.concatenate([part.attributes for part in sets], counts)
    order = [sum(counts[:part]) + index for part, index in places]
    return base.NamedImages(
      self.portable,
      [f'{part}/{sets[part].names[index]}' for part, index in places],
      read,
      stamp,
      is_gone,
      attributes.choose(labels, order),
    )

  def originals(self) -> base.Originals:
    """Names the images NUMBER/NAME."""
    sets = [dataset.originals() for dataset in self.datasets]

    def read(name: str) -> np.ndarray:
      number, _, rest = name.partition('/')
      return sets[int(number)].read(rest)

    return base.Originals(
      [f'{number}/{n}' for number, part in enumerate(sets) for n in part.names],
      read,
      {
        f'{number}/{name}': split
        for number, part in enumerate(sets)
        for name, split in part.splits.items()
      },
      attributes.concatenate(
        [part.attributes for part in sets], [len(part.names) for part in sets]
      ),
    )

  def path_of(self, name: str) -> str | None:
    """See `base.Dataset.path_of`."""
    number, _, rest = name.partition('/')
    if not number.isdecimal() or int(number) >= len(self.datasets):
      return None
    return self.datasets[int(number)].path_of(rest)

  def _alternate(self, counts: Sequence[int]) -> list[tuple[int, int]]:
    """All images as (number of the dataset, index), mixed by the weights.

    As long as all last, every first part holds them by their shares.
    """
    shares = self._weights or counts
    places = [
      ((index + 0.5) / share, part, index)
      for part, (count, share) in enumerate(zip(counts, shares, strict=True))
      for index in range(count)
    ]
    return [(part, index) for _, part, index in sorted(places)]

  def _sampling(self, sets: Sequence[base.ImageSet]) -> np.ndarray | None:
    """Weights of all images, the datasets behind each other."""
    if not self._weights and all(part.sampling is None for part in sets):
      return None
    shares = self._weights or [len(part.images) for part in sets]
    weights = []
    for part, share in zip(sets, shares, strict=True):
      inside = part.sampling
      if inside is None:
        inside = np.ones(len(part.images))
      weights.append(share * inside / inside.sum())
    return np.concatenate(weights)

  def _vectors(self, sets: Sequence[base.ImageSet]) -> np.ndarray | None:
    """Vectors of all images, the datasets behind each other."""
    vectors = [part.vectors for part in sets if part.vectors is not None]
    if not vectors:
      return None
    sizes = {rows.shape[1] for rows in vectors}
    if len(vectors) < len(sets) or len(sizes) > 1:
      raise ValueError(
        f'{self.text}: its datasets have no vectors of one size; give '
        '?vectors= of one kind to each of them, or to none'
      )
    return np.concatenate(vectors)


def _parse_weights(text: str) -> list[float]:
  """The numbers between commas; none if it is something else."""
  try:
    return [float(part) for part in text.split(',')]
  except ValueError:
    return []


def _may_end_so(dataset: str) -> bool:
  """Whether a colon and a number may be the end of the last dataset."""
  scheme, _, what = dataset.partition(':')
  # Of a value such as 12:30, or of the name of a folder.
  return scheme == 'class' or os.path.exists(os.path.expanduser(what))
