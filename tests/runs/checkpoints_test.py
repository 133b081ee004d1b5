"""Checkpoints survive damage, divergence, a full disk and a kill."""

import contextlib
import errno
import os
import shutil
import tempfile
from unittest import mock

import numpy as np
import tensorflow as tf
from absl.testing import absltest, parameterized

from tests import damaged_checkpoints
from tf_twingan.runs import checkpoint_values, checkpoints


def state(value=0.0):
  return {'weights': tf.Variable([float(value)] * 1000), 'step': tf.Variable(7)}


def damage(prefix, suffix='.data-00000-of-00001'):
  with open(prefix + suffix, 'r+b') as file:
    file.seek(100)
    file.write(b'\xff' * 50)


def write_unchecked(folder, images_seen, value):
  """Writes a checkpoint as versions did that looked at no values."""
  prefix = os.path.join(folder, f'{images_seen:09d}')
  tf.train.Checkpoint(**state(value)).write(prefix)
  return prefix


def write_two_shards(prefix):
  """Rewrites a checkpoint as two files of data, as with two devices."""
  reader = tf.train.load_checkpoint(prefix)
  names = sorted(reader.get_variable_to_shape_map())
  values = [tf.constant(reader.get_tensor(name)) for name in names]
  with tempfile.TemporaryDirectory() as folder:
    parts = [f'{folder}/{i}' for i in range(2)]
    for index, part in enumerate(parts):
      chosen = slice(index, None, 2)
      tf.raw_ops.SaveV2(
        prefix=part,
        tensor_names=names[chosen],
        shape_and_slices=[''] * len(names[chosen]),
        tensors=values[chosen],
      )
    os.remove(prefix + '.data-00000-of-00001')
    tf.raw_ops.MergeV2Checkpoints(
      checkpoint_prefixes=parts,
      destination_prefix=prefix,
      delete_old_dirs=False,
    )
  return prefix


class Killed(BaseException):
  """The process ends here."""


@contextlib.contextmanager
def killed_at(call):
  """Ends before the given call that changes files; does none after it."""
  calls = []

  def count(function):
    def counted(*args, **kwargs):
      calls.append(function)
      if len(calls) >= call:
        raise Killed
      return function(*args, **kwargs)

    return counted

  with contextlib.ExitStack() as stack:
    for owner, name in (
      (os, 'remove'),
      (os, 'replace'),
      (os, 'unlink'),
      (os, 'rmdir'),
      (os, 'mkdir'),
      (tf.train.Checkpoint, 'write'),
      (checkpoints.files, 'sync'),
      (checkpoints.files, 'sync_names'),
    ):
      stack.enter_context(
        mock.patch.object(owner, name, count(getattr(owner, name)))
      )
    yield


