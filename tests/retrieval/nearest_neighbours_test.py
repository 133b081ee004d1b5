"""The contract of what searches vectors, held by faiss and by Qdrant alike.

Qdrant runs inside its client here, which searches as its server does, only
exactly and in memory.
"""

import http.server
import socket
import threading
import warnings

import numpy as np
import qdrant_client
from absl.testing import absltest, parameterized

from tf_twingan.retrieval import faiss_neighbours, qdrant

DIMENSIONS = 16


def vectors(count, seed=0):
  rows = np.random.default_rng(seed).normal(size=[count, DIMENSIONS])
  # Unequal directions, as principal ones are.
  rows = rows * np.linspace(1, 0.2, DIMENSIONS)
  return (rows / np.linalg.norm(rows, axis=1, keepdims=True)).astype(np.float32)


def in_memory(kind=None):
  return faiss_neighbours.FaissNeighbours(kind, lookup=lambda numbers: None)


def on_a_server():
  # It says that an index of the payload changes nothing in there.
  warnings.filterwarnings('ignore', 'Payload indexes have no effect')
  return qdrant.QdrantNeighbours(
    qdrant_client.QdrantClient(':memory:'), 'test', 'here'
  )


class ContractTest(parameterized.TestCase):
  @parameterized.named_parameters(('faiss', in_memory), ('qdrant', on_a_server))
  def test_contract(self, make):
    searched = make()
    self.assertEqual(searched.count('anime'), 0)
    anime, cats, queries = vectors(60, 1), vectors(40, 2), vectors(5, 3)
    searched.start('anime', 60, anime)
    searched.start('cat', 40, cats)
    # Bit by bit, under numbers of their own, the domains in turn.
    searched.add('anime', np.arange(100, 130), anime[:30])
    searched.add('cat', np.arange(40), cats)
    searched.add('anime', np.arange(130, 160), anime[30:])
    self.assertEqual(searched.count('anime'), 60)
    self.assertEqual(searched.count('cat'), 40)

    for domain, rows, first in (('anime', anime, 100), ('cat', cats, 0)):
      numbers, cosines = searched.search(domain, queries, 7)
      expected = queries @ rows.T
      order = np.argsort(-expected, axis=1)[:, :7]
      np.testing.assert_array_equal(numbers, first + order)
      np.testing.assert_allclose(
        cosines, np.take_along_axis(expected, order, axis=1), atol=1e-5
      )
      self.assertEqual(numbers.dtype, np.int64)

    # What is kept here comes back, what is kept there stays there.
    content = searched.save('anime')
    if content is not None:
      again = make()
      again.restore('anime', content, np.arange(100, 160), DIMENSIONS)
      searched, both = again, (again, searched)
      for one in both:
        one.add('anime', np.array([999]), queries[:1])
    else:
      searched.add('anime', np.array([999]), queries[:1])
    numbers, _ = searched.search('anime', queries[:1], 1)
    self.assertEqual(numbers.tolist(), [[999]])

    # A new start forgets one domain's, also where dimensions change.
    searched.start('anime', 10, anime)
    self.assertEqual(searched.count('anime'), 0)
    searched.add('anime', np.arange(10), anime[:10])
    self.assertEqual(searched.count('anime'), 10)
    for domain in ('anime', 'cat'):
      searched.start(domain, 10, anime[:, :8])
      searched.add(domain, np.arange(10), anime[:10, :8])
      self.assertEqual(searched.count(domain), 10)

  def test_sending_again_to_a_server_changes_nothing(self):
    searched, anime = on_a_server(), vectors(30)
    searched.start('anime', 30, anime)
    for _ in range(2):
      searched.add('anime', np.arange(30), anime)
    self.assertEqual(searched.count('anime'), 30)


class FaissTest(parameterized.TestCase):
  def test_the_size_decides(self):
    searched = in_memory()
    self.assertEqual(searched.kind(100_000), 'flat')
    self.assertEqual(searched.kind(100_001), 'hnsw')
    self.assertEqual(searched.kind(5_000_001), 'ivf_pq')
    self.assertEqual(in_memory('hnsw').kind(3), 'hnsw')
    self.assertEqual(in_memory('ivf_pq').kind(10_000), 'ivf_pq')
    self.assertEqual(in_memory('ivf_pq').kind(9_999), 'flat')

  @parameterized.parameters('hnsw', 'ivf_pq')
  def test_approximate_search_finds_nearly_all(self, kind):
    many, queries = vectors(10_000), vectors(50, 1)
    searched = faiss_neighbours.FaissNeighbours(kind, lookup=many.__getitem__)
    searched.start('anime', len(many), many)
    searched.add('anime', np.arange(len(many)), many)
    numbers, cosines = searched.search('anime', queries, 10)
    exact = np.argsort(-queries @ many.T, axis=1)[:, :10]
    shared = [len(np.intersect1d(a, b)) for a, b in zip(numbers, exact)]
    self.assertGreater(np.mean(shared), 9.3)
    np.testing.assert_allclose(
      cosines, (queries[:, None] * many[numbers]).sum(-1), atol=1e-5
    )
    self.assertTrue((np.diff(cosines, axis=1) <= 1e-6).all())
    # Compressed vectors are what it is for.
    size = len(searched.save('anime'))
    exact_size = many.nbytes
    self.assertEqual(size < exact_size / 2, kind == 'ivf_pq')

  def test_bad_arguments(self):
    with self.assertRaisesRegex(ValueError, "kind of index 'tree'.*flat"):
      in_memory('tree')


class QdrantTest(absltest.TestCase):
  def test_no_server(self):
    with socket.socket() as held:
      held.bind(('localhost', 0))  # Bound, yet no one listens.
      url = f'http://localhost:{held.getsockname()[1]}'
      with self.assertRaisesRegex(
        OSError, f'No Qdrant server answers at {url}.*docker run'
      ):
        qdrant.QdrantNeighbours.connect(url, 'test')

  def test_another_server(self):
    class Page(http.server.BaseHTTPRequestHandler):
      def do_GET(self):
        self.send_response(200)
        self.end_headers()
        self.wfile.write(b'<html>')

      def log_message(self, *args):
        pass

    with http.server.HTTPServer(('localhost', 0), Page) as server:
      thread = threading.Thread(target=server.handle_request)
      thread.start()
      with self.assertRaisesRegex(OSError, 'is no Qdrant server'):
        qdrant.QdrantNeighbours.connect(
          f'http://localhost:{server.server_port}', 'test'
        )
      thread.join()

  def test_no_address(self):
    with self.assertRaisesRegex(ValueError, 'no address of a server'):
      qdrant.QdrantNeighbours.connect('http://here:there', 'test')


if __name__ == '__main__':
  absltest.main()
