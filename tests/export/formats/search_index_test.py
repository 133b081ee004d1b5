"""Search on the device: what the Task library finds is what the index finds."""

import json
import pathlib
import tempfile
from unittest import mock

import numpy as np
import tensorflow as tf
from absl.testing import parameterized

import tf_twingan
from export import exporter
from export.bundle_files import metadata
from export.formats import search_index as formats_search_index
from tests.export.graph import folding_test
from tf_twingan.retrieval import records
from tf_twingan.retrieval import search_index as retrieval_search_index


def images(count, seed):
  """Smooth ones: noise looks alike to every network."""
  small = np.random.default_rng(seed).uniform(0, 255, [count, 4, 4, 3])
  return np.uint8(
    tf.image.resize(small, [16, 16], 'bicubic').numpy().clip(0, 255)
  )


class SearcherTest(parameterized.TestCase, tf.test.TestCase):
  @classmethod
  def setUpClass(cls):
    super().setUpClass()
    cls.translator = folding_test.translator(smooth=True)
    cls.index = tf_twingan.SearchIndex.build(
      pathlib.Path(tempfile.mkdtemp(), 'index'), cls.translator
    )
    cls.anime, cls.photos = images(40, 1), images(8, 2)
    cls.index.add(
      'anime',
      [(f'é{i}.png', p) for i, p in enumerate(cls.anime)],
      source='folder:a',
    )
    cls.index.add('photo', [('other.png', cls.photos[0])], source='folder:p')
    cls.index.finish()

  def export(self, by='fused', target='anime', formats=('search',)):
    source = {'anime': 'photo', 'photo': 'anime'}[target]
    direction = exporter.ExportDirection(
      self.translator,
      source,
      target,
      exporter.Images(self.photos, self.photos),
      lambda: self.index.embedding,
      metadata.About('n', 'd', '1', 'a', 'l', '# card'),
      formats_search_index.Search(self.index, by),
    )
    output = tempfile.mkdtemp()
    manifest, failures = exporter.export(direction, formats, output)
    return manifest, failures, pathlib.Path(output, target)

  @parameterized.parameters('own', 'translation', 'fused')
  def test_it_finds_what_the_index_finds(self, by):
    manifest, failures, folder = self.export(by)
    self.assertEmpty(failures)
    ((name, entry),) = manifest['files'].items()
    self.assertEqual(name, 'search_photo2anime_16.tflite')
    self.assertEqual((entry['items'], entry['by']), (40, by))
    expected = self.index.query(
      self.photos, 'photo', k=5, among=['anime'], by=by
    )
    found = formats_search_index.find(
      (folder / name).read_bytes(), self.photos, 5
    )
    for row, neighbours in zip(found, expected):
      self.assertAllClose(
        [item.distance for item in row],
        [n.distance for n in neighbours],
        atol=5e-3,
      )
    self.assertGreaterEqual(
      formats_search_index.agreement(found, expected), 0.9
    )
    # Every item says which image it is.
    self.assertEqual({item.domain for row in found for item in row}, {'anime'})
    self.assertEqual(
      {item.source for row in found for item in row}, {'folder:a'}
    )
    self.assertIn(found[0][0].name, {f'é{i}.png' for i in range(40)})
    self.assertEqual(entry['nearest'], [item._asdict() for item in found[0]])

  def test_the_index_is_described_in_the_metadata(self):
    _, _, folder = self.export(formats=('search', 'embed'))
    (path,) = folder.glob('search_*.tflite')
    said = json.loads(metadata.as_json(path.read_bytes()))
    (output,) = said['subgraph_metadata'][0]['output_tensor_metadata']
    (file,) = output['associated_files']
    self.assertEqual(
      (file['name'], file['type']), ('index.ldb', 'SCANN_INDEX_FILE')
    )
    text = (folder / 'README.md').read_text(encoding='utf-8')
    self.assertIn('holds 40 images of *anime*', text)

  def test_items_that_were_mixed_up_are_caught(self):
    real = self.index.record

    def wrong(number):
      return real((number + 1) % 40)

    with mock.patch.object(self.index, 'record', wrong):
      manifest, failures, _ = self.export()
    self.assertEqual([f.kind for f in failures], ['search'])
    self.assertLess(failures[0].reached['top_1'], 0.5)
    self.assertEmpty(manifest['files'])

  def test_only_a_tie_may_take_the_place_of_the_nearest(self):
    found = [[formats_search_index.Item('a', 's', 'anime', 0.1)]]
    best = retrieval_search_index.Neighbour(
      records.Record(0, 'b', 's', 'anime'), 0.1
    )
    tied = best._replace(record=records.Record(1, 'a', 's', 'anime'))
    self.assertEqual(formats_search_index.agreement(found, [[best]]), 0.0)
    self.assertEqual(formats_search_index.agreement(found, [[best, tied]]), 1.0)
    far = tied._replace(distance=0.2)
    self.assertEqual(formats_search_index.agreement(found, [[best, far]]), 0.0)
    self.assertEqual(formats_search_index.agreement([[]], [[best]]), 0.0)

  def test_what_the_task_library_refuses_is_said(self):
    with self.assertRaisesRegex(OSError, 'tflite-support could not search'):
      formats_search_index.find(b'no model', self.photos, 1)

  def test_an_index_is_needed(self):
    direction = exporter.ExportDirection(
      self.translator,
      'photo',
      'anime',
      exporter.Images(self.photos, self.photos),
      lambda: self.index.embedding,
      metadata.About('n', 'd', '1', 'a', 'l', '# card'),
    )
    with self.assertRaisesRegex(ValueError, 'needs an index'):
      exporter.export(direction, ('search',), tempfile.mkdtemp())


if __name__ == '__main__':
  tf.test.main()
