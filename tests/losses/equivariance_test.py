"""Equivariance losses of translators that are made to move along, or not."""

from unittest import mock

import numpy as np
import tensorflow as tf
from absl.testing import parameterized

from tf_twingan.losses import equivariance, image_warps

SEED = tf.constant([3, 4])
SIDE = 16


def images(domains=2, batch=4):
  shape = [domains * batch, SIDE, SIDE, 3]
  return tf.random.stateless_uniform(shape, SEED, -1.0, 1.0)


def recolour(images):
  """Each pixel for itself: interpolation before or after is the same."""
  return 0.1 - 0.5 * images[..., ::-1]


def ramp(images):
  """A ramp to the right that stays where it is, 0.1 a pixel."""
  place = 0.1 * tf.range(SIDE, dtype=tf.float32)[:, None]
  return recolour(images) + place


def warp_loss(translate, images, **options):
  return equivariance.warp_loss(
    translate, images, translate(images), SEED, domains=2, **options
  )


class WarpLossTest(parameterized.TestCase, tf.test.TestCase):
  def test_a_translation_of_each_pixel_has_none(self):
    self.assertAllClose(warp_loss(recolour, images()), 0.0, atol=1e-6)

  def test_it_is_the_gradient_of_what_stays_where_it_is(self):
    warp = tf.constant([[1.0, 0, 2, 0, 1, 3]] * 4)
    with mock.patch.object(image_warps, 'random_warps', return_value=warp):
      # Two pixels of the ramp's 0.1.
      self.assertAllClose(warp_loss(ramp, images()), 0.2, atol=1e-5)

  def test_what_depends_on_the_position_has_one(self):
    # By up to 0.8 px of shift, and what turning and scaling add.
    self.assertBetween(warp_loss(ramp, images()), 0.02, 0.1)

  def test_a_translation_that_mirrors_does_not_move_along(self):
    self.assertGreater(warp_loss(lambda x: x[:, :, ::-1], images()), 0.1)

  def test_what_comes_from_outside_does_not_count(self):
    warp = tf.constant([[1.0, 0, 4, 0, 1, 0]] * 4)

    def with_a_border(images):
      return tf.concat([images[:, :, :-4], 100 + images[:, :, -4:]], axis=2)

    inputs = images()
    with mock.patch.object(image_warps, 'random_warps', return_value=warp):
      loss = equivariance.warp_loss(
        with_a_border, inputs, inputs, SEED, domains=2
      )
    self.assertAllClose(loss, 0.0, atol=1e-6)

  def test_all_domains_images_of_a_position_share_a_warp(self):
    """So that it does not matter in which order targets come."""
    inputs = images()

    def swapped(images):
      return tf.roll(recolour(images), len(images) // 2, axis=0)

    self.assertAllClose(warp_loss(swapped, inputs), 0.0, atol=1e-6)

  def test_noise_is_added_before_the_translation(self):
    noise = warp_loss(recolour, images(), noise=0.1)
    # The mean magnitude of noise, of which the translation keeps half.
    self.assertAllClose(noise, 0.1 * 0.5 * (2 / np.pi) ** 0.5, rtol=0.05)

  def test_a_seed_gives_the_same_and_another_one_another(self):
    inputs = images()
    one, again, other = (
      equivariance.warp_loss(
        ramp, inputs, ramp(inputs), tf.constant(seed), domains=2, noise=0.1
      )
      for seed in ([1, 2], [1, 2], [2, 1])
    )
    self.assertEqual(one, again)
    self.assertNotEqual(one, other)

  def test_both_sides_are_trained(self):
    """The gradient passes through the translation and that of the warped."""
    inputs, slope = images(), tf.Variable(0.1)
    place = tf.range(SIDE, dtype=tf.float32)[:, None]
    with tf.GradientTape() as tape:
      translations = inputs + slope * place
      loss = equivariance.warp_loss(
        lambda x: x + slope * place, inputs, translations, SEED, domains=2
      )
    # Of a ramp, L1 is proportional to its slope; through one side alone the
    # gradient would be many times as large.
    self.assertAllClose(tape.gradient(loss, slope), loss / 0.1, rtol=1e-3)


class MirrorLossTest(tf.test.TestCase):
  def test_a_translation_of_each_pixel_has_none(self):
    inputs = images()
    self.assertEqual(
      equivariance.mirror_loss(recolour, inputs, recolour(inputs)), 0.0
    )

  def test_it_is_what_a_ramp_differs_by_from_its_mirror_image(self):
    inputs = images()
    # Columns 15 - c and c differ by 15, 13, ..., on average by 8.
    self.assertAllClose(
      equivariance.mirror_loss(ramp, inputs, ramp(inputs)), 0.8, rtol=1e-4
    )


if __name__ == '__main__':
  tf.test.main()
