"""Checks a serialized faiss index before faiss reads it.

faiss allocates what a file's header claims, and follows the links of a graph
and the positions in a list without looking: a damaged or hostile file makes it
crash, write over memory or never return. So all sizes, links and positions are
checked here first, and every byte must be accounted for. The layout is that of
`faiss/impl/index_write.cpp`, for the kinds that `faiss_neighbours` makes.
"""

import struct

import numpy as np

_FLAT, _HNSW, _IVF_PQ = b'IxFI', b'IHNf', b'IwPQ'
_MAX_LISTS = 2**16
# Nodes of a graph that are checked at a time, to bound the memory.
_NODES_AT_ONCE = 2**16


def check(content: bytes, numbers: np.ndarray, dimensions: int) -> None:
  """Refuses what is no index of these vectors.

  Args:
    content: what `faiss.serialize_index` returned for an `IndexIDMap`.
    numbers: int64 [n], the numbers that its vectors must have, in order.
    dimensions: length of its vectors.

  Raises:
    ValueError: it is something else; says what is wrong with it.
  """
  file = _Reader(content)
  expected = (dimensions, len(numbers))
  file.header(b'IxMp', expected)
  kind = file.header(None, expected)
  if kind == _FLAT:
    file.floats(dimensions * len(numbers))
  elif kind == _HNSW:
    _check_graph(file, len(numbers))
    file.header(_FLAT, expected)
    file.floats(dimensions * len(numbers))
  else:
    _check_lists(file, dimensions, len(numbers))
  _require(
    np.array_equal(file.vector('<i8', len(numbers)), numbers),
    'its vectors are of other images',
  )
  _require(file.is_at_end(), 'it goes on behind its end')


def _check_graph(file: '_Reader', count: int) -> None:
  """Checks the links of `count` nodes, each on one level or more."""
  probabilities = file.vector('<f8')
  # Where the links of each level begin, among those of one node.
  begins = file.vector('<i4', len(probabilities) + 1).astype(np.int64)
  levels = file.vector('<i4', count)
  offsets = file.vector('<u8', count + 1)
  links = file.vector('<i4')
  entry, top, *_ = file.fields('5i')
  _require(
    np.isfinite(probabilities).all()
    and begins[0] == 0
    and (np.diff(begins) > 0).all(),
    'the levels of its graph are wrong',
  )
  _require(
    count == 0 or (levels.min() >= 1 and levels.max() <= len(probabilities)),
    'a node of its graph has no such level',
  )
  ends = np.cumsum(begins[levels])
  _require(
    offsets[0] == 0
    and np.array_equal(offsets[1:].astype(np.int64), ends)
    and len(links) == (ends[-1] if count else 0),
    'the links of its graph are not where they should be',
  )
  _require(
    (count == 0 and entry == -1)
    or (0 <= entry < count and 0 <= top < levels[entry]),
    'its graph begins nowhere',
  )
  for start in range(0, count, _NODES_AT_ONCE):
    sizes = begins[levels[start : start + _NODES_AT_ONCE]]
    first = int(offsets[start])
    part = links[first : first + int(sizes.sum())]
    within_node = np.arange(len(part)) - np.repeat(
      np.cumsum(sizes) - sizes, sizes
    )
    level = np.searchsorted(begins, within_node, side='right') - 1
    is_link = part != -1  # Which ends a level's links.
    linked = part[is_link]
    _require(
      not len(linked)
      or (
        linked.min() >= 0
        and linked.max() < count
        and (levels[linked] > level[is_link]).all()
      ),
      'a link of its graph leads nowhere',
    )


