"""The base class of datasets that are made of other datasets."""

import abc
import hashlib
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np

from tf_twingan.data import cache
from tf_twingan.data.sources import base


class CompoundDataset(base.Dataset):
  """A dataset whose images are those of others.

  Attributes:
    datasets: the others, in the order of the string.
  """

  def __init__(
    self,
    text: str,
    datasets: Sequence[base.Dataset],
    options: Mapping[str, str],
  ):
    """Takes the datasets.

    Args:
      text: the dataset's string.
      datasets: those that it is made of, one or more.
      options: values of the options that it has, by name.

    Raises:
      ValueError: they cannot be one dataset, or an option is wrong.
    """
    super().__init__(text, '', options)
    self.datasets = datasets
    self._crop, self._fit, _ = datasets[0].asked_framing
    self.comes_with_package = all(d.comes_with_package for d in datasets)

  @classmethod
  @abc.abstractmethod
  def parse(
    cls,
    text: str,
    rest: str,
    parse_dataset: Callable[[str], base.Dataset],
    schemes: Sequence[str],
  ) -> 'CompoundDataset':
    """Parses a dataset's string.

    Args:
      text: the whole string.
      rest: what stands behind its first colon.
      parse_dataset: parses the strings of datasets inside it.
      schemes: the names of all schemes.

    Raises:
      ValueError: it is no such string; says what would be.
    """

  def check_pairs(self, domain: str) -> None:
    """See `base.Dataset.check_pairs`."""
    for dataset in self.datasets:
      dataset.check_pairs(domain)

  def preparation(self) -> Any:
    """See `base.Dataset.preparation`; those not prepared have none."""
    found = [dataset.preparation() for dataset in self.datasets]
    prepared = [preparation for preparation in found if preparation is not None]
    if any(other != prepared[0] for other in prepared):
      raise ValueError(
        f'{self.text}: its datasets were prepared with different options, and '
        'a model prepares photos in one way; prepare them alike, see '
        'docs/data.md'
      )
    return prepared[0] if prepared else None

  def _gather(
    self,
    resolution: int,
    split: str,
    images: Sequence[np.ndarray],
    places: Sequence[tuple[int, int]],
  ) -> np.ndarray:
    """Some images of several arrays as one array, which the cache keeps.

    Args:
      resolution: side of the images in pixels.
      split: which split they are.
      images: uint8 [n, resolution, resolution, 3] of each dataset.
      places: (number of the array, index of the image) of each one.
    """
    content = hashlib.sha256()
    for array, index in places:
      content.update(images[array][index].tobytes())
    return cache.decode(
      self.text,
      read=lambda image: image,
      resolution=resolution,
      fit=self.framing.fit,
      crop=self.framing.crop,
      location=f'{self.text} {split}',
      content=content.hexdigest(),
      count=len(places),
      images=lambda: (
        (str(place), images[array][index])
        for place, (array, index) in enumerate(places)
      ),
    ).images
