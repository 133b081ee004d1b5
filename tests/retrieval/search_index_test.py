"""SearchIndex: finding, adding, being stopped anywhere, refusing what is wrong.

The network is untrained, so an image's neighbours mean nothing; that an image
is its own nearest neighbour, and all that surrounds it, can be tested.
"""

import os
import pathlib
import shutil
import tempfile
import warnings
from unittest import mock

import numpy as np
import pytest
import qdrant_client
import tensorflow as tf

import tf_twingan
from tests import shared_artifacts
from tf_twingan.retrieval import (
  embeddings,
  options,
  qdrant,
  records,
  storage,
)


def images(count, seed=0):
  return np.random.default_rng(seed).integers(
    0, 256, [count, 8, 8, 3], dtype=np.uint8
  )


def named(some):
  return [(f'{i}.png', image) for i, image in enumerate(some)]


class Stopped(Exception):
  pass


class SearchIndexTest(tf.test.TestCase):
  @classmethod
  def setUpClass(cls):
    super().setUpClass()
    cls.run_dir = shared_artifacts.run()
    cls.translator = tf_twingan.Translator(str(cls.run_dir))
    cls.anime, cls.photo = images(40, 1), images(30, 2)

  def setUp(self):
    super().setUp()
    self.folder = pathlib.Path(tempfile.mkdtemp(), 'index')

  def build(self, **options):
    index = tf_twingan.SearchIndex.build(
      self.folder, self.translator, **options
    )
    index.add('anime', named(self.anime), source='folder:a')
    index.add('photo', named(self.photo), source='folder:p')
    index.finish()
    return index

  def load(self, **options):
    return tf_twingan.SearchIndex.load(self.folder, **options)

  def found(self, index, some, domain, **options):
    options = {'k': 3, **options}
    return [
      [(n.record.domain, n.record.name) for n in row]
      for row in index.query(some, domain, **options)
    ]

  def assert_same_results(self, a, b):
    for domain, some in (('anime', self.anime), ('photo', self.photo)):
      for by in options.BY:
        first, second = (
          index.query(some[:4], domain, k=5, by=by) for index in (a, b)
        )
        for rows in zip(first, second):
          self.assertEqual(*([n.record.name for n in row] for row in rows))
          self.assertAllClose(
            *([n.distance for n in row] for row in rows), atol=1e-5
          )

  def test_an_image_finds_itself_in_its_own_domain(self):
    self.build()
    index = self.load()  # It knows its model.
    self.assertEqual(index.domains, ('photo', 'anime'))
    self.assertLen(index, 70)
    found = index.query(self.anime[:5], 'anime', k=3, among=['anime'])
    for i, neighbours in enumerate(found):
      self.assertLen(neighbours, 3)
      record, distance = neighbours[0]
      self.assertEqual(record.name, f'{i}.png')
      self.assertEqual(record.source, 'folder:a')
      self.assertLess(distance, 1e-5)
      self.assertAllEqual(index.image(record.number), self.anime[i])
      distances = [n.distance for n in neighbours]
      self.assertEqual(distances, sorted(distances))
      self.assertGreater(distances[1], 0.05)

  def test_other_domains_unless_said_otherwise(self):
    index = self.build()
    domains = {
      d for row in self.found(index, self.photo, 'photo') for d, _ in row
    }
    self.assertEqual(domains, {'anime'})
    both = index.query(self.photo[:2], 'photo', k=70, among=['photo', 'anime'])
    for row in both:
      self.assertLen({(n.record.domain, n.record.name) for n in row}, 70)
      distances = [n.distance for n in row]
      self.assertEqual(distances, sorted(distances))
    self.assertEqual(index.query(self.photo[:0], 'photo', k=1), [])

  def test_what_it_searches_by(self):
    index = self.build()
    vectors = {
      domain: np.concatenate([v for _, v in index.vectors(domain)])
      for domain in index.domains
    }
    embedding = index._embedding
    own = embedding.embed(self.translator.scales(self.photo, 'photo'), 'photo')
    translated = self.translator.translate(self.photo, to='anime')
    other = embedding.embed(
      self.translator.scales(translated, 'anime'), 'anime'
    )
    for by, queries in (
      ('own', own),
      ('translation', other),
      ('fused', embeddings.unit(own + other)),
    ):
      expected = (queries @ vectors['anime'].T).max(axis=1)
      found = index.query(self.photo, 'photo', k=1, by=by)
      self.assertAllClose(
        [row[0].distance for row in found], 1 - expected, atol=1e-5
      )
    self.assertNotAllClose(own, other)

  def test_adding_again_passes_over_what_is_there(self):
    index = self.build()
    more = np.concatenate([self.anime, images(5, 9)])
    again = tf_twingan.SearchIndex.build(self.folder, self.translator)
    self.assertEqual(again.add('anime', named(more) * 2, source='folder:a'), 5)
    # Of another source it is another image.
    self.assertEqual(again.add('anime', named(more), source='folder:b'), 45)
    again.finish()
    self.assertLen(again, 120)
    self.assertEqual(
      self.found(again, more[40:], 'anime', k=1, among=['anime']),
      [[('anime', f'{i}.png')] for i in range(40, 45)],
    )
    self.assertLen(index, 70)
    with self.assertRaisesRegex(OSError, 'changed .* since it was opened'):
      index.add('anime', named(more))

  def test_stopped_after_a_write_nothing_is_lost(self):
    self.stop_after_every(5)

  @pytest.mark.slow
  def test_stopped_after_any_write_nothing_is_lost(self):
    self.stop_after_every(1)

  def stop_after_every(self, step):
    """Stops building after so many writes, twice as many and so on."""
    with mock.patch.object(records, 'SHARD_SIZE', 16):
      whole = self.build()
      write, writes = storage.Storage._write, []
      expected = self.folder
      for stop in range(0, 100, step):
        self.folder = expected.with_name(f'stopped_{stop}')
        writes.clear()

        def stopping(files, name, content, stop=stop):
          if len(writes) == stop:
            raise Stopped
          writes.append(name)
          write(files, name, content)

        try:
          with mock.patch.object(storage.Storage, '_write', stopping):
            self.build()
        except Stopped:
          if (self.folder / 'manifest.json').exists():
            with self.assertRaisesRegex(ValueError, 'is not finished.*again'):
              self.load(translator=self.translator)
        else:
          break
        self.build()
        self.assert_same_results(self.load(translator=self.translator), whole)
        # Nothing is left of what was interrupted.
        self.assertLen(os.listdir(self.folder), len(os.listdir(expected)))
        shutil.rmtree(self.folder)
      self.assertGreater(stop, 20)

  def test_stopped_while_it_learns_again(self):
    index = tf_twingan.SearchIndex.build(self.folder, self.translator)
    index.add('anime', named(self.anime[:10]), source='folder:a')
    index.finish()
    index.add('anime', named(self.anime), source='folder:a')
    grown = self.folder.with_name('grown')
    shutil.copytree(self.folder, grown)
    index.finish()
    write = storage.Storage._write
    for stop in range(100):
      self.folder = grown.with_name(f'again_{stop}')
      shutil.copytree(grown, self.folder)
      left = iter(range(stop))

      def stopping(files, name, content, left=left):
        if next(left, None) is None:
          raise Stopped
        write(files, name, content)

      stopped = tf_twingan.SearchIndex.build(self.folder, self.translator)
      try:
        with mock.patch.object(storage.Storage, '_write', stopping):
          stopped.finish()
      except Stopped:
        tf_twingan.SearchIndex.build(self.folder, self.translator).finish()
        again = self.load(translator=self.translator)
        for name in ('anime', 'photo'):
          self.assertEqual(
            self.found(again, self.photo, name),
            self.found(index, self.photo, name),
          )
      else:
        break
    self.assertGreater(stop, 5)

  def test_what_was_read_before_an_error_is_kept(self):
    def broken():
      yield from named(self.anime[:7])
      raise KeyboardInterrupt

    index = tf_twingan.SearchIndex.build(self.folder, self.translator)
    with self.assertRaises(KeyboardInterrupt):
      index.add('anime', broken())
    again = tf_twingan.SearchIndex.build(self.folder, self.translator)
    self.assertLen(again, 7)

  def test_interrupted_while_storing_nothing_is_there_twice(self):
    write = storage.Storage._write
    interrupts = iter([KeyboardInterrupt])

    def interrupted(files, name, content):
      write(files, name, content)
      if name == 'manifest.json':
        for interrupt in interrupts:
          raise interrupt

    index = tf_twingan.SearchIndex.build(self.folder, self.translator)
    with (
      mock.patch.object(records, 'SHARD_SIZE', 16),
      mock.patch.object(storage.Storage, '_write', interrupted),
      self.assertRaises(KeyboardInterrupt),
    ):
      index.add('anime', named(self.anime), source='folder:a')
    self.assertLen(self.build(), 70)

  def test_a_change_of_kind_keeps_the_results(self):
    flat = self.build()
    other = self.build(kind='hnsw')
    self.assert_same_results(flat, other)
    self.assertEqual(self.load()._manifest.kind, 'hnsw')

  def test_what_searches_may_change_at_any_time(self):
    self.build(kind='hnsw')
    client = qdrant_client.QdrantClient(':memory:')
    served = qdrant.QdrantNeighbours(client, 'faces', 'here')
    with mock.patch.object(
      qdrant.QdrantNeighbours, 'connect', return_value=served
    ):
      self.build(server='http://here')
      self.assertEqual(self.load()._manifest.server, 'http://here')
      self.assertEqual(served.count('anime'), 40)
    self.assert_same_results(self.build(kind='flat'), self.load())
    self.assertEqual(self.load()._neighbours.kind(7), 'flat')

  def test_another_program_that_only_changed_the_kind_is_noticed(self):
    index = self.build()
    self.build(kind='hnsw')  # Removes the files that the first one knows of.
    with self.assertRaisesRegex(OSError, 'changed .* since it was opened'):
      index.add('anime', named(images(3, 9)), source='folder:b')
    self.load()

  def test_a_server_gives_the_same_results(self):
    warnings.filterwarnings('ignore', 'Payload indexes have no effect')
    local = self.build()
    self.folder = self.folder.with_name('served')
    client = qdrant_client.QdrantClient(':memory:')
    served = self.build(
      neighbours=qdrant.QdrantNeighbours(client, 'faces', 'here')
    )
    self.assert_same_results(local, served)
    # A server that lost all is sent it again.
    client = qdrant_client.QdrantClient(':memory:')
    lost = dict(neighbours=qdrant.QdrantNeighbours(client, 'faces', 'here'))
    with self.assertRaisesRegex(ValueError, '0 of 70 images can be found'):
      self.load(**lost)
    self.build(**lost)
    self.assert_same_results(local, self.load(**lost))

  def test_another_model_is_refused(self):
    self.build()
    other = tf_twingan.Translator(str(shared_artifacts.run(seed=2)))
    for opening in (tf_twingan.SearchIndex.load, tf_twingan.SearchIndex.build):
      with self.assertRaisesRegex(ValueError, 'is of another model'):
        opening(self.folder, other)
    with mock.patch.object(embeddings, 'VERSION', 99):
      with self.assertRaisesRegex(ValueError, 'version 1, .* makes 99'):
        self.load()

  def test_any_damaged_file_is_named(self):
    self.build()
    for path in sorted(self.folder.iterdir()):
      if path.name == 'lock':
        continue
      content = path.read_bytes()
      path.write_bytes(content[: len(content) // 2])
      # Vectors and images are read when they are needed.
      with self.assertRaisesRegex(ValueError, f'{path.name} is damaged'):
        index = self.load(translator=self.translator)
        for domain in index.domains:
          list(index.vectors(domain))
        for number in range(len(index)):
          index.image(number)
      path.write_bytes(content)
    self.load()

  def test_bad_arguments(self):
    index = self.build()
    for values, message in (
      ({'k': 0}, 'k is 0, .* 40 images of anime; ask for 1 to 40'),
      ({'k': 41}, 'k is 41, '),
      ({'by': 'luck'}, "by is 'luck'"),
      ({'among': ['cat']}, "no images of 'cat'; it holds photo, anime"),
    ):
      with self.assertRaisesRegex(ValueError, message):
        self.found(index, self.photo, 'photo', **values)
    with self.assertRaisesRegex(ValueError, "no domain 'cat'"):
      index.query(self.photo, 'cat', k=1)
    with self.assertRaisesRegex(ValueError, "no domain 'cat'"):
      index.add('cat', [])
    with self.assertRaisesRegex(ValueError, 'Give one or the other'):
      tf_twingan.SearchIndex.build(
        self.folder, self.translator, kind='flat', server='http://localhost'
      )
    empty = tf_twingan.SearchIndex.build(
      self.folder.with_name('empty'), self.translator
    )
    with self.assertRaisesRegex(ValueError, 'holds no images yet'):
      empty.finish()
    with self.assertRaisesRegex(ValueError, 'is not finished'):
      empty.query(self.photo, 'photo', k=1)
    with self.assertRaisesRegex(FileNotFoundError, 'holds no search index'):
      tf_twingan.SearchIndex.load(self.folder.with_name('nowhere'))

  def test_a_single_image(self):
    index = tf_twingan.SearchIndex.build(self.folder, self.translator)
    index.add('anime', named(self.anime[:1]))
    index.finish()
    self.assertEqual(
      self.found(index, self.photo[:2], 'photo', k=1),
      [[('anime', '0.png')]] * 2,
    )


if __name__ == '__main__':
  tf.test.main()