def _check_lists(file: '_Reader', dimensions: int, count: int) -> None:
  """Checks lists of compressed vectors."""
  lists, probed = file.fields('2Q')
  _require(0 < probed <= lists <= _MAX_LISTS, 'it has no such lists')
  file.header(_FLAT, (dimensions, lists))
  file.floats(dimensions * lists)
  _require(file.fields('B') == (0,), 'it has a map of its own')
  file.vector('<i8', 0)
  by_residual, code_size = file.fields('BQ')
  trained, parts, bits = file.fields('3Q')
  _require(
    by_residual in (0, 1)
    and trained == dimensions
    and bits == 8
    and 0 < parts == code_size <= dimensions
    and dimensions % parts == 0,
    'its codes are of other vectors',
  )
  file.floats(dimensions * 256)
  _require(file.take(4) == b'ilar', 'its lists are of another kind')
  _require(file.fields('2Q') == (lists, code_size), 'it has no such lists')
  kind = file.take(4)
  sizes = np.zeros(lists, np.int64)
  if kind == b'full':
    sizes[:] = _as_int(file.vector('<u8', lists), count)
  else:
    _require(kind == b'sprs', 'its lists are of another kind')
    pairs = _as_int(file.vector('<u8'), max(lists, count))
    _require(len(pairs) % 2 == 0, 'a list has no size')
    pairs = pairs.reshape(-1, 2)
    _require((pairs[:, 0] < lists).all(), 'it has no such lists')
    _require(len(np.unique(pairs[:, 0])) == len(pairs), 'it has a list twice')
    sizes[pairs[:, 0]] = pairs[:, 1]
  seen = np.zeros(count, bool)
  for size in sizes.tolist():
    file.take(size * code_size)
    places = np.frombuffer(file.take(size * 8), '<i8')
    _require(
      not size or (places.min() >= 0 and places.max() < count),
      'a list holds vectors that are not there',
    )
    seen[places] = True
  _require(
    seen.all() and sizes.sum() == count, 'its lists do not hold all vectors'
  )


def _as_int(values: np.ndarray, most: int) -> np.ndarray:
  _require(not len(values) or values.max() <= most, 'a list is too long')
  return values.astype(np.int64)


class _Reader:
  """Takes one part of a file after the other, and never more than is there."""

  def __init__(self, content: bytes):
    self._content = memoryview(content)
    self._place = 0

  def is_at_end(self) -> bool:
    return self._place == len(self._content)

  def take(self, size: int) -> memoryview:
    end = self._place + size
    _require(end <= len(self._content), 'it ends too early')
    part, self._place = self._content[self._place : end], end
    return part

  def fields(self, kinds: str) -> tuple[int, ...]:
    layout = struct.Struct(f'<{kinds}')
    return layout.unpack(self.take(layout.size))

  def vector(self, dtype: str, count: int | None = None) -> np.ndarray:
    """An array behind its length, which must be `count` if that is given."""
    [length] = self.fields('Q')
    _require(count is None or length == count, 'a part has another length')
    size = length * np.dtype(dtype).itemsize
    return np.frombuffer(self.take(size), dtype)

  def floats(self, count: int) -> None:
    """Passes over an array of finite numbers."""
    values = self.vector('<f4', count)
    for start in range(0, count, 2**22):
      _require(
        np.isfinite(values[start : start + 2**22]).all(),
        'a vector is not finite',
      )

  def header(self, kind: bytes | None, expected: tuple[int, int]) -> bytes:
    """The kind of an index, which every index begins with.

    Args:
      kind: four letters that name its kind; None for one that compares images.
      expected: its number of dimensions and of vectors.
    """
    found = bytes(self.take(4))
    dimensions, count, _, _, trained, metric = self.fields('iqqqBi')
    _require(
      found == kind if kind else found in (_FLAT, _HNSW, _IVF_PQ),
      f'it holds an index of kind {found!r}',
    )
    _require(
      (dimensions, count) == expected,
      f'it holds {count} vectors of {dimensions} numbers, and should hold '
      f'{expected[1]} of {expected[0]}',
    )
    _require((trained, metric) == (1, 0), 'it compares by another measure')
    return found


def _require(holds: bool | np.bool_, otherwise: str) -> None:
  if not holds:
    raise ValueError(otherwise)
