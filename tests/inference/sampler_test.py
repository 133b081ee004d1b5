"""The Sampler: images depend on noise and domain alone; interpolation."""

import pathlib
import shlex
import tempfile

import numpy as np
import tensorflow as tf

import tf_twingan
from tests import shared_artifacts, tiny_run
from tf_twingan.inference import sampler
from tf_twingan.losses import teacher_model


class SamplerTest(tf.test.TestCase):
  @classmethod
  def setUpClass(cls):
    super().setUpClass()
    cls.run_dir = shared_artifacts.run_of_noise()
    cls.sampler = tf_twingan.Sampler(str(cls.run_dir))

  def test_images_depend_on_noise_and_domain_alone(self):
    self.assertEqual(self.sampler.domains, ('photo', 'anime'))
    self.assertEqual(self.sampler.resolution, 8)
    self.assertEqual(self.sampler.images_seen, 1000)
    latents = self.sampler.noise(40, seed=3)
    photos = self.sampler.generate(latents, 'photo')
    self.assertEqual(photos.shape, (40, 8, 8, 3))
    self.assertEqual(photos.dtype, np.uint8)
    self.assertNotAllEqual(photos[0], photos[1])
    self.assertNotAllEqual(photos, self.sampler.generate(latents, 'anime'))
    for index in (0, 33):
      alone = self.sampler.generate(latents[index : index + 1], 'photo')
      self.assertAllClose(alone[0], photos[index], atol=1)
    self.assertAllEqual(self.sampler.noise(5, seed=3), latents[:5])
    self.assertNotAllClose(self.sampler.noise(5, seed=4), latents[:5])
    self.assertEqual(self.sampler.generate(latents[:0], 'photo').shape[0], 0)

  def test_batches_of_any_size_share_a_trace(self):
    fresh = tf_twingan.Sampler(str(self.run_dir))
    for count in (3, 1, 40, 0, 2):
      fresh.generate(fresh.noise(count), 'photo')
    self.assertEqual(fresh._generate.tracing_count, 1)

  def test_a_single_domain_need_not_be_named(self):
    single = tf_twingan.Sampler(str(tiny_run.make_of_noise(['anime'])))
    latents = single.noise(2)
    self.assertAllEqual(
      single.generate(latents), single.generate(latents, 'anime')
    )
    # The name that version 0.1.0 had.
    self.assertAllEqual(single.draw(latents), single.generate(latents))
    with self.assertRaisesRegex(ValueError, 'generates photo, anime; name one'):
      self.sampler.generate(latents)

  def test_interpolation_follows_an_arc(self):
    path = sampler.interpolate(np.float32([3, 0]), np.float32([0, 1]), 3)
    half = np.sqrt(0.5)
    expected = [[1, 0], [half, half], [0, 1]]
    self.assertAllClose(path, np.sqrt(2) * np.float32(expected), atol=1e-6)
    same = sampler.interpolate(np.float32([2, 0]), np.float32([1, 0]), 2)
    self.assertAllClose(same, np.sqrt(2) * np.float32([[1, 0], [1, 0]]))

  def test_bad_input_is_named(self):
    with self.assertRaisesRegex(ValueError, "no domain 'cat'.*photo, anime"):
      self.sampler.generate(self.sampler.noise(1), 'cat')
    with self.assertRaisesRegex(ValueError, r'are \[2, 5\]; give \[n, 6\]'):
      self.sampler.generate(np.zeros([2, 5], np.float32), 'photo')
    with self.assertRaisesRegex(ValueError, 'latents hold NaN'):
      self.sampler.generate(np.full([2, 6], np.nan), 'photo')
    with self.assertRaisesRegex(ValueError, 'count is -1; give a whole number'):
      self.sampler.noise(-1)
    with self.assertRaisesRegex(ValueError, 'seed is 0.5; give a whole number'):
      self.sampler.noise(1, 0.5)
    for wrong in ('noise', [[1], [1, 2]], [None]):
      with self.assertRaisesRegex(ValueError, 'latents '):
        self.sampler.generate(wrong, 'photo')
    one = np.ones(2, np.float32)
    for ends, count, message in (
      ([one, np.ones(3)], 3, r'are \[2\] and \[3\]; give two'),
      ([one, 0 * one], 3, 'a latent vector is zero'),
      ([one, one], 1, 'count is 1; give 2 or more'),
    ):
      with self.assertRaisesRegex(ValueError, message):
        sampler.interpolate(*ends, count)

  def test_translator_and_sampler_name_each_other(self):
    run = shared_artifacts.run()
    with self.assertRaisesRegex(
      ValueError, f'tf_twingan.translate --run_dir={run} '
    ):
      tf_twingan.Sampler(str(run))
    with self.assertRaisesRegex(
      ValueError, f'tf_twingan.sample --run_dir={self.run_dir} '
    ):
      tf_twingan.Translator(str(self.run_dir))
    with self.assertRaisesRegex(ValueError, 'name a model that translates'):
      teacher_model.Teacher(str(self.run_dir))

  def test_the_commands_that_they_name_are_quoted(self):
    for run, opener in (
      (shared_artifacts.run(), tf_twingan.Sampler),
      (self.run_dir, tf_twingan.Translator),
    ):
      moved = shared_artifacts.copy_of(run).rename(
        pathlib.Path(tempfile.mkdtemp(), "it's my $run")
      )
      with self.assertRaises(ValueError) as raised:
        opener(str(moved))
      command = str(raised.exception).split('python -m ')[1]
      self.assertIn(f'--run_dir={moved}', shlex.split(command))


if __name__ == '__main__':
  tf.test.main()
