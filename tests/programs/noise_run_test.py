"""A model that generates from noise, from training to samples."""

import functools
import json
import pathlib
import tempfile

import numpy as np
import pytest
import tensorflow as tf

import gin
import tf_twingan
from tf_twingan import configurables, gin_files, image_io
from tf_twingan.runs import checkpoint_values, checkpoints
from tf_twingan.training import loop

# 16 px to image 24, as tracing a stage takes most of the time; batches of 4.
TINY = [
  'Growth.start_resolution=16',
  'Growth.stable_images=24',
  'Growth.decay_images=12',
  'Growth.batch_size=4',
  'final_resolution=16',
  'channels_base=8',
  'ProgressiveGAN.latent_size=6',
  'ProgressiveGAN.norm="batch_renorm"',
  'NoiseObjective.penalty_interval=2',
  'train.log_steps=2',
  'train.score_images=8',
  'train.score_pictures=8',
  'train.sample_rows=2',
  'train.statistics_batches=2',
  "train.domains=[('photo', 'avatars:toon-head?limit=16'), ('anime', %anime)]",
  "anime='avatars:lorelei?limit=16'",
]


def train(run, *params):
  gin.clear_config()
  gin_files.parse('pggan.gin', [*TINY, *params])
  configurables.train(str(run))


def tensors(run):
  store = checkpoints.Checkpoints(str(run / 'checkpoints'))
  return checkpoint_values.tensors(store.prefixes()[0])


@functools.cache
def whole_run():
  """A run that was never stopped."""
  run = pathlib.Path(tempfile.mkdtemp(), 'whole')
  train(run)
  return run


class NoiseRunTest(tf.test.TestCase):
  def setUp(self):
    super().setUp()
    self.addCleanup(gin.clear_config)
    self.folder = pathlib.Path(tempfile.mkdtemp())

  @pytest.mark.slow
  def test_a_run_from_start_to_samples(self):
    run = whole_run()
    rows = [
      json.loads(line)
      for line in (run / 'metrics.jsonl').read_text().splitlines()
    ]
    self.assertContainsSubset(
      ['adversarial/photo', 'discriminator/anime', 'score/swd/anime'], rows[-1]
    )
    self.assertEmpty(
      [n for n in rows[-1] if 'recall' in n or 'reconstruction' in n]
    )
    sampler = tf_twingan.Sampler(str(run))
    self.assertEqual(sampler.resolution, 16)
    self.assertEqual(sampler.images_seen, 24)
    images = sampler.generate(sampler.noise(3), 'anime')
    self.assertEqual(images.shape, (3, 16, 16, 3))
    self.assertGreater(np.std(images), 1)
    best = json.loads((run / 'best' / 'score.json').read_text())
    self.assertEqual(best['by'], 'swd')
    self.assertEqual(
      tf_twingan.Sampler(str(run / 'best')).images_seen, best['images_seen']
    )
    sheet = image_io.read(sorted((run / 'samples').glob('*.png'))[-1])
    self.assertGreater(sheet.shape[1], 700)  # Eight columns.

  # `train_test` resumes a twin network, whose loop is the same.
  @pytest.mark.slow
  def test_a_stopped_run_ends_in_the_same_weights(self):
    run = self.folder / 'parts'
    with self.assertRaises(loop.Stopped):
      train(run, 'train.stop_after_images=12')
    train(run)
    expected, actual = tensors(whole_run()), tensors(run)
    self.assertEqual(set(expected), set(actual))
    for key, value in expected.items():
      np.testing.assert_array_equal(value, actual[key], key)

  def test_what_is_not_scored_is_named(self):
    for run, params, message in (
      (
        'a',
        ["train.best_by='recall'"],
        "generates from noise; set it to 'swd'",
      ),
      (
        'b',
        ['Growth.start_resolution=8', 'final_resolution=8'],
        'scored at 8 px; train to 16 px or more',
      ),
    ):
      with self.assertRaisesRegex(ValueError, message):
        train(self.folder / run, *params)
      self.assertFalse((self.folder / run).exists())


if __name__ == '__main__':
  tf.test.main()
