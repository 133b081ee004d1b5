"""Images that are there more than once: in a dataset, its splits, or in two.

Exact copies have the same pixels; near-duplicates look alike, say after another
compression, see `near_duplicates`.
"""

from collections.abc import Sequence
from typing import NamedTuple

from tf_twingan.data.audit import dataset_measures
from tf_twingan.data.prepare import near_duplicates, options


class Place(NamedTuple):
  """Where an image is.

  Attributes:
    dataset: index of its dataset.
    image: its index among the examined images of that dataset.
  """

  dataset: int
  image: int


class Group(NamedTuple):
  """Images that repeat one another.

  Attributes:
    places: two or more, in order.
    exact: whether all have the same pixels.
  """

  places: tuple[Place, ...]
  exact: bool

  @property
  def datasets(self) -> set[int]:
    """Indices of the datasets that hold any of them."""
    return {place.dataset for place in self.places}

  def within(self, dataset: int) -> 'Group | None':
    """The part of the group in one dataset; None if nothing repeats there."""
    places = tuple(p for p in self.places if p.dataset == dataset)
    return self._replace(places=places) if len(places) > 1 else None


def find(
  measured: Sequence[dataset_measures.DatasetMeasures],
  distance: float = options.Options.model_fields['duplicate_distance'].default,
) -> list[Group]:
  """Groups of images that repeat one another, exact copies first.

  An image may be in two groups: in one of its exact copies and in one of those
  that look like it, which then holds only the first of the copies.

  Args:
    measured: the datasets.
    distance: how far apart near-duplicates may be, in percent.
  """
  places = [
    Place(i, j) for i, one in enumerate(measured) for j in range(len(one.names))
  ]
  copies: dict[str, list[int]] = {}
  for index, place in enumerate(places):
    digest = measured[place.dataset].digests[place.image]
    copies.setdefault(digest, []).append(index)
  groups = [
    Group(tuple(places[i] for i in same), True)
    for same in copies.values()
    if len(same) > 1
  ]
  firsts = [same[0] for same in copies.values()]
  fingerprints = [
    measured[places[i].dataset].fingerprints[places[i].image] for i in firsts
  ]
  for group in near_duplicates.groups(fingerprints, distance):
    groups.append(Group(tuple(places[firsts[i]] for i in group), False))
  return groups
