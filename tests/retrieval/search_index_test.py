"""SearchIndex: finding, adding, being stopped anywhere, refusing what is wrong.

The network is untrained, so an image's neighbours mean nothing; that an image
is its own nearest neighbour, and all that surrounds it, can be tested.
"""

import json
import os
import pathlib
import shutil
import subprocess
import sys
import tempfile
import warnings
from unittest import mock

import numpy as np
import pytest
import qdrant_client
import tensorflow as tf
from absl.testing import parameterized

import tf_twingan
from tests import shared_artifacts, shared_translators
from tf_twingan.retrieval import (
  embeddings,
  index_changes,
  index_learning,
  options,
  qdrant,
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


class SearchIndexTest(tf.test.TestCase, parameterized.TestCase):
  @classmethod
  def setUpClass(cls):
    super().setUpClass()
    loaded_once = shared_translators.loaded_once()
    loaded_once.start()
    cls.addClassCleanup(loaded_once.stop)
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
    embedding = index.embedding
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
    with mock.patch.object(index_changes, 'SHARD_SIZE', 16):
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
            with self.assertRaisesRegex(
              ValueError, 'is not finished.*again|holds no images'
            ):
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
      mock.patch.object(index_changes, 'SHARD_SIZE', 16),
      mock.patch.object(storage.Storage, '_write', interrupted),
      self.assertRaises(KeyboardInterrupt),
    ):
      index.add('anime', named(self.anime), source='folder:a')
    self.assertLen(self.build(), 70)

  def test_a_change_of_kind_keeps_the_results(self):
    flat = self.build()
    other = self.build(kind='hnsw')
    self.assert_same_results(flat, other)
    self.assertEqual(self.load()._contents.manifest.kind, 'hnsw')

  def test_what_searches_may_change_at_any_time(self):
    self.build(kind='hnsw')
    client = qdrant_client.QdrantClient(':memory:')
    served = qdrant.QdrantNeighbours(client, 'faces', 'here')
    with mock.patch.object(
      qdrant.QdrantNeighbours, 'connect', return_value=served
    ):
      self.build(server='http://here')
      self.assertEqual(
        self.load(server='http://here')._contents.manifest.server, 'http://here'
      )
      self.assertEqual(served.count('anime'), 40)
    self.assert_same_results(self.build(kind='flat'), self.load())
    self.assertEqual(self.load()._contents.neighbours.kind(7), 'flat')

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
    with self.assertRaisesRegex(ValueError, 'holds no images; add some'):
      empty.query(self.photo, 'photo', k=1)
    with self.assertRaisesRegex(FileNotFoundError, 'holds no search index'):
      tf_twingan.SearchIndex.load(self.folder.with_name('nowhere'))

  def build_served(self, client):
    warnings.filterwarnings('ignore', 'Payload indexes have no effect')
    return self.build(
      neighbours=qdrant.QdrantNeighbours(client, 'faces', 'here')
    )

  def files_with(self, *contents):
    """The files of the index that any of these bytes stand in."""
    return [
      path.name
      for path in self.folder.iterdir()
      if any(content in path.read_bytes() for content in contents)
    ]

  def traces(self, index, domain, name):
    """What an index keeps of an image: its name, pixels and vector."""
    [record] = [r for r in index.stored(domain) if r.name == name]
    for numbers, vectors in index.vectors(domain):
      if record.number in numbers:
        [vector] = vectors[numbers == record.number]
    pixels = index.image(record.number)
    return name.encode(), pixels.tobytes(), vector.tobytes()

  @parameterized.parameters('flat', 'hnsw')
  def test_nothing_of_a_removed_image_stays(self, kind):
    with mock.patch.object(index_changes, 'SHARD_SIZE', 16):
      index = tf_twingan.SearchIndex.build(
        self.folder, self.translator, kind=kind
      )
      some = [(f'person-{i}', image) for i, image in enumerate(self.anime)]
      index.add('anime', some, source='folder:a')
      index.add('photo', named(self.photo), source='folder:p')
      index.finish()
    traces = self.traces(index, 'anime', 'person-17')
    # Names, images, the shard's vectors and those of faiss.
    self.assertLen(self.files_with(*traces), 4)
    other = self.traces(index, 'anime', 'person-18')
    self.assertEqual(index.remove(['person-17'], domain='anime'), 1)
    self.assertEmpty(self.files_with(*traces))
    self.assertNotEmpty(self.files_with(other[1]))
    for opened in (index, self.load()):
      self.assertLen(opened, 69)
      found = self.found(opened, self.anime, 'anime', k=39, among=['anime'])
      for i, row in enumerate(found):
        self.assertNotIn(('anime', 'person-17'), row)
        if i != 17:
          self.assertEqual(row[0], ('anime', f'person-{i}'))
    # It may come back, under another number.
    index.add('anime', some, source='folder:a')
    index.finish()
    self.assertEqual(
      self.found(index, self.anime[17:18], 'anime', k=1, among=['anime']),
      [[('anime', 'person-17')]],
    )

  def test_what_was_learned_from_a_removed_image_is_learned_anew(self):
    index = self.build()
    kept = [(f'{i}.png', self.anime[i]) for i in range(1, 40)]
    expected = tf_twingan.SearchIndex.build(
      self.folder.with_name('expected'), self.translator
    )
    expected.add('anime', kept, source='folder:a')
    expected.add('photo', named(self.photo), source='folder:p')
    expected.finish()
    index.remove(['0.png'], domain='anime')
    self.assert_same_results(self.load(), expected)

  def test_removing_by_name_domain_and_source(self):
    index = self.build()
    self.assertEqual(index.remove(['nobody']), 0)
    self.assertEqual(index.remove(['0.png'], source='folder:b'), 0)
    self.assertEqual(index.remove('0.png', source='folder:p'), 1)
    self.assertEqual((index.count('photo'), index.count('anime')), (29, 40))
    self.assertEqual(index.remove(['0.png', '1.png']), 3)
    with self.assertRaisesRegex(ValueError, "no domain 'cat'"):
      index.remove(['2.png'], domain='cat')
    # All of a domain, then all.
    names = [r.name for r in index.stored('photo')]
    index.remove(names, domain='photo')
    self.assertEqual(self.load().domains, ('anime',))
    index.remove([r.name for r in index.stored()])
    self.assertLen(index, 0)
    self.assertCountEqual(os.listdir(self.folder), ['lock', 'manifest.json'])
    with self.assertRaisesRegex(ValueError, 'holds no images; add some'):
      self.load()
    self.build()
    self.assertLen(self.load(), 70)

  def test_removing_by_either_spelling_of_a_name(self):
    index = tf_twingan.SearchIndex.build(self.folder, self.translator)
    names = ('\u00e9.png', 'e\u0301.png', 'e.png')
    index.add('anime', zip(names, self.anime), source='folder:a')
    index.finish()
    self.assertEqual(index.remove('e\u0301.png', source='folder:b'), 0)
    self.assertEqual(index.remove('\u00e9.png'), 2)
    self.assertEqual(index.names('anime', 'folder:a'), {'e.png'})

  def test_removing_from_a_server(self):
    client = qdrant_client.QdrantClient(':memory:')
    index = self.build_served(client)
    self.assertEqual(index.remove(['3.png'], domain='anime'), 1)
    points = client.scroll('faces', limit=100, with_vectors=True)[0]
    self.assertCountEqual(
      [point.id for point in points], [r.number for r in index.stored()]
    )
    self.assertLen(points, 69)
    again = self.load(neighbours=index._contents.neighbours)
    found = self.found(again, self.anime[4:5], 'anime', k=1, among=['anime'])
    self.assertEqual(found, [[('anime', '4.png')]])

  def test_removing_from_a_server_many_were_learned_from(self):
    client = qdrant_client.QdrantClient(':memory:')
    with mock.patch.object(index_learning, 'ENOUGH', 30):
      index = self.build_served(client)
      with mock.patch.object(client, 'upsert') as upsert:
        index.remove(['3.png'], domain='anime')
      # Its points go, and no other is sent again.
      upsert.assert_not_called()
      self.assertEqual(client.count('faces').count, 69)
      index.add('anime', named(images(2, 9)), source='folder:b')
      index.finish()
    self.assertEqual(client.count('faces').count, 71)
    found = self.found(index, images(2, 9), 'anime', k=1, among=['anime'])
    self.assertEqual(found, [[('anime', '0.png')], [('anime', '1.png')]])

  def test_stopped_while_it_removes(self):
    self.build()
    whole = self.folder
    write = storage.Storage._write
    for stop in range(100):
      self.folder = whole.with_name(f'removing_{stop}')
      shutil.copytree(whole, self.folder)
      left = iter(range(stop))

      def stopping(files, name, content, left=left):
        if next(left, None) is None:
          raise Stopped
        write(files, name, content)

      index = tf_twingan.SearchIndex.edit(self.folder, self.translator)
      traces = self.traces(index, 'anime', '3.png')
      try:
        with mock.patch.object(storage.Storage, '_write', stopping):
          index.remove(['3.png'], domain='anime')
      except Stopped:
        # Whole as before, and the same call does what is left.
        self.assertLen(self.load(translator=self.translator), 70)
        again = tf_twingan.SearchIndex.edit(self.folder, self.translator)
        again.remove(['3.png'], domain='anime')
      else:
        break
      self.assertLen(self.load(translator=self.translator), 69)
      self.assertEmpty(self.files_with(*traces[1:]))
      shutil.rmtree(self.folder)
    self.assertGreater(stop, 8)

  def test_whoever_searches_meanwhile_gets_the_index_as_it_was(self):
    before = self.build()
    expected = self.found(before, self.photo[:3], 'photo')
    commit, seen = storage.Storage.commit, []

    def committing(files, values):
      commit(files, values)
      opened = self.load(translator=self.translator)
      if len(opened) == 70:
        self.assertEqual(self.found(opened, self.photo[:3], 'photo'), expected)
      seen.append(len(opened))

    index = tf_twingan.SearchIndex.edit(self.folder, self.translator)
    with (
      mock.patch.object(index_changes, 'SHARD_SIZE', 16),
      mock.patch.object(storage.Storage, 'commit', committing),
    ):
      index.remove(['0.png'], domain='anime', finish=False)
      index.add('anime', named(images(40, 9)), source='folder:b')
      index.finish()
    # All at once, and only with the last commit.
    self.assertEqual(seen, [70] * (len(seen) - 1) + [109])
    self.assertGreater(len(seen), 6)

  def test_an_index_that_changes_while_it_is_opened(self):
    self.build()
    writer = tf_twingan.SearchIndex.edit(self.folder, self.translator)
    writer.add('anime', named(images(3, 9)), source='folder:b')
    read, finishes = storage.Storage.read_manifest, iter([writer.finish])

    def reading(files):
      values = read(files)
      for finish in finishes:
        finish()  # Removes files that `values` names.
      return values

    with mock.patch.object(storage.Storage, 'read_manifest', reading):
      self.assertLen(self.load(translator=self.translator), 73)

  def test_what_was_removed_meanwhile_is_not_called_damage(self):
    index = self.build()
    tf_twingan.SearchIndex.edit(self.folder, self.translator).remove(['0.png'])
    with self.assertRaisesRegex(storage.Changed, 'Another program changed'):
      index.image(0)

  def test_an_index_that_is_searched_is_not_changed_from_what_it_was(self):
    self.build()
    index = tf_twingan.SearchIndex.edit(self.folder, self.translator)
    index.add('anime', named(images(3, 9)), source='folder:b')
    searched = self.load(translator=self.translator)
    self.assertLen(searched, 70)
    with self.assertRaisesRegex(OSError, 'open it by `edit`'):
      searched.add('anime', named(images(3, 8)), source='folder:c')

  @pytest.mark.slow
  def test_readers_and_a_writer(self):
    """Loads while another process adds, removes and finishes in turn."""
    self.build()
    program = f"""
import numpy as np
import tf_twingan
model = tf_twingan.Translator({str(self.run_dir)!r})
print('ready', flush=True)
for turn in range(12):
  index = tf_twingan.SearchIndex.edit({str(self.folder)!r}, model)
  rows = np.random.default_rng(turn).integers(0, 256, [3, 8, 8, 3], np.uint8)
  named = [(f'{{turn}}-{{i}}.png', row) for i, row in enumerate(rows)]
  index.add('anime', named, source='folder:b')
  index.finish()
  index.remove([named[0][0]], domain='anime')
"""
    with subprocess.Popen(
      [sys.executable, '-c', program],
      stdout=subprocess.PIPE,
      stderr=subprocess.PIPE,
      text=True,
    ) as writer:
      self.assertEqual(writer.stdout.readline(), 'ready\n')
      sizes = set()
      while writer.poll() is None:
        index = self.load(translator=self.translator)
        sizes.add(len(index))
        self.assertLen(index.query(self.photo[:1], 'photo', k=3)[0], 3)
      self.assertEqual(writer.returncode, 0, writer.stderr.read())
    self.assertLen(self.load(translator=self.translator), 94)
    # Every load found whole images, and not always the same.
    self.assertGreater(len(sizes), 3)

  def test_only_a_server_that_is_named_is_connected_to(self):
    self.build()
    path = self.folder / 'manifest.json'
    values = json.loads(path.read_text())
    del values['checksum']
    values['server'] = 'http://stranger.example\x1b[2J'
    storage.Storage(self.folder).commit(values)
    with mock.patch.object(qdrant.QdrantNeighbours, 'connect') as connect:
      for opening in (
        tf_twingan.SearchIndex.load,
        tf_twingan.SearchIndex.edit,
        tf_twingan.SearchIndex.build,
      ):
        with self.assertRaisesRegex(
          ValueError, r"add \$'--qdrant=http://stranger.example\\033"
        ):
          opening(self.folder, self.translator)
      connect.assert_not_called()
      connect.return_value = mock.Mock(count=lambda domain: 99)
      tf_twingan.SearchIndex.load(
        self.folder, self.translator, server='http://mine:1'
      )
      self.assertEqual(connect.call_args.args[0], 'http://mine:1')
    index = tf_twingan.SearchIndex.build(
      self.folder, self.translator, kind='flat'
    )
    self.assertIsNone(index._contents.manifest.server)

  def test_a_model_that_moved(self):
    run = shared_artifacts.copy_of(self.run_dir)
    moved = run.with_name('moved')
    index = tf_twingan.SearchIndex.build(
      self.folder, tf_twingan.Translator(str(run))
    )
    index.add('anime', named(self.anime))
    index.finish()
    run.rename(moved)
    with self.assertRaisesRegex(
      FileNotFoundError, f'built with the run {run}, .*add --run_dir=DIR'
    ):
      self.load()
    self.load(translator=tf_twingan.Translator(str(moved)))

  def test_a_model_that_is_none_of_this_machine(self):
    self.build()
    values = json.loads((self.folder / 'manifest.json').read_text())
    del values['checksum']
    for origin in (
      'gs://bucket/run',
      '//host/share/run',
      'runs/mine',
      'pretrained:../../run',
      '',
    ):
      values['origin'] = origin
      storage.Storage(self.folder).commit(values)
      with mock.patch.object(tf_twingan.Translator, 'reopen') as reopen:
        with self.assertRaisesRegex(ValueError, 'names (the|a) model'):
          self.load()
        reopen.assert_not_called()

  def test_values_of_wrong_types_are_named(self):
    self.build()
    path = self.folder / 'manifest.json'
    whole = json.loads(path.read_text())
    del whole['checksum']
    outside = {'name': '../../../etc/passwd', 'sha256': '0'}
    shard = whole['shards'][0]
    found = whole['findable']['anime']
    for values, message in (
      ({'shards': 7}, 'shards'),
      ({'shards': [7]}, r'shards\.0'),
      ({'shards': [{**shard, 'count': '40'}]}, r'shards\.0\.count'),
      ({'shards': [{**shard, 'count': 10**12}]}, r'shards\.0\.count'),
      ({'shards': [{**shard, 'count': 39}]}, 'holds 40 lines'),
      ({'shards': [{**shard, 'names': outside}]}, 'begins with a dot'),
      ({'shards': [{**shard, 'pictures': {}}]}, 'needs a name and a sha256'),
      ({'shards': [{**shard, 'domain': 'cat'}]}, 'has no such domains'),
      ({'shards': [{**shard, 'removed': [3, 1]}]}, 'are in no order'),
      ({'shards': [{**shard, 'removed': [4000]}]}, 'are in no order'),
      ({'shards': [shard, {**shard, 'start': 3}]}, 'is in two places'),
      ({'embedding': outside}, 'embedding: '),
      ({'embedding': found['file']}, 'holds no embedding'),
      ({'findable': {'anime': {**found, 'count': -1}}}, 'count'),
      ({'findable': {'anime': {**found, 'count': 10**9}}}, 'not all images'),
      ({'findable': {'anime': {**found, 'file': outside}}}, 'begins with a'),
      ({'finished': outside}, 'finished: '),
      ({'finished': shard['names']}, 'finished|damaged'),
      ({'kind': 'tree'}, "kind: 'tree' is none of flat"),
      ({'id': '../x'}, 'id: '),
      ({'id': None}, 'id: '),
      ({'fingerprint': 3}, 'fingerprint: '),
    ):
      storage.Storage(self.folder).commit({**whole, **values})
      with self.assertRaisesRegex(ValueError, message) as caught:
        self.load(translator=self.translator)
      self.assertRegex(str(caught.exception), f'{self.folder}/.* is damaged')

  def test_a_graph_that_leads_nowhere_is_refused_before_it_is_searched(self):
    self.build(kind='hnsw')
    path = self.folder / 'manifest.json'
    values = json.loads(path.read_text())
    del values['checksum']
    entry = values['findable']['anime']['file']
    content = bytearray((self.folder / entry['name']).read_bytes())
    # Somewhere among the links; a stranger corrects the checksums.
    content[2000:2004] = b'\xff\xff\xff\x7f'
    values['findable']['anime']['file'] = storage.Storage(self.folder).write(
      'x.faiss', bytes(content)
    )
    storage.Storage(self.folder).commit(values)
    with self.assertRaisesRegex(ValueError, 'faiss is damaged .*leads nowhere'):
      self.load(translator=self.translator)

  def test_an_index_that_nothing_was_removed_from_has_the_keys_of_0_1(self):
    self.build()
    values = json.loads((self.folder / 'manifest.json').read_text())
    self.assertNotIn('finished', values)
    self.assertEqual(
      set(values['shards'][0]),
      {'domain', 'source', 'count', 'pictures', 'names', 'vectors', 'key'},
    )

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
