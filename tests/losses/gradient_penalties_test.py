"""Each gradient penalty against numbers worked out by hand."""

import numpy as np
import tensorflow as tf
from absl.testing import parameterized

from tf_twingan.losses import gradient_penalties

SEED = tf.constant([1, 2])


def striped(value):
  """An image of 100 x 100 x 1 whose mean is 0, its deviation `value`."""
  stripes = np.tile([-value, value], 5000).astype(np.float32)
  return tf.constant(stripes.reshape([1, 100, 100, 1]))


def penalty_of(name, logits_of, real, fake):
  """The penalty of one domain, and the points at which it was taken."""
  points = []

  def discriminate(images):
    points.append(images['photo'])
    return {'photo': logits_of(images['photo'])}

  values = gradient_penalties.get_penalty(name)(
    discriminate, {'photo': real}, {'photo': fake}, {'photo': SEED}
  )
  return values['photo'], points[0]


def linear(images):
  return 3 * tf.reduce_sum(images, [1, 2, 3])


def squared(images):
  return tf.reduce_sum(images**2, [1, 2, 3])


class PenaltiesTest(parameterized.TestCase, tf.test.TestCase):
  @parameterized.parameters(
    # Gradient 3 at each of 2 * 2 * 1 pixels: norm 6, half its square 18.
    ('r1', 18.0),
    # One away by 5.
    ('wgan_gp', 25.0),
    ('dragan', 25.0),
    ('dragan_variance', 25.0),
  )
  def test_a_linear_discriminator(self, name, expected):
    value, _ = penalty_of(
      name, linear, tf.zeros([5, 2, 2, 1]), tf.ones([5, 2, 2, 1])
    )
    self.assertAllClose(value, expected)

  def test_a_square_discriminator_is_as_steep_as_the_image_is_bright(self):
    # x^2 has gradient 2x: at 3 and 4 the norm is 10, half its square 50. One
    # image has no standard deviation but its own, so DRAGAN looks elsewhere;
    # with a generated image like the real one WGAN-GP looks at that image.
    real = tf.reshape([3.0, 4.0], [1, 1, 2, 1])
    value, points = penalty_of('r1', squared, real, -real)
    self.assertAllEqual(points, real)
    self.assertAllClose(value, 50.0)
    value, points = penalty_of('wgan_gp', squared, real, real)
    self.assertAllClose(points, real)
    self.assertAllClose(value, 81.0)

  def test_each_domain_has_its_own_penalty(self):
    # Means over two images; gradients 2x of norms 2 and 4, 6 and 8.
    values = gradient_penalties.r1(
      lambda images: {d: squared(p) for d, p in images.items()},
      {
        'photo': tf.reshape([1.0, 2.0], [2, 1, 1, 1]),
        'anime': tf.reshape([3.0, 4.0], [2, 1, 1, 1]),
      },
      {},
      {},
    )
    self.assertAllClose(values, {'photo': (4 + 16) / 4, 'anime': (36 + 64) / 4})

  def test_wgan_gp_looks_on_the_line_from_each_image_to_a_generated_one(self):
    real, fake = tf.ones([64, 3, 3, 2]), tf.zeros([64, 3, 3, 2])
    points = penalty_of('wgan_gp', linear, real, fake)[1].numpy()
    shares = points[:, 0, 0, 0]
    # One share for a whole image, another for each.
    self.assertAllEqual(
      points, np.broadcast_to(shares[:, None, None, None], points.shape)
    )
    self.assertLen(set(shares.tolist()), 64)
    self.assertBetween(shares.min(), 0.0, 0.1)
    self.assertBetween(shares.max(), 0.9, 1.0)
    self.assertAllClose(
      penalty_of('wgan_gp', linear, 2 * real, fake - 1)[1],
      3 * points - 1,
      rtol=1e-5,
    )

  @parameterized.parameters(
    ('dragan', 0.0, 0.2), ('dragan_variance', -0.08, 0.08)
  )
  def test_dragan_looks_around_as_far_as_half_the_deviation(
    self, name, lowest, highest
  ):
    # Of deviation 0.4, variance 0.16.
    real = tf.tile(striped(0.4), [64, 1, 1, 1])
    noise = penalty_of(name, linear, real, -real)[1] - real
    self.assertBetween(
      float(tf.reduce_min(noise)), lowest - 1e-6, 0.9 * lowest + 0.001
    )
    self.assertBetween(
      float(tf.reduce_max(noise)), 0.9 * highest, highest + 1e-6
    )
    # As far as a share of its own for each image, from none to all.
    reach = np.sort(np.max(noise, axis=(1, 2, 3)) / highest)
    self.assertAllClose(reach, np.linspace(0, 1, 64), atol=0.2)
    self.assertLen(set(reach.tolist()), 64)

  def test_a_flat_discriminator_can_be_made_steeper(self):
    slope = tf.Variable(0.0)
    images = tf.ones([1, 2, 2, 1])
    with tf.GradientTape() as tape:
      value, _ = penalty_of(
        'wgan_gp', lambda x: slope * tf.reduce_sum(x, [1, 2, 3]), images, images
      )
    self.assertTrue(np.isfinite(tape.gradient(value, slope)))

  def test_none_is_none_and_others_are_named(self):
    self.assertIsNone(gradient_penalties.get_penalty('none'))
    for name in gradient_penalties.PENALTIES:
      self.assertEqual(gradient_penalties.get_penalty(name).__name__, name)
    with self.assertRaisesRegex(ValueError, "'r2'; choose one of r1, wgan_gp"):
      gradient_penalties.get_penalty('r2')


if __name__ == '__main__':
  tf.test.main()
