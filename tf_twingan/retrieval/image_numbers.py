"""The numbers of an index's images: where shards start, and what is in them.

Images are numbered in the order they came, through all shards. One that is
removed leaves its number behind.
"""

import bisect
from collections.abc import Sequence

import numpy as np

from tf_twingan.retrieval import manifest


class ImageNumbers:
  """The numbers that shards take.

  Attributes:
    starts: the number that each shard starts with, and the next free one.
  """

  def __init__(self, shards: Sequence[manifest.Shard]):
    """Places the shards.

    Args:
      shards: the shards. After one is appended, call `take_in_last`; after
        any other change of them, place them anew.

    Raises:
      ValueError: two of them take the same number.
    """
    self._shards = shards
    self.starts: list[int] = []
    end = 0
    for shard in shards:
      start = end if shard.start is None else shard.start
      if start < end:
        raise ValueError(f'image {start} is in two places')
      self.starts.append(start)
      end = start + shard.span
    self.starts.append(end)

  def take_in_last(self) -> None:
    """Gives the next free numbers to the shard that was appended."""
    self.starts.append(self.starts[-1] + self._shards[-1].span)

  def of(self, place: int) -> np.ndarray:
    """The numbers of a shard's images, int64 [n]."""
    shard, start = self._shards[place], self.starts[place]
    numbers = np.arange(start, start + shard.span, dtype=np.int64)
    return np.delete(numbers, shard.removed)

  def locate(self, number: int) -> tuple[int, int]:
    """The place of an image's shard, and its row there.

    Raises:
      KeyError: there is no image of this number.
    """
    place = bisect.bisect_right(self.starts, number) - 1
    if 0 <= place < len(self._shards):
      shard, row = self._shards[place], number - self.starts[place]
      before = bisect.bisect_left(shard.removed, row)
      if row < shard.span and row not in shard.removed[before : before + 1]:
        return place, row - before
    raise KeyError(f'there is no image of number {number}')
