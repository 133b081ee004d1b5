"""Search on the device: what the Task library finds is what the index finds."""

import pathlib
import tempfile
import unittest
from unittest import mock

import numpy as np
import tensorflow as tf
from absl.testing import parameterized

import tf_twingan
from export import directions, exporter
from export.bundle_files import metadata
from export.formats import search_index as formats_search_index
from tests.export import untrained
from tf_twingan.inference.exported import tflite, tflite_metadata
from tf_twingan.retrieval import index_queries, records

PX = untrained.PX


def images(count, seed):
  """Smooth ones: noise looks alike to every network."""
  small = np.random.default_rng(seed).uniform(0, 255, [count, 4, 4, 3])
  return np.uint8(
    tf.image.resize(small, [PX, PX], 'bicubic').numpy().clip(0, 255)
  )


needs_tflite_support = unittest.skipUnless(
  formats_search_index.has_task_library(),
  'The Task library is part of tflite-support, which is not installed.',
)


class SearchTest(parameterized.TestCase, tf.test.TestCase):
  @classmethod
  def setUpClass(cls):
    super().setUpClass()
    cls.translator = untrained.translator(smooth=True)
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

  def export(self, by='fused', formats=('search',)):
    context = directions.OneDirection(
      self.translator,
      'photo',
      'anime',
      held_out=self.photos,
      calibration=self.photos,
      learn_embedding=lambda: self.index.embedding,
      about=untrained.about(),
      search=directions.Search(self.index, by) if by else None,
    )
    output = tempfile.mkdtemp()
    manifest, failures = exporter.export(context, formats, output)
    return manifest, failures, pathlib.Path(output, 'anime')

  @needs_tflite_support
  @parameterized.parameters('own', 'translation', 'fused')
  def test_it_finds_what_the_index_finds(self, by):
    manifest, failures, folder = self.export(by)
    self.assertEmpty(failures)
    ((name, entry),) = manifest['files'].items()
    self.assertEqual(name, 'search_photo2anime_8.tflite')
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
    # The index is described in the metadata.
    model = (folder / name).read_bytes()
    (graph,) = tflite.read_metadata(model).subgraph_metadata
    (output,) = graph.output_tensor_metadata
    (file,) = output.associated_files
    self.assertEqual(
      (file.name, file.type), ('index.ldb', tflite_metadata.SCANN_INDEX_FILE)
    )
    index = metadata.associated_file(model, 'index.ldb')
    self.assertLen(index, entry['index_bytes'])
    text = (folder / 'README.md').read_text(encoding='utf-8')
    self.assertIn('holds 40 images of *anime*', text)

  @needs_tflite_support
  def test_items_that_were_mixed_up_are_caught(self):
    real = self.index.record

    def wrong(number):
      return real((number + 1) % 40)

    with mock.patch.object(self.index, 'record', wrong):
      manifest, failures, _ = self.export()
    self.assertEqual([f.format for f in failures], ['search'])
    self.assertLess(failures[0].figures['top_1'], 0.5)
    self.assertEmpty(manifest['files'])

  def test_only_a_tie_may_take_the_place_of_the_nearest(self):
    found = [[formats_search_index.Item('a', 's', 'anime', 0.1)]]
    best = index_queries.Neighbour(records.Record(0, 'b', 's', 'anime'), 0.1)
    tied = best._replace(record=records.Record(1, 'a', 's', 'anime'))
    self.assertEqual(formats_search_index.agreement(found, [[best]]), 0.0)
    self.assertEqual(formats_search_index.agreement(found, [[best, tied]]), 1.0)
    far = tied._replace(distance=0.2)
    self.assertEqual(formats_search_index.agreement(found, [[best, far]]), 0.0)
    self.assertEqual(formats_search_index.agreement([[]], [[best]]), 0.0)

  @needs_tflite_support
  def test_what_the_task_library_refuses_is_an_error(self):
    with self.assertRaisesRegex(OSError, 'tflite-support could not search'):
      formats_search_index.find(b'no model', self.photos, 1)

  def test_an_index_is_needed(self):
    with self.assertRaisesRegex(ValueError, 'needs an index'):
      self.export(by=None)

  def test_without_the_task_library_it_says_where_there_is_one(self):
    with (
      mock.patch.object(
        formats_search_index, 'has_task_library', return_value=False
      ),
      self.assertRaisesRegex(ImportError, "'search' needs tflite-support"),
    ):
      self.export()


if __name__ == '__main__':
  tf.test.main()
