"""What faiss would crash on or never return from is refused before."""

import functools
import struct
import subprocess
import sys

import faiss
import numpy as np
import pytest
from absl.testing import absltest, parameterized

from tf_twingan.retrieval import faiss_neighbours, faiss_structure

COUNT, DIMENSIONS = 300, 8
NUMBERS = np.arange(1000, 1000 + COUNT)
HEADER = 37  # Bytes of an index's kind, dimensions, count, flags and metric.


def vectors(count=COUNT):
  rows = np.random.default_rng(0).normal(size=[count, DIMENSIONS])
  return (rows / np.linalg.norm(rows, axis=1, keepdims=True)).astype(np.float32)


@functools.cache
def serialized(kind):
  """An index of `NUMBERS`; an ivf_pq one is smaller than users can make."""
  if kind == 'ivf_pq':
    index = faiss.IndexIVFPQ(
      faiss.IndexFlat(DIMENSIONS, faiss.METRIC_INNER_PRODUCT),
      DIMENSIONS,
      4,
      DIMENSIONS // 2,
      8,
      faiss.METRIC_INNER_PRODUCT,
    )
    index.train(vectors())
    mapped = faiss.IndexIDMap(index)
    mapped.add_with_ids(vectors(), NUMBERS)
    return faiss.serialize_index(mapped).tobytes()
  neighbours = faiss_neighbours.FaissNeighbours(kind, lookup=lambda n: None)
  neighbours.start('a', COUNT, vectors())
  neighbours.add('a', NUMBERS, vectors())
  return neighbours.save('a')


def check(content):
  faiss_structure.check(content, NUMBERS, DIMENSIONS)


def replaced(content, place, format_, value):
  size = struct.calcsize(format_)
  packed = struct.pack(f'<{format_}', value)
  return content[:place] + packed + content[place + size :]


def graph_places(content):
  """Where the parts of a graph begin: begins, levels, offsets, links, entry."""
  places, place = [], 2 * HEADER
  for size in (8, 4, 4, 8, 4):
    [length] = struct.unpack_from('<Q', content, place)
    places.append(place + 8)
    place += 8 + length * size
  return [*places[1:], place]


