"""A directory that can't be trained in is refused before any work."""

import os
import pathlib
import shutil
import tempfile
from unittest import mock

import keras
import tensorflow as tf
from absl.testing import absltest, parameterized

from tests import shared_artifacts
from tf_twingan import compat
from tf_twingan.runs import best, checkpoints, trainable


class TrainableTest(parameterized.TestCase):
  def setUp(self):
    super().setUp()
    self.run_dir = pathlib.Path(tempfile.mkdtemp(), 'run')

  def save(self, run_dir, **state):
    checkpoints.Checkpoints(str(run_dir / 'checkpoints')).save(
      8, tf.nest.map_structure(tf.Variable, state)
    )

  def test_a_new_directory_is_not_made(self):
    trainable.check(str(self.run_dir))
    self.assertFalse(self.run_dir.exists())

  def test_a_training_goes_on(self):
    self.save(self.run_dir, weight=1.0, step=1)
    trainable.check(str(self.run_dir))

  @parameterized.parameters(
    (2, '_variables', 'TensorFlow 2.15'),
    (3, '1', 'TensorFlow 2.16 or later'),
  )
  def test_the_optimizers_of_another_keras_are_refused(self, keras, part, by):
    self.save(self.run_dir, step=1, generator_adam={part: {'0': 1.0}})
    if keras == compat.KERAS:
      trainable.check(str(self.run_dir))
      return
    with self.assertRaisesRegex(
      ValueError,
      f'was trained with Keras {keras}, .* train it with {by}, or start .*'
      f'--init_from={self.run_dir} and another --run_dir',
    ):
      trainable.check(str(self.run_dir))
    self.assertEqual(os.listdir(self.run_dir), ['checkpoints'])

  def test_a_damaged_checkpoint_is_left_to_restoring(self):
    self.save(self.run_dir, weight=1.0)
    os.truncate(self.run_dir / 'checkpoints' / '000000008.index', 20)
    trainable.check(str(self.run_dir))

  def test_a_model_without_the_rest_is_refused(self):
    run = str(shared_artifacts.run())
    with self.assertRaisesRegex(
      ValueError, f"so it can't be trained further; .* by --init_from={run} and"
    ):
      trainable.check(run)

  def test_the_best_of_a_run_is_refused(self):
    best.Best(
      str(self.run_dir), by='recall', more_is_better=True, framings={}
    ).keep(
      8,
      {
        'average': {'weight': tf.Variable(1.0)},
        'alpha': tf.Variable(1.0),
        'step': tf.Variable(1),
      },
      {'domains': ['a']},
      value=1.0,
      resolution=8,
    )
    (self.run_dir / 'model.json').write_text('{}')
    with self.assertRaisesRegex(
      ValueError, 'is the best checkpoint of the run'
    ):
      trainable.check(str(self.run_dir / 'best'))
    copied = self.run_dir.parent / 'copied'
    (self.run_dir / 'best').rename(copied)
    trainable.check(str(copied))

  @parameterized.parameters('', 'checkpoints', 'samples', 'summaries', 'best')
  def test_a_file_in_the_way_is_named(self, name):
    path = self.run_dir / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text('')
    with self.assertRaisesRegex(NotADirectoryError, f'{path}: no folder'):
      trainable.check(str(self.run_dir))

  def test_a_name_that_is_not_utf_8_is_refused(self):
    with self.assertRaisesRegex(ValueError, r'caf\\xe9 is not UTF-8'):
      trainable.check(f'{tempfile.mkdtemp()}/caf\udce9')

  def test_a_link_that_leads_nowhere_is_named(self):
    self.run_dir.symlink_to(self.run_dir.parent / 'gone')
    with self.assertRaisesRegex(OSError, f'{self.run_dir}: no folder'):
      trainable.check(str(self.run_dir))

  @parameterized.parameters(
    'metrics.jsonl', 'framing.json', 'image_counts.json', 'environment.json'
  )
  def test_a_folder_in_the_place_of_a_file_is_named(self, name):
    (self.run_dir / name).mkdir(parents=True)
    with self.assertRaisesRegex(IsADirectoryError, name):
      trainable.check(str(self.run_dir))

  def test_a_pipe_in_the_place_of_a_file_is_named(self):
    self.run_dir.mkdir()
    os.mkfifo(self.run_dir / 'operative_config.gin')
    with self.assertRaisesRegex(OSError, 'config.gin is no regular file'):
      trainable.check(str(self.run_dir))

  def test_a_disk_without_room_for_a_checkpoint_is_named(self):
    layer = keras.layers.Dense(100)
    layer.build([None, 999])  # 100,000 float32.
    state = {'a': {'layer': layer}, 'step': tf.Variable(0, dtype=tf.int64)}
    disk = mock.Mock(free=400_008)
    with mock.patch.object(shutil, 'disk_usage', return_value=disk):
      trainable.check_room(str(self.run_dir), state)
      disk.free -= 1
      with self.assertRaisesRegex(
        OSError, r'takes 0.4 MB and the disk of .*run has 0.4 MB left; free'
      ):
        trainable.check_room(str(self.run_dir), state)
      # Mounted cloud storage may not know its size.
      disk.free = disk.total = 0
      trainable.check_room(str(self.run_dir), state)
      disk.total = 10**6
      with self.assertRaisesRegex(OSError, 'has 0.0 MB left; free'):
        trainable.check_room(str(self.run_dir), state)


if __name__ == '__main__':
  absltest.main()
