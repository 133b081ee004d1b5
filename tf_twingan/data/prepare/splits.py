"""Which images are held out, so that none has a near-duplicate in training.

What belongs together stays together: near-duplicates, and all faces of a photo,
which share its light and its background. The name of the first photo of such a
group decides, so that the split is the same every time. Where the input comes
with a split of its own, that is kept.
"""

from collections.abc import Sequence

from tf_twingan.data import unicode_names
from tf_twingan.data.sources import base


def assign(
  photos: Sequence[str],
  groups: Sequence[Sequence[int]],
  own: Sequence[str | None],
) -> list[str]:
  """The split of each image: one of `base.SPLITS`.

  About `base.HOLDOUT_FRACTION` of the groups are held out; one at least if
  there are two or more.

  Args:
    photos: the photo that each image was cut from.
    groups: indices of images that are near-duplicates of one another.
    own: the split that the input has for each image; None where it has none.
  """
  joined = Joined(len(photos))
  first_of: dict[str, int] = {}
  for index, photo in enumerate(photos):
    joined.join(first_of.setdefault(photo, index), index)
  for group in groups:
    for index in group[1:]:
      joined.join(group[0], index)
  members: dict[int, list[int]] = {}
  for index in range(len(photos)):
    members.setdefault(joined.first(index), []).append(index)
  fractions = {
    first: base.hash_fraction(
      min(unicode_names.composed(photos[i]) for i in group)
    )
    for first, group in members.items()
    if all(own[i] is None for i in group)
  }
  held_out = {
    first
    for first, fraction in fractions.items()
    if fraction < base.HOLDOUT_FRACTION
  }
  if not held_out and len(fractions) > 1 and len(fractions) == len(members):
    held_out = {min(fractions, key=fractions.__getitem__)}
  train, test = base.SPLITS
  splits = []
  for index in range(len(photos)):
    first = joined.first(index)
    if first in fractions:
      splits.append(test if first in held_out else train)
    else:
      # Images without a split of their own follow those they belong to.
      is_test = any(own[i] == test for i in members[first])
      splits.append(own[index] or (test if is_test else train))
  return splits


class Joined:
  """Sets of indices that are joined, each known by its smallest index."""

  def __init__(self, count: int):
    """Every index is alone.

    Args:
      count: how many indices there are.
    """
    self._parents = list(range(count))

  def first(self, index: int) -> int:
    """The smallest index of the set of an index."""
    while self._parents[index] != index:
      # Halves the way for the next one.
      self._parents[index] = self._parents[self._parents[index]]
      index = self._parents[index]
    return index

  def join(self, one: int, other: int) -> None:
    """Makes one set of the sets of two indices."""
    low, high = sorted((self.first(one), self.first(other)))
    self._parents[high] = low