class FaissStructureTest(parameterized.TestCase):
  @parameterized.parameters('flat', 'hnsw', 'ivf_pq')
  def test_what_faiss_wrote_is_taken(self, kind):
    check(serialized(kind))

  @parameterized.parameters('flat', 'hnsw', 'ivf_pq')
  def test_a_file_that_is_cut_off_or_too_long(self, kind):
    content = serialized(kind)
    for size in (0, 3, 40, 80, len(content) // 2, len(content) - 1):
      with self.assertRaisesRegex(ValueError, 'ends too early|other'):
        check(content[:size])
    with self.assertRaisesRegex(ValueError, 'goes on behind its end'):
      check(content + b'\0')

  def test_sizes_that_no_file_holds(self):
    content = serialized('flat')
    for start in (0, HEADER):
      claimed = replaced(content, start + 8, 'q', 10**12)
      with self.assertRaisesRegex(ValueError, 'holds 1000000000000 vectors'):
        check(claimed)
    with self.assertRaisesRegex(ValueError, 'another length'):
      check(replaced(content, 2 * HEADER, 'Q', 2**61))

  def test_other_vectors(self):
    with self.assertRaisesRegex(ValueError, 'of other images'):
      faiss_structure.check(serialized('flat'), NUMBERS + 1, DIMENSIONS)
    with self.assertRaisesRegex(ValueError, 'and should hold 300 of 9'):
      faiss_structure.check(serialized('flat'), NUMBERS, 9)
    with self.assertRaisesRegex(ValueError, 'is not finite'):
      check(replaced(serialized('flat'), 2 * HEADER + 8, 'f', float('nan')))
    with self.assertRaisesRegex(ValueError, "of kind b'IxF2'"):
      check(serialized('flat').replace(b'IxFI', b'IxF2'))

  def test_a_graph_that_leads_out_of_itself(self):
    content = serialized('hnsw')
    begins, levels, offsets, links, entry = graph_places(content)
    for place, format_, value, message in (
      (begins + 4, 'i', 65, 'links of its graph are not where'),
      (begins + 4, 'i', -1, 'levels of its graph'),
      (levels, 'i', 100, 'has no such level'),
      (levels, 'i', 0, 'has no such level'),
      (offsets + 8, 'Q', 2**40, 'links of its graph are not where'),
      (links, 'i', COUNT, 'leads nowhere'),
      (links, 'i', -2, 'leads nowhere'),
      (entry, 'i', COUNT, 'begins nowhere'),
      (entry + 4, 'i', 30, 'begins nowhere'),
    ):
      with self.assertRaisesRegex(ValueError, message):
        check(replaced(content, place, format_, value))

  def test_a_link_to_a_level_that_its_node_lacks(self):
    content = serialized('hnsw')
    _, levels, offsets, links, _ = graph_places(content)
    heights = np.frombuffer(content, '<i4', COUNT, levels)
    high, low = int(heights.argmax()), int(heights.argmin())
    self.assertGreater(heights[high], heights[low])
    [first] = struct.unpack_from('<Q', content, offsets + 8 * high)
    # The links of level 1 follow the 64 of level 0.
    with self.assertRaisesRegex(ValueError, 'leads nowhere'):
      check(replaced(content, links + 4 * (first + 64), 'i', low))

  def test_lists_that_hold_what_is_not_there(self):
    content = serialized('ivf_pq')
    place = content.index(b'full') + 4
    sizes = np.frombuffer(content, '<u8', 4, place + 8)
    codes = place + 8 + 4 * 8
    first = codes + int(sizes[0]) * DIMENSIONS // 2
    for where, format_, value, message in (
      (first, 'q', COUNT, 'vectors that are not there'),
      (first, 'q', -1, 'vectors that are not there'),
      (place + 8, 'Q', 2**40, 'a list is too long'),
      (2 * HEADER, 'Q', 2**40, 'no such lists'),
      (2 * HEADER + 8, 'Q', 0, 'no such lists'),
    ):
      with self.assertRaisesRegex(ValueError, message):
        check(replaced(content, where, format_, value))

  def test_the_effort_of_a_search_is_not_the_files_to_choose(self):
    content = serialized('hnsw')
    *_, entry = graph_places(content)
    patient = replaced(content, entry + 12, 'i', 2**30)
    neighbours = faiss_neighbours.FaissNeighbours('hnsw', lookup=None)
    neighbours.restore('a', patient, NUMBERS, DIMENSIONS)
    inner = faiss.downcast_index(neighbours._indexes['a'].index)
    self.assertLess(inner.hnsw.efSearch, 1000)

  @parameterized.parameters('flat', 'hnsw', 'ivf_pq')
  @pytest.mark.slow
  def test_no_change_of_bytes_stops_the_program(self, kind):
    # In a process of its own, as a fault of faiss ends the process.
    program = f"""
import numpy as np
from tests.retrieval import faiss_structure_test as test
from tf_twingan.retrieval import faiss_neighbours
content, generator = test.serialized({kind!r}), np.random.default_rng(0)
taken = 0
for _ in range(3000):
  changed = bytearray(content)
  for _ in range(generator.integers(1, 4)):
    place = generator.choice([
      generator.integers(len(content)), generator.integers(200)])
    size = generator.choice([1, 4, 8])
    changed[place:place + size] = generator.choice([
      generator.bytes(size), bytes(size), b'\\xff' * size])
  neighbours = faiss_neighbours.FaissNeighbours({kind!r}, lookup=
    lambda numbers: test.vectors()[numbers - 1000])
  try:
    neighbours.restore('a', bytes(changed), test.NUMBERS, test.DIMENSIONS)
  except ValueError:
    continue
  taken += 1
  numbers, _ = neighbours.search('a', test.vectors(5), 10)
  assert ((numbers == -1) | (numbers >= 1000) & (numbers < 1300)).all()
print('taken', taken)
"""
    done = subprocess.run(
      [sys.executable, '-c', program],
      capture_output=True,
      text=True,
      timeout=300,
      check=False,
    )
    self.assertEqual(done.returncode, 0, done.stderr[-2000:])
    # Changed codes and unused bytes are no fault, so it has tried both.
    self.assertBetween(int(done.stdout.split()[1]), 1, 2999)


if __name__ == '__main__':
  absltest.main()