class CheckpointsTest(parameterized.TestCase, tf.test.TestCase):
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

  @parameterized.parameters('.index', '.data-00000-of-00001')
  def test_a_deleted_file_of_the_newest_falls_back_with_a_warning(self, suffix):
    self.store.save(1, state(1.0))
    os.remove(self.store.save(2, state(2.0)) + suffix)
    with self.assertLogs(level='WARNING') as logs:
      self.assertEqual(self.restored()[1], 1.0)
    self.assertRegex(logs.output[0], '000000002 (has data but|is damaged)')

  def test_data_in_several_files_is_one_checkpoint(self):
    for images in (1, 2, 3):
      prefix = write_two_shards(self.store.save(images, state(images)))
    self.assertEqual(self.restored()[1], 3.0)
    os.remove(prefix + '.data-00001-of-00002')
    with self.assertLogs(level='WARNING'):
      self.assertEqual(self.restored()[1], 2.0)
    self.store.save(3, state(4.0))
    self.assertEqual(self.restored()[1], 4.0)
    self.assertCountEqual(
      os.listdir(self.folder),
      [
        '000000002.data-00000-of-00002',
        '000000002.data-00001-of-00002',
        '000000002.index',
        '000000003.data-00000-of-00001',
        '000000003.index',
      ],
    )

  def test_nothing_newer_than_what_was_restored_counts(self):
    self.store.save(4700, state(1.0))
    self.store.save(4800, state(2.0))
    bad = self.store.save(4900, state(3.0))
    damage(bad)
    content = open(bad + '.data-00000-of-00001', 'rb').read()
    self.assertEqual(self.restored()[1], 2.0)
    with self.assertLogs(level='WARNING') as logs:
      self.store.save(4850, state(2.5))
    self.assertIn('000004900, which is newer than', logs.output[0])
    self.assertEqual(
      [os.path.basename(p) for p in self.store.prefixes()],
      ['000004850', '000004800'],
    )
    # It could be repaired by hand until the training comes so far again.
    aside = os.path.join(self.folder, 'damaged', '000004900')
    self.assertTrue(os.path.exists(aside + '.index'))
    self.assertEqual(open(aside + '.data-00000-of-00001', 'rb').read(), content)
    self.store.save(4900, state(4.0))
    self.assertEqual(self.restored()[1], 4.0)
    self.assertNotIn('damaged', os.listdir(self.folder))

  def test_older_ones_that_cannot_be_read_do_not_count(self):
    self.store.save(1, state(1.0))
    damage(self.store.save(2, state(2.0)))
    with self.assertLogs(level='WARNING') as logs:
      checkpoints.Checkpoints(self.folder, keep=2).save(3, state(3.0))
    self.assertIn('Deleted checkpoint', logs.output[0])
    self.assertEqual(
      [os.path.basename(p) for p in self.store.prefixes()],
      ['000000003', '000000001'],
    )

  @parameterized.parameters((np.nan, 'NaN'), (np.inf, 'Inf'), (2e13, '2e.13'))
  def test_a_diverged_checkpoint_of_before_is_passed_over(self, value, words):
    self.store.save(1, state(1.0))
    prefix = write_unchecked(self.folder, 2, value)
    with self.assertLogs(level='WARNING') as logs:
      self.assertEqual(self.restored()[1], 1.0)
    self.assertRegex(logs.output[0], f'000000002 has {words} in weights')
    part = {'weights': state()['weights']}
    with self.assertLogs(level='WARNING'):
      self.store.restore_part(part)
    self.assertAllEqual(part['weights'], [1.0] * 1000)
    shutil.rmtree(self.folder)
    os.mkdir(self.folder)
    self.assertEqual(write_unchecked(self.folder, 2, value), prefix)
    with self.assertRaisesRegex(ValueError, f'None of.* has {words} in weigh'):
      self.store.restore_part(part)

  @parameterized.parameters(np.nan, -np.inf, -2e6)
  def test_a_training_that_diverged_is_not_saved(self, value):
    self.store.save(1, state(1.0))
    self.store.save(2, state(9e5))
    before = sorted(os.listdir(self.folder))
    for save in (self.store.save, self.store.save_alone):
      with self.assertRaisesRegex(
        FloatingPointError, 'at 3 images.*in weights.*Lower Trainer.learning'
      ):
        save(3, state(value))
    self.assertEqual(sorted(os.listdir(self.folder)), before)

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
    # Without a trace of the write, the index was deleted.
    with self.assertRaisesRegex(ValueError, 'no .index file'):
      self.store.restore(state())
    # As TensorFlow leaves it, and as this program does.
    temporary = os.path.join(self.folder, '000000001_temp')
    os.mkdir(temporary)
    for _ in range(2):
      with self.assertLogs(level='WARNING') as logs:
        self.assertIsNone(self.store.restore(state()))
      self.assertIn('was not finished; starting anew', logs.output[0])
      if os.path.exists(temporary):
        os.rmdir(temporary)
        self.store.begin()

  def test_the_first_checkpoint_ends_the_beginning(self):
    self.assertFalse(self.store.has_begun())
    self.store.begin()
    self.assertTrue(self.store.has_begun())
    self.assertIsNone(self.store.restore(state()))
    self.store.save(1, state())
    self.assertFalse(self.store.has_begun())

  @parameterized.parameters(True, False)
  def test_one_that_is_replaced_while_it_is_read_counts_no_more(self, before):
    self.store.save_alone(1, state(1.0))
    read, replaced = checkpoint_values.tensors, []

    def replace_once(prefix):
      values = None if before else read(prefix)
      if not replaced:
        replaced.append(prefix)
        checkpoints.Checkpoints(self.folder).save_alone(2, state(2.0))
      return read(prefix) if before else values

    with mock.patch.object(checkpoint_values, 'tensors', replace_once):
      self.assertEqual(self.restored()[1], 2.0)

  def test_another_architecture_is_refused(self):
    self.store.save(1, state())
    other = {**state(), 'more': tf.Variable(1.0)}
    with self.assertRaisesRegex(ValueError, 'does not match this model'):
      self.store.restore(other)
    less = {'step': tf.Variable(0)}
    with self.assertRaisesRegex(ValueError, 'does not match this model'):
      self.store.restore(less)

  @parameterized.parameters('weights', 'step')
  def test_one_missing_value_is_refused(self, dropped):
    name = dropped + damaged_checkpoints.SUFFIX
    prefix = self.store.save(1, state(3.0))
    damaged_checkpoints.rewrite(prefix, lambda values: values.pop(name))
    for restore in (self.store.restore, self.store.restore_part):
      with self.assertRaisesRegex(ValueError, 'does not match this model'):
        restore(state())

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

  @parameterized.parameters(
    (OSError(errno.ENOSPC, os.strerror(errno.ENOSPC)), 'Free some disk space'),
    (OSError(errno.EDQUOT, os.strerror(errno.EDQUOT)), 'Free some disk space'),
    (tf.errors.ResourceExhaustedError(None, None, 'OOM'), 'Mend that'),
    (PermissionError(errno.EACCES, 'Permission denied'), 'Make the folder'),
    (
      tf.errors.FailedPreconditionError(None, None, 'x; Read-only file system'),
      'Make the folder writable',
    ),
    (
      tf.errors.NotFoundError(None, None, 'x; No such file or directory'),
      'moved or deleted the folder',
    ),
    (tf.errors.UnknownError(None, None, 'Input/output error'), 'Mend that'),
  )
  def test_a_failed_write_says_what_to_do(self, error, advice):
    with mock.patch.object(tf.train.Checkpoint, 'write', side_effect=error):
      with self.assertRaisesRegex(OSError, f'{advice}.* and run the same'):
        self.store.save(2, state(2.0))

  @parameterized.parameters('exp[1]', 'a*?', 'b\\s', '{a,b}', 'c\udcff')
  def test_a_folder_named_like_a_pattern_is_a_folder(self, name):
    folder = os.path.join(self.folder, name, 'checkpoints')
    store = checkpoints.Checkpoints(folder)
    prefix = store.save(5, state(5.0))
    fresh = state()
    self.assertEqual(store.restore(fresh), prefix)
    self.assertEqual(float(fresh['weights'][0]), 5.0)
    self.assertLen(checkpoint_values.tensors(prefix), 2)
    self.assertCountEqual(
      os.listdir(folder), ['000000005.index', '000000005.data-00000-of-00001']
    )

  def test_what_cannot_be_read_back_is_not_kept(self):
    self.store.save(1, state(1.0))
    before = sorted(os.listdir(self.folder))
    write = tf.train.Checkpoint.write

    def write_badly(self, prefix, *args, **kwargs):
      write(self, prefix, *args, **kwargs)
      damage(prefix)

    with mock.patch.object(tf.train.Checkpoint, 'write', write_badly):
      with self.assertRaisesRegex(OSError, 'read back.*memory may be failing'):
        self.store.save(2, state(2.0))
    self.assertEqual(sorted(os.listdir(self.folder)), before)

  @parameterized.parameters('save', 'save_alone')
  def test_a_kill_at_any_moment_loses_no_checkpoint(self, save):
    with tempfile.TemporaryDirectory() as origin:
      store = checkpoints.Checkpoints(origin, keep=3)
      for images in (1, 2, 3):
        store.save(images, state(images))
      damage(store.save(4, state(4.0)))
      ended, call = False, 0
      while not ended:
        call += 1
        shutil.rmtree(self.folder)
        shutil.copytree(origin, self.folder)
        store = checkpoints.Checkpoints(self.folder, keep=2)
        # Of 2, 3, 4 and the damaged one: 3 is restored, then 4 written anew.
        self.assertEqual(store.restore(state()), f'{self.folder}/000000003')
        with killed_at(call):
          try:
            getattr(store, save)(4, state(40.0))
            ended = True
          except Killed:
            pass
        self.store = checkpoints.Checkpoints(self.folder, keep=2)
        newest = self.restored()[1]
        self.assertIn(newest, (3.0, 40.0))
        if ended:
          self.assertEqual(newest, 40.0)
        self.store.save(5, state(5.0))
        kept = {5, 4 if newest == 40.0 else 3}
        self.assertCountEqual(
          os.listdir(self.folder),
          [
            f'00000000{number}.{kind}'
            for number in kept
            for kind in ('index', 'data-00000-of-00001')
          ],
          f'killed at call {call}',
        )
        self.assertEqual(self.restored()[1], 5.0)
    self.assertGreater(call, 8)

  def test_leftovers_of_a_kill_are_no_checkpoint_and_are_removed(self):
    self.store.save(1, state(1.0))
    os.makedirs(os.path.join(self.folder, '000000002_temp', 'part'))
    os.makedirs(os.path.join(self.folder, 'unfinished-x', 'part'))
    for name in ('000000002.index.tmp', '000000000.data-00000-of-00001', 'own'):
      with open(os.path.join(self.folder, name), 'wb') as file:
        file.write(np.zeros(10).tobytes())
    self.assertEqual(self.restored()[1], 1.0)
    self.assertLen(os.listdir(self.folder), 7)
    self.store.save(2, state(2.0))
    self.assertCountEqual(
      os.listdir(self.folder),
      [
        f'00000000{number}.{kind}'
        for number in (1, 2)
        for kind in ('index', 'data-00000-of-00001')
      ]
      + ['own'],
    )

  def test_keep_must_be_positive(self):
    with self.assertRaisesRegex(ValueError, 'keep is 0'):
      checkpoints.Checkpoints(self.folder, keep=0)


if __name__ == '__main__':
  tf.test.main()
