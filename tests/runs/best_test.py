"""Which checkpoint is the best, and that it stays."""

import json
import pathlib
import tempfile
from unittest import mock

import tensorflow as tf
from absl.testing import parameterized

from tf_twingan import framing
from tf_twingan.runs import (
  best,
  checkpoints,
  recorded_framing,
  weight_files,
)

CONFIG = {'model': 'twingan', 'domains': ['a', 'b']}


class BestTest(parameterized.TestCase, tf.test.TestCase):
  def setUp(self):
    super().setUp()
    self.run_dir = tempfile.mkdtemp()
    self.folder = pathlib.Path(self.run_dir, 'best')

  def open(self, by='recall', more_is_better=True, framings=(), images='these'):
    return best.Best(
      self.run_dir,
      by=by,
      more_is_better=more_is_better,
      framings=dict(framings),
      images=images,
    )

  def keep(self, kept, images_seen, value, resolution=8):
    state = {
      'average': {'weight': tf.Variable(float(images_seen))},
      'alpha': tf.Variable(1.0),
    }
    kept.keep(images_seen, state, CONFIG, value=value, resolution=resolution)

  def weight(self):
    weight = tf.Variable(0.0)
    checkpoints.Checkpoints(str(self.folder / 'checkpoints')).restore_part(
      {'average': {'weight': weight}}
    )
    stored = weight_files.read(str(self.folder))
    self.assertEqual(stored.values['weight'], float(weight))
    self.assertEqual(stored.stage.images_seen, float(weight))
    return float(weight)

  def test_the_first_is_the_best_so_far(self):
    self.assertTrue(self.open().is_beaten(0.0, 8))
    self.keep(self.open(), 100, 0.0)
    self.assertEqual(self.weight(), 100)
    self.assertEqual(
      json.loads((self.folder / 'model.json').read_text()), CONFIG
    )
    self.assertTrue((self.folder / 'operative_config.gin').exists())

  @parameterized.parameters(
    (weight_files, 'write'), (checkpoints.Checkpoints, 'save_alone')
  )
  def test_what_cannot_be_written_leaves_the_stored_one(self, owner, name):
    self.keep(self.open(), 100, 0.3)
    score = (self.folder / 'score.json').read_text()
    with (
      mock.patch.object(owner, name, side_effect=OSError('full')),
      self.assertRaisesRegex(OSError, 'full'),
    ):
      self.keep(self.open(), 200, 0.9)
    self.assertEqual((self.folder / 'score.json').read_text(), score)
    weight = tf.Variable(0.0)
    checkpoints.Checkpoints(str(self.folder / 'checkpoints')).restore_part(
      {'average': {'weight': weight}}
    )
    self.assertEqual(float(weight), 100)

  def test_it_is_framed_as_it_was_trained(self):
    frames = {'a': framing.Framing(0.7), 'b': framing.Framing()}
    # What its run records until its next checkpoint may be older.
    recorded_framing.write(self.run_dir, {'a': framing.Framing(0.5)})
    self.keep(self.open(framings=frames), 100, 0.0)
    self.assertEqual(recorded_framing.read(self.folder, ('a', 'b')), frames)

  def test_more_or_less_is_better(self):
    for more in (True, False):
      kept = self.open(f'by {more}', more)
      self.keep(kept, 100, 0.5)
      self.assertEqual(kept.is_beaten(0.6, 8), more)
      self.assertEqual(kept.is_beaten(0.4, 8), not more)
      self.assertFalse(kept.is_beaten(0.5, 8))

  def test_it_is_known_to_the_next_start(self):
    self.keep(self.open(), 100, 0.5)
    self.assertFalse(self.open().is_beaten(0.4, 8))
    self.assertTrue(self.open().is_beaten(0.6, 8))
    # Chosen by something else: that figure means nothing here.
    self.assertTrue(self.open('swd', False).is_beaten(1e9, 8))

  def test_scores_of_other_images_do_not_compare(self):
    self.assertFalse(self.open().lacks_score(8))  # There is none yet.
    self.keep(self.open(), 100, 0.9)
    self.assertFalse(self.open().lacks_score(8))
    for other in (self.open(images='others'), self.open('swd')):
      self.assertTrue(other.is_beaten(0.1, 8))
      self.assertTrue(other.lacks_score(8))
      # Resolutions do not compare either way.
      self.assertFalse(other.is_beaten(1.0, 4))
      self.assertFalse(other.lacks_score(16))
    others = self.open(images='others')
    others.set_score(0.2)
    self.assertEqual(self.weight(), 100)
    self.assertFalse(self.open(images='others').lacks_score(8))
    self.assertFalse(others.is_beaten(0.1, 8))
    self.assertTrue(others.is_beaten(0.3, 8))

  def test_a_score_of_an_earlier_version_is_taken_anew(self):
    self.keep(self.open(), 100, 0.9)
    path = self.folder / 'score.json'
    score = json.loads(path.read_text())
    del score['images']
    path.write_text(json.dumps(score))
    self.assertTrue(self.open().lacks_score(8))

  def test_a_finer_resolution_beats_a_coarser_one(self):
    kept = self.open()
    self.keep(kept, 100, 0.5, resolution=16)
    self.assertTrue(kept.is_beaten(0.1, 32))
    self.assertFalse(kept.is_beaten(0.9, 8))

  def test_one_is_kept_though_it_be_the_older(self):
    kept = self.open()
    self.keep(kept, 200, 0.5)
    self.keep(kept, 100, 0.6)
    self.assertEqual(self.weight(), 100)
    store = checkpoints.Checkpoints(str(self.folder / 'checkpoints'))
    self.assertLen(store.prefixes(), 1)

  @parameterized.parameters(
    '',
    'garbage',
    '[]',
    '{}',
    '{"by": "recall"}',
    '{"by": "recall", "value": NaN, "resolution": 8, "images_seen": 1}',
    '{"by": "recall", "value": "9", "resolution": 8, "images_seen": 1}',
    '{"by": "recall", "value": 9, "resolution": null, "images_seen": 1}',
  )
  def test_a_damaged_score_counts_as_none_and_is_named(self, text):
    kept = self.open()
    self.keep(kept, 100, 0.5)
    (self.folder / 'score.json').write_text(text)
    with self.assertLogs(level='WARNING') as logs:
      self.assertTrue(kept.is_beaten(0.1, 4))
    self.assertIn(f'{self.folder / "score.json"} is damaged', logs.output[0])
    self.keep(kept, 200, 0.1)
    self.assertFalse(kept.is_beaten(0.1, 8))

  def test_a_score_that_is_not_finite_is_never_the_best(self):
    kept = self.open(more_is_better=False)
    for value in (float('nan'), float('inf'), float('-inf')):
      self.assertFalse(kept.is_beaten(value, 8))


if __name__ == '__main__':
  tf.test.main()
