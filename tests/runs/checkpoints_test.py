"""Checkpoints survive damage, a full disk and a kill."""

import os
import tempfile

import numpy as np
import tensorflow as tf
from absl.testing import absltest

from tf_twingan.runs import checkpoints


def state(value=0.0):
  return {'weights': tf.Variable([float(value)] * 1000), 'step': tf.Variable(7)}


def damage(prefix, suffix='.data-00000-of-00001'):
  with open(prefix + suffix, 'r+b') as file:
    file.seek(100)
    file.write(b'\xff' * 50)


class CheckpointsTest(tf.test.TestCase):
  def setUp(self):
    super().setUp()
    self.folder = tempfile.mkdtemp(dir=self.get_temp_dir())
    self.store = checkpoints.Checkpoints(self.folder, keep=2)

  def restored(self):
    fresh = state(-1.0)
    return self.store.restore(fresh), float(fresh['weights'][0])

  def test_the_newest_comes_back_and_the_oldest_go(self):
    for images in (8, 100, 1000):
      self.store.save(images, state(images))
    self.assertEqual(self.restored()[1], 1000)
    self.assertLen(self.store.prefixes(), 2)
    self.assertNotIn('000000008.index', os.listdir(self.folder))

  def test_an_empty_folder_is_a_fresh_start(self):
    self.assertIsNone(self.store.restore(state()))

  def test_damaged_data_falls_back_with_a_warning(self):
    self.store.save(1, state(1.0))
    damage(self.store.save(2, state(2.0)))
    with self.assertLogs(level='WARNING') as logs:
      self.assertEqual(self.restored()[1], 1.0)
    self.assertIn('000000002 is damaged', logs.output[0])

  def test_missing_and_truncated_files_fall_back(self):
    self.store.save(1, state(1.0))
    prefix = self.store.save(2, state(2.0))
    os.truncate(prefix + '.data-00000-of-00001', 10)
    self.assertEqual(self.restored()[1], 1.0)
    os.remove(prefix + '.data-00000-of-00001')
    self.assertEqual(self.restored()[1], 1.0)

  def test_a_damaged_index_falls_back(self):
    self.store.save(1, state(1.0))
    prefix = self.store.save(2, state(2.0))
    os.truncate(prefix + '.index', 20)
    self.assertEqual(self.restored()[1], 1.0)

  def test_nothing_readable_is_an_error_and_no_fresh_start(self):
    for images in (1, 2):
      damage(self.store.save(images, state()))
    with self.assertRaisesRegex(ValueError, 'None of the 2 checkpoints'):
      self.store.restore(state())

  def test_missing_index_files_are_an_error_and_no_fresh_start(self):
    for images in (1, 2):
      os.remove(self.store.save(images, state()) + '.index')
    with self.assertRaisesRegex(ValueError, 'no .index file'):
      self.store.restore(state())

  def test_a_first_checkpoint_cut_short_is_a_fresh_start(self):
    os.remove(self.store.save(1, state()) + '.index')
    with self.assertLogs(level='WARNING') as logs:
      self.assertIsNone(self.store.restore(state()))
    self.assertIn('was not finished; starting anew', logs.output[0])

  def test_another_architecture_is_refused(self):
    self.store.save(1, state())
    other = {**state(), 'more': tf.Variable(1.0)}
    with self.assertRaisesRegex(ValueError, 'does not match this model'):
      self.store.restore(other)
    less = {'step': tf.Variable(0)}
    with self.assertRaisesRegex(ValueError, 'does not match this model'):
      self.store.restore(less)

  def test_a_part_can_be_restored(self):
    self.store.save(1, state(3.0))
    part = {'step': tf.Variable(0)}
    self.store.restore_part(part)
    self.assertEqual(int(part['step']), 7)
    with self.assertRaisesRegex(ValueError, 'does not match'):
      self.store.restore_part({'weights': {'gamma': tf.Variable(0.0)}})
    empty = checkpoints.Checkpoints(self.folder + '-empty')
    with self.assertRaisesRegex(FileNotFoundError, 'train first'):
      empty.restore_part(part)

  def test_a_failed_write_leaves_the_others_and_no_litter(self):
    self.store.save(1, state(1.0))
    before = sorted(os.listdir(self.folder))

    def full(self, prefix, *args, **kwargs):
      with open(prefix + '.data-00000-of-00001', 'wb') as file:
        file.write(b'part')
      raise tf.errors.ResourceExhaustedError(None, None, 'No space left')

    with absltest.mock.patch.object(tf.train.Checkpoint, 'write', full):
      with self.assertRaisesRegex(OSError, 'No space left.*Free some disk'):
        self.store.save(2, state(2.0))
    self.assertEqual(sorted(os.listdir(self.folder)), before)
    self.assertEqual(self.restored()[1], 1.0)

  def test_leftovers_of_a_kill_are_no_checkpoint(self):
    self.store.save(1, state(1.0))
    os.makedirs(os.path.join(self.folder, '000000002_temp'))
    with open(os.path.join(self.folder, '000000002.index.tmp'), 'wb') as file:
      file.write(np.zeros(10).tobytes())
    self.assertEqual(self.restored()[1], 1.0)

  def test_keep_must_be_positive(self):
    with self.assertRaisesRegex(ValueError, 'keep is 0'):
      checkpoints.Checkpoints(self.folder, keep=0)


if __name__ == '__main__':
  tf.test.main()
