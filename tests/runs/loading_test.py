"""A model is loaded whole, of weights that are finite, or not at all."""

import json
import shutil

import numpy as np
from absl.testing import absltest, parameterized

import tf_twingan
from tests import damaged_checkpoints, shared_artifacts
from tf_twingan.inference import sampler
from tf_twingan.losses import teacher_model
from tf_twingan.runs import checkpoints, loading
from tf_twingan.training import origins

LOADERS = (loading.load, tf_twingan.Translator, teacher_model.Teacher)
KERNEL = 'average/generator/blocks/8px/0/conv/kernel'


def newest(run):
  return checkpoints.Checkpoints(str(run / 'checkpoints')).prefixes()[0]


def set_kernel(run, value):
  def change(values):
    values[KERNEL + damaged_checkpoints.SUFFIX][0, 0, 0, 0] = value

  damaged_checkpoints.rewrite(newest(run), change)


class LoadingTest(parameterized.TestCase):
  def setUp(self):
    super().setUp()
    self.run = shared_artifacts.copy_of(shared_artifacts.run())

  def assert_refused(self, message, loaders=LOADERS):
    for load in loaders:
      with self.assertRaisesRegex(ValueError, message):
        load(str(self.run))

  @parameterized.parameters(
    KERNEL, 'average/encoder/blocks/8px/0/norm/photo_moving_mean', 'alpha'
  )
  def test_one_missing_value_is_refused(self, name):
    damaged_checkpoints.rewrite(
      newest(self.run),
      lambda values: values.pop(name + damaged_checkpoints.SUFFIX),
    )
    self.assert_refused('does not match this model')

  def test_one_missing_value_of_a_generator_is_refused(self):
    self.run = shared_artifacts.copy_of(shared_artifacts.run_of_noise())

    def drop_bias(values):
      del values[next(n for n in values if n.endswith(f'bias{SUFFIX}'))]

    SUFFIX = damaged_checkpoints.SUFFIX
    damaged_checkpoints.rewrite(newest(self.run), drop_bias)
    self.assert_refused('does not match this model', [sampler.Sampler])

  def test_a_part_that_the_checkpoint_never_had_is_refused(self):
    path = self.run / 'model.json'
    config = json.loads(path.read_text())
    config['domains'] = [*config['domains'], 'cat']
    path.write_text(json.dumps(config))
    self.assert_refused('does not match this model')

  @parameterized.parameters((np.nan, 'NaN'), (2e13, '2e.13'))
  def test_weights_that_diverged_are_not_used(self, value, words):
    run, prefix = self.run, newest(self.run)
    for kind in ('index', 'data-00000-of-00001'):
      shutil.copy(f'{prefix}.{kind}', run / 'checkpoints' / f'000002000.{kind}')
    good = loading.load(str(run)).model.get_weights()
    set_kernel(run, value)
    with self.assertLogs(level='WARNING') as logs:
      weights = loading.load(str(run)).model.get_weights()
    self.assertRegex(logs.output[0], f'000002000 has {words} in {KERNEL}')
    for weight, expected in zip(weights, good):
      np.testing.assert_array_equal(weight, expected)
    for path in (run / 'checkpoints').glob('000001000*'):
      path.unlink()
    self.assert_refused(f'None of the 1 .*000002000 has {words} in {KERNEL}')

  def test_the_best_is_named_where_there_is_no_other(self):
    (self.run / 'best').mkdir()
    (self.run / 'checkpoints').rename(self.run / 'best' / 'checkpoints')
    for read in (loading.load, origins.read):
      with self.assertRaisesRegex(
        FileNotFoundError, 'give the best one, .*best'
      ):
        read(str(self.run))
    with self.assertRaisesRegex(FileNotFoundError, 'train first'):
      shutil.rmtree(self.run / 'best')
      loading.load(str(self.run))

  def test_the_run_is_named_where_its_best_was_not_written(self):
    half_written = self.run / 'best'
    half_written.mkdir()
    shutil.copy(self.run / 'model.json', half_written)
    for read in (loading.load, origins.read):
      with self.assertRaises(FileNotFoundError) as raised:
        read(str(half_written))
      self.assertEndsWith(
        str(raised.exception), f"give the run's newest one, {self.run}."
      )
    shutil.rmtree(self.run / 'checkpoints')
    with self.assertRaisesRegex(FileNotFoundError, 'train first'):
      loading.load(str(half_written))


if __name__ == '__main__':
  absltest.main()
