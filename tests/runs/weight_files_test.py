"""Weights in one file: whole, of the very model, and nothing else is taken."""

import os
import pathlib
import tempfile

import numpy as np
import safetensors.numpy
import tensorflow as tf
from absl.testing import parameterized

from tests import shared_artifacts
from tf_twingan.models import named_weights
from tf_twingan.runs import checkpoints, loading, weight_files

NAME = 'generator/blocks/8px/0/conv/kernel'
STAGE = {'resolution': '8', 'alpha': '0.25', 'images_seen': '1000'}


class WeightFilesTest(parameterized.TestCase, tf.test.TestCase):
  @classmethod
  def setUpClass(cls):
    super().setUpClass()
    cls.loaded = loading.load(str(shared_artifacts.run()))
    cls.saved = pathlib.Path(tempfile.mkdtemp(), 'saved')
    loading.save(cls.loaded, str(cls.saved))

  def setUp(self):
    super().setUp()
    self.folder = shared_artifacts.copy_of(self.saved)
    self.path = self.folder / weight_files.NAME

  def rewrite(self, change=lambda values: None, **stage):
    values = safetensors.numpy.load_file(self.path)
    change(values)
    self.path.write_bytes(safetensors.numpy.save(values, {**STAGE, **stage}))

  def assert_refused(self, words):
    with self.assertRaisesRegex(ValueError, f'{weight_files.NAME}.*{words}'):
      loading.load(str(self.folder))

  def test_a_model_comes_back_to_the_bit(self):
    again = loading.load(str(self.folder))
    self.assertEqual(again[1:], self.loaded[1:])
    expected = named_weights.by_name(self.loaded.model)
    for name, variable in named_weights.by_name(again.model).items():
      np.testing.assert_array_equal(variable.numpy(), expected[name].numpy())

  def test_nothing_else_is_written(self):
    self.assertCountEqual(
      os.listdir(self.folder),
      ['framing.json', 'model.json', weight_files.NAME],
    )

  def test_the_stage_is_that_of_the_file(self):
    self.rewrite()
    loaded = loading.load(str(self.folder))
    self.assertEqual(
      (loaded.resolution, loaded.alpha, loaded.images_seen), (8, 0.25, 1000)
    )

  def test_a_missing_name_is_refused(self):
    self.rewrite(lambda values: values.pop(NAME))
    self.assert_refused(f'does not match this model: there is no {NAME}')

  def test_an_unknown_name_is_refused(self):
    self.rewrite(lambda values: values.update(more=np.zeros(1, np.float32)))
    self.assert_refused('it has no place for more')

  def test_another_shape_is_refused(self):
    self.rewrite(
      lambda values: values.update({NAME: np.zeros([1, 2], np.float32)})
    )
    self.assert_refused(f'of another shape is {NAME} .1, 2.')

  def test_weights_that_are_not_finite_are_refused(self):
    def spoil(values):
      values[NAME] = np.full_like(values[NAME], np.nan)

    self.rewrite(spoil)
    self.assert_refused(f'has NaN in {NAME}')

  def test_what_diverged_is_not_written(self):
    loaded = loading.load(str(self.folder))
    named_weights.by_name(loaded.model)[NAME].assign(
      np.full(named_weights.by_name(loaded.model)[NAME].shape, np.inf)
    )
    before = self.path.read_bytes()
    with self.assertRaisesRegex(FloatingPointError, f'Inf in {NAME}'):
      weight_files.write(
        str(self.folder), loaded.model, weight_files.Stage(8, 1.0, 5)
      )
    self.assertEqual(self.path.read_bytes(), before)

  @parameterized.parameters(
    ({'resolution': '-8'},), ({'alpha': '7'},), ({'images_seen': 'many'},)
  )
  def test_an_impossible_stage_is_refused(self, stage):
    self.rewrite(**stage)
    self.assert_refused('is damaged')

  @parameterized.parameters(0, 5, 100, 10_000)
  def test_a_truncated_file_is_refused(self, size):
    os.truncate(self.path, size)
    self.assert_refused('is damaged')

  def test_a_huge_header_is_not_read(self):
    with open(self.path, 'r+b') as file:
      file.write((1 << 40).to_bytes(8, 'little'))
    self.assert_refused('a header of 1,099,511,627,776 bytes')

  def test_a_pipe_does_not_hang(self):
    self.path.unlink()
    os.mkfifo(self.path)
    self.assert_refused('a FIFO')

  def test_a_checkpoint_that_is_newer_counts(self):
    run = shared_artifacts.copy_of(shared_artifacts.run())
    self.path.rename(run / weight_files.NAME)
    self.path = run / weight_files.NAME

    def zeros(values):
      values[NAME] = np.zeros_like(values[NAME])

    # Of as many images as the checkpoint, which is the best one.
    self.rewrite(zeros)
    kernel = named_weights.by_name(loading.load(str(run)).model)[NAME]
    self.assertAllEqual(kernel, tf.zeros(kernel.shape))
    self.rewrite(zeros, images_seen='999')
    kernel = named_weights.by_name(loading.load(str(run)).model)[NAME]
    self.assertNotAllEqual(kernel, tf.zeros(kernel.shape))
    prefix = checkpoints.Checkpoints(str(run / 'checkpoints')).prefixes()[0]
    self.assertTrue(prefix.endswith('1000'))


if __name__ == '__main__':
  tf.test.main()
