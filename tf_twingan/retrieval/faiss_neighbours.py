"""Nearest vectors on this machine, by faiss (Johnson et al., 2017).

Exact search reads every vector and takes its time in proportion, so it gives
way to an approximate kind where a domain outgrows it: a small-world graph
(HNSW: Malkov and Yashunin, 2016), and where that no longer fits in memory,
lists of compressed vectors (IVF-PQ: Jégou et al., 2011), which find candidates
whose order is then decided by the vectors themselves. Each domain has an index
of its own, so that searching one domain never has to skip over others.
"""

from collections.abc import Callable

import numpy as np

from tf_twingan import extras
from tf_twingan.retrieval import faiss_structure, options

with extras.needed('search'):
  import faiss

_HNSW_LINKS = 32
_HNSW_BUILD = 80
_HNSW_SEARCH = 128
# Vectors for each of a code's 256 centres; more only cost time.
_PQ_TRAINED_ON = 64
_CANDIDATES = 100


class FaissNeighbours:
  """The interface `nearest_neighbours.Neighbours`, in memory."""

  def __init__(
    self, kind: str | None = None, *, lookup: Callable[[np.ndarray], np.ndarray]
  ):
    """Chooses how to search.

    Args:
      kind: one of `options.KINDS`, or None to let the size decide.
      lookup: takes numbers, int64 [n], and returns their vectors, float32
        [n, d]; for ivf_pq, which keeps none.
    """
    if kind is not None and kind not in options.KINDS:
      raise ValueError(
        f'There is no kind of index {kind!r}; choose one of '
        f'{", ".join(options.KINDS)}, or none to let the size decide.'
      )
    self._kind = kind
    self._lookup = lookup
    self._indexes: dict[str, faiss.IndexIDMap] = {}

  def kind(self, count: int) -> str:
    """How this many vectors of one domain are kept."""
    if self._kind == 'ivf_pq' and count < options.IVF_PQ_FROM:
      return 'flat'
    if self._kind:
      return self._kind
    if count <= options.FLAT_UP_TO:
      return 'flat'
    return 'hnsw' if count <= options.HNSW_UP_TO else 'ivf_pq'

  def start(self, domain: str, count: int, sample: np.ndarray) -> None:
    """Forgets the domain's vectors and prepares for `count` like `sample`."""
    self._indexes[domain] = faiss.IndexIDMap(
      _empty(self.kind(count), count, sample)
    )

  def add(self, domain: str, numbers: np.ndarray, vectors: np.ndarray) -> None:
    """Adds vectors; their numbers must be new."""
    self._indexes[domain].add_with_ids(vectors, numbers)

  def count(self, domain: str) -> int:
    """How many vectors of a domain there are."""
    return self._indexes[domain].ntotal if domain in self._indexes else 0

  def search(
    self, domain: str, vectors: np.ndarray, k: int
  ) -> tuple[np.ndarray, np.ndarray]:
    """See `nearest_neighbours.Neighbours.search`."""
    index = self._indexes[domain]
    if not isinstance(faiss.downcast_index(index.index), faiss.IndexIVFPQ):
      cosines, numbers = index.search(vectors, k)
      return numbers, cosines
    candidates = min(max(4 * k, _CANDIDATES), index.ntotal)
    _, numbers = index.search(vectors, candidates)
    cosines = np.full(numbers.shape, -np.inf, np.float32)
    for row, vector in enumerate(vectors):
      found = numbers[row] >= 0
      cosines[row, found] = self._lookup(numbers[row, found]) @ vector
    order = np.argsort(-cosines, axis=1, kind='stable')[:, :k]
    return (
      np.take_along_axis(numbers, order, axis=1),
      np.take_along_axis(cosines, order, axis=1),
    )

  def save(self, domain: str) -> bytes:
    """What `restore` needs."""
    return faiss.serialize_index(self._indexes[domain]).tobytes()

  def remove(self, domain: str, numbers: np.ndarray) -> bool:
    """Removes none: a graph cannot, and the others are handed over fast."""
    del domain, numbers
    return False

  def restore(
    self, domain: str, content: bytes, numbers: np.ndarray, dimensions: int
  ) -> None:
    """See `nearest_neighbours.Neighbours.restore`."""
    faiss_structure.check(content, numbers, dimensions)
    index = faiss.deserialize_index(np.frombuffer(content, np.uint8))
    # How thoroughly to search is not the file's to say: it could ask for ages.
    assert isinstance(index, faiss.IndexIDMap), domain
    inner = faiss.downcast_index(index.index)
    if isinstance(inner, faiss.IndexHNSWFlat):
      _set_effort(inner)
    elif isinstance(inner, faiss.IndexIVFPQ):
      inner.nprobe = _probed(inner.nlist)
    self._indexes[domain] = index


def _empty(kind: str, count: int, sample: np.ndarray) -> faiss.Index:
  """A trained index without vectors."""
  dimensions = sample.shape[1]
  metric = faiss.METRIC_INNER_PRODUCT
  if kind == 'flat':
    return faiss.IndexFlat(dimensions, metric)
  if kind == 'hnsw':
    index = faiss.IndexHNSWFlat(dimensions, _HNSW_LINKS, metric)
    _set_effort(index)
    return index
  # About as many lists as vectors in each.
  lists = int(min(np.sqrt(count), 4096))
  # A byte for two dimensions.
  codes = dimensions // 2 if dimensions % 2 == 0 else dimensions
  compressed = faiss.IndexIVFPQ(
    faiss.IndexFlat(dimensions, metric), dimensions, lists, codes, 8, metric
  )
  compressed.pq.cp.max_points_per_centroid = _PQ_TRAINED_ON
  compressed.train(sample)
  compressed.nprobe = _probed(lists)
  return compressed


def _set_effort(index: faiss.IndexHNSWFlat) -> None:
  index.hnsw.efConstruction = _HNSW_BUILD
  index.hnsw.efSearch = _HNSW_SEARCH


def _probed(lists: int) -> int:
  return max(16, lists // 16)
