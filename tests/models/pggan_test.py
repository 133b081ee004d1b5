"""PGGAN's generator: noise, domains, stages and bad values."""

import keras
import numpy as np
import tensorflow as tf
from absl.testing import parameterized

from tf_twingan.models import pggan, registry

DOMAINS = ('photo', 'anime')


def build(domains=DOMAINS, **options):
  keras.utils.set_random_seed(1)
  options = dict(latent_size=6, channels_base=16, channels_max=8, **options)
  return pggan.ProgressiveGAN(domains, max_resolution=8, **options)


class PgganTest(parameterized.TestCase, tf.test.TestCase):
  def test_an_image_depends_on_noise_and_domain(self):
    model = build()
    latents = model.noise(2, (0, 1))
    self.assertAllEqual(latents, model.noise(2, (0, 1)))
    self.assertNotAllClose(latents, model.noise(2, (0, 2)))
    # Domains start out equal.
    for offset in model.first_layer.norm.parameters['anime'].values():
      offset.assign(offset + 0.3)
    both = model.generate(tf.tile(latents, [2, 1]), DOMAINS, resolution=8)
    self.assertEqual(both.shape, (4, 8, 8, 3))
    self.assertEqual(both.dtype, tf.float32)
    photos, animes = tf.split(both, 2)
    self.assertNotAllClose(photos[0], photos[1], atol=1e-3)
    self.assertNotAllClose(photos, animes, atol=1e-3)
    for domain, expected in (('photo', photos), ('anime', animes)):
      self.assertAllClose(
        model.generate(latents, [domain], resolution=8), expected, atol=1e-5
      )

  def test_only_the_direction_of_noise_counts(self):
    model = build(['anime'])
    latents = model.noise(3, (0, 1))
    self.assertAllClose(
      model.generate(latents, ['anime'], resolution=4),
      model.generate(5 * latents, ['anime'], resolution=4),
      atol=1e-3,
    )

  def test_the_first_layer_by_hand(self):
    layer = build(['anime']).first_layer
    own = layer.norm.parameters['anime']
    own['scale'].assign(2.0 * tf.ones([8]))
    own['offset'].assign(0.5 * tf.ones([8]))
    z = np.float32([[3, 4, 0, 0, 0, 0]])
    # Mean square 25 / 6; the dense layer multiplies by sqrt(2 / 6).
    kernel = layer.dense.kernel.numpy()
    code = (z / np.sqrt(25 / 6)) @ kernel * np.sqrt(2 / 6)
    code = 2 * code.reshape([1, 4, 4, 8]) + 0.5
    code = np.where(code > 0, code, 0.2 * code)
    code /= np.sqrt(np.mean(code**2, axis=-1, keepdims=True) + 1e-4)
    self.assertAllClose(layer(z, domains=['anime']), code, rtol=1e-3, atol=1e-4)

  def test_a_new_stage_starts_as_the_previous_one(self):
    model = build(smooth=True, residual=True, attention_resolution=4)
    latents = model.noise(2, (0, 1))
    coarse = model.generate(latents, ['photo'], resolution=4)
    self.assertAllClose(
      model.generate(latents, ['photo'], resolution=8, alpha=0.0),
      tf.repeat(tf.repeat(coarse, 2, axis=1), 2, axis=2),
      atol=1e-6,
    )

  def test_it_is_built_again_from_its_description(self):
    model = build(norm='batch_renorm', precision='bfloat16')
    config = registry.describe(model)
    self.assertEqual(config['model'], 'pggan')
    again = registry.build(config)
    self.assertEqual(
      [v.shape for v in again.variables], [v.shape for v in model.variables]
    )
    self.assertTrue(again.trains_by_statistics)
    self.assertFalse(again.translates)
    self.assertFalse(again.supports('photo', 'anime'))

  def test_bad_values_are_named(self):
    for options, message in (
      (dict(domains=[]), 'one or more'),
      (dict(domains=['a', 'a']), "two domains of the name 'a'"),
      (dict(to_rgb_size=2), 'choose an odd one'),
    ):
      with self.assertRaisesRegex(ValueError, message):
        build(**options)
    with self.assertRaisesRegex(ValueError, 'latent_size is 0; at least 1'):
      pggan.ProgressiveGAN(['a'], max_resolution=8, latent_size=0)


if __name__ == '__main__':
  tf.test.main()
