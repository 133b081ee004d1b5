"""A training's gin values are its own, and its errors are plain."""

import os
import pathlib
import tempfile
import threading
from unittest import mock

from absl.testing import absltest, parameterized

import gin
from tf_twingan import configurables, gin_files, gin_training
from tf_twingan.training import growth_schedule


def growth():
  """The growth schedule that gin would make now."""
  return gin.get_configurable('Growth')()


class GinTrainingTest(parameterized.TestCase):
  def setUp(self):
    super().setUp()
    gin.clear_config()
    self.addCleanup(gin.clear_config)
    # TensorFlow's threads are those of the test run.
    self.enter_context(mock.patch.object(configurables, 'share_cores'))

  def train(self, *params, at_train=lambda run_dir, on_progress: None):
    with mock.patch.object(configurables, 'train', at_train):
      gin_training.train('/run', 'tiny.gin', params)

  def test_a_training_has_nothing_of_the_one_before(self):
    found = []

    def at_train(run_dir, on_progress):
      found.append(growth().final_resolution)

    for params in (['Growth.final_resolution=4'], []):
      self.train(*params, at_train=at_train)
    self.assertEqual(found, [4, 8])

  @parameterized.parameters(False, True)
  def test_gin_is_as_it_was(self, fails):
    gin.parse_config('Growth.final_resolution = 64\nother = 3')

    def at_train(run_dir, on_progress):
      self.assertEqual(growth().final_resolution, 8)
      if fails:
        raise ZeroDivisionError

    try:
      self.train(at_train=at_train)
    except ZeroDivisionError:
      self.assertTrue(fails)
    self.assertEqual(growth().final_resolution, 64)
    self.assertEqual(gin.query_parameter('%other'), 3)
    with self.assertRaises(ValueError):  # Of tiny.gin.
      gin.query_parameter('train.log_steps')
    gin.bind_parameter('Growth.batch_size', 2)  # It is not locked.

  def test_what_does_not_parse_leaves_nothing(self):
    with self.assertRaisesRegex(ValueError, 'Growth.batch_size is'):
      self.train("Growth.batch_size='8'")
    self.assertEqual(gin.config_str(), '')

  def test_gin_stays_locked(self):
    gin.finalize()
    self.train()
    self.assertTrue(gin.config_is_locked())

  def test_an_error_is_as_it_was_raised(self):
    with self.assertRaises(ValueError) as caught:
      gin_training.train('/run', 'tiny.gin', ['Growth.final_resolution=24'])
    self.assertIs(type(caught.exception), ValueError)
    with self.assertRaises(ValueError) as plain:
      growth_schedule.Growth(final_resolution=24, fade_images=1)
    self.assertEqual(str(caught.exception), str(plain.exception))

  def test_two_threads_do_not_train_at_once(self):
    refused = []

    def at_train(run_dir, on_progress):
      def other():
        try:
          self.train()
        except RuntimeError as error:
          refused.append(str(error))

      thread = threading.Thread(target=other)
      thread.start()
      thread.join()

    self.train(at_train=at_train)
    self.assertRegex(refused[0], 'running in this process already; wait until')
    self.train()  # Now it may.

  def test_the_function_that_is_told_is_no_value_of_an_experiment(self):
    with self.assertRaisesRegex(ValueError, 'on_progress'):
      self.train('train.on_progress=None')

  def test_an_included_file_is_not_taken_from_a_folder_that_was_left(self):
    folder = pathlib.Path(tempfile.mkdtemp())
    shipped = gin_files.find('base.gin').read_text()
    (folder / 'base.gin').write_text(f'{shipped}\ntrain.seed = 5\n')
    before = os.getcwd()
    self.addCleanup(os.chdir, before)
    gin_files._add_search_paths.cache_clear()  # As in a new process.
    with mock.patch.object(
      gin,
      'add_config_file_search_path',
      wraps=gin.add_config_file_search_path,
    ) as add:
      for current, seed in ((folder, 5), (before, 0), (folder, 5)):
        os.chdir(current)
        gin_files.parse('tiny.gin')
        self.assertEqual(gin_files.value_of('train.seed'), seed)
    self.assertEqual(
      [call.args[0] for call in add.call_args_list],
      [str(f) for f in gin_files.folders()[1:]],
    )


if __name__ == '__main__':
  absltest.main()
