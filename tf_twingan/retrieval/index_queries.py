"""Queries of an index: the nearest images of its domains to some others."""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from tf_twingan import errors
from tf_twingan.retrieval import image_embedding, index_contents, records


class Neighbour(NamedTuple):
  """An image that was found.

  Attributes:
    record: what is known of the image.
    distance: 1 - cosine of the angle to the query, in [0, 2].
  """

  record: records.Record
  distance: float


def nearest(
  contents: index_contents.Contents,
  images: np.ndarray,
  domain: str,
  *,
  k: int,
  among: Sequence[str] | None,
  by: str,
) -> list[list[Neighbour]]:
  """The nearest images to each of some others; see `SearchIndex.query`."""
  contents.model.check_domain(domain)
  contents.check_finished()
  targets = searched(contents, domain, among)
  total = sum(contents.records.count(target) for target in targets)
  if not 1 <= k <= total:
    raise ValueError(
      f'k is {k}, and the index holds {total} images of '
      f'{", ".join(targets)}; ask for 1 to {total}.'
    )
  found: list[list[Neighbour]] = [[] for _ in images]
  for target in targets if len(images) else ():
    numbers, cosines = contents.neighbours.search(
      target,
      image_embedding.embed_queries(
        contents.model, contents.embedding, images, domain, target, by
      ),
      min(k, contents.records.count(target)),
    )
    for neighbours, *row in zip(found, numbers, cosines):
      neighbours += [
        Neighbour(contents.records.find(int(n)), max(0.0, 1.0 - float(c)))
        for n, c in zip(*row)
        # A search that found fewer gives -1, and a server that another
        # program adds to may give images that this index lacks.
        if contents.records.holds(int(n), target)
      ]
  return [sorted(row, key=lambda n: n.distance)[:k] for row in found]


def searched(
  contents: index_contents.Contents,
  domain: str,
  among: Sequence[str] | None,
) -> tuple[str, ...]:
  """The domains that a query searches; see `SearchIndex.searched`."""
  domains = contents.domains
  if among is None:
    return tuple(d for d in domains if d != domain) or domains
  for target in among:
    if target not in domains:
      raise ValueError(
        f'The index holds no images of {target!r}; it holds '
        f'{", ".join(domains) or "none at all"}'
        f'{errors.did_you_mean(target, domains) or "."}'
      )
  return tuple(dict.fromkeys(among))
