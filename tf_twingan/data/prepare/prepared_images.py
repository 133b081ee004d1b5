"""The images of all shards, read one by one in any order."""

import itertools
import pathlib
from collections.abc import Iterator, Sequence

import numpy as np

from tf_twingan.data.prepare import shards

# So many are in memory at once.
_PART = 64


class PreparedImages:
  """The prepared images of a job by their place among all of them."""

  def __init__(self, paths: Sequence[pathlib.Path], counts: Sequence[int]):
    """Takes the shards; none is opened.

    Args:
      paths: their files.
      counts: number of images of each.
    """
    self._paths, self._counts = paths, counts
    self._ends = np.cumsum(counts)

  def read(self, places: Sequence[int]) -> Iterator[bytes]:
    """Reads images as PNGs; those of one shard at once, if they are together.

    Args:
      places: their places, in any order.

    Raises:
      OSError: a shard cannot be read.
      ValueError: a shard is damaged; names it.
    """
    found = np.searchsorted(self._ends, places, side='right')
    pairs = zip(found.tolist(), places)
    for shard, group in itertools.groupby(pairs, key=lambda pair: pair[0]):
      start = int(self._ends[shard]) - self._counts[shard]
      numbers = [place - start for _, place in group]
      for first in range(0, len(numbers), _PART):
        part = numbers[first : first + _PART]
        yield from shards.read_images(self._paths[shard], part)
