"""The interface of what keeps vectors and finds the nearest ones.

`faiss_neighbours` implements it in memory, `qdrant` on a server.
"""

from typing import Protocol

import numpy as np


class Neighbours(Protocol):
  """Where vectors are kept and searched: here, or on a server.

  Vectors are float32 [n, dimensions] of unit length, numbers int64 [n]; each
  number is some image's.
  """

  def kind(self, count: int) -> str:
    """How this many vectors of one domain would be kept."""

  def start(self, domain: str, count: int, sample: np.ndarray) -> None:
    """Forgets the domain's vectors and prepares for `count` like `sample`."""

  def add(self, domain: str, numbers: np.ndarray, vectors: np.ndarray) -> None:
    """Adds vectors of a domain, or replaces those of the same numbers."""

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
    """What `restore` needs; None if it is kept elsewhere."""

  def restore(self, domain: str, content: bytes) -> None:
    """Undoes `save`."""
