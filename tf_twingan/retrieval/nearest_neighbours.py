"""The interface of what keeps vectors and finds the nearest ones.

`faiss_neighbours` implements it in memory, `qdrant` on a server.
"""

from collections.abc import Callable
from typing import Protocol

import numpy as np

# Numbers of images to their vectors, wherever those are kept.
Lookup = Callable[[np.ndarray], np.ndarray]


class Neighbours(Protocol):
  """Keeps vectors of several domains and finds the nearest ones.

  Vectors are float32 [n, dimensions] of unit length, numbers int64 [n], one
  for each image.
  """

  def kind(self, count: int) -> str:
    """How this many vectors of one domain are kept, by name."""

  def start(self, domain: str, count: int, sample: np.ndarray) -> None:
    """Forgets the domain's vectors and prepares for `count` like `sample`."""

  def add(self, domain: str, numbers: np.ndarray, vectors: np.ndarray) -> None:
    """Adds vectors of a domain, or replaces those of the same numbers."""

  def remove(self, domain: str, numbers: np.ndarray) -> bool:
    """Removes vectors by their numbers; False asks for a new `start`."""

  def count(self, domain: str) -> int:
    """How many vectors of a domain there are."""

  def search(
    self, domain: str, vectors: np.ndarray, k: int
  ) -> tuple[np.ndarray, np.ndarray]:
    """The k vectors of a domain with the largest cosines, the largest first.

    Returns:
      numbers int64 [n, k] and cosines float32 [n, k]; an approximate search
      that found fewer fills up with number -1.
    """

  def save(self, domain: str) -> bytes | None:
    """What `restore` needs; None if a server keeps the vectors."""

  def restore(
    self, domain: str, content: bytes, numbers: np.ndarray, dimensions: int
  ) -> None:
    """Takes the vectors from what `save` returned.

    Args:
      domain: name of the domain.
      content: what `save` returned, or what is said to be that.
      numbers: the numbers of the vectors that it must hold, int64 [n].
      dimensions: length of these.

    Raises:
      ValueError: it is something else; says what is wrong with it.
    """


def create(
  kind: str | None, server: str | None, *, collection: str, lookup: Lookup
) -> Neighbours:
  """What searches an index: faiss in memory, or a Qdrant server.

  Args:
    kind: one of `options.KINDS`, or None to let the size decide.
    server: address of the Qdrant server; None takes faiss.
    collection: name of the index on the server.
    lookup: takes numbers, int64 [n], and returns their vectors, float32 [n, d];
      for faiss.

  Raises:
    ValueError: both a kind and a server are given, or one is wrong.
    OSError: the server does not answer.
  """
  if not server:
    from tf_twingan.retrieval import faiss_neighbours

    return faiss_neighbours.FaissNeighbours(kind, lookup=lookup)
  if kind:
    raise ValueError(
      f'A Qdrant server decides how to search; kind {kind!r} is for an index '
      'without one. Give one or the other.'
    )
  from tf_twingan.retrieval import qdrant

  return qdrant.QdrantNeighbours.connect(server, collection)
