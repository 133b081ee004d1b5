"""Each loss and penalty against numbers worked out by hand."""

import math

import numpy as np
import tensorflow as tf

from tf_twingan import losses

REAL = tf.constant([1.0, -1.0])
FAKE = tf.constant([0.5, 2.0])


def softplus(x):
  return math.log1p(math.exp(x))


class LossesTest(tf.test.TestCase):
  def test_non_saturating(self):
    pair = losses.ADVERSARIAL['non_saturating']
    self.assertNear(
      pair.generator(FAKE), (softplus(-0.5) + softplus(-2)) / 2, 1e-6
    )
    self.assertNear(
      pair.discriminator(REAL, FAKE),
      (softplus(-1) + softplus(1)) / 2 + (softplus(0.5) + softplus(2)) / 2,
      1e-6,
    )

  def test_hinge(self):
    pair = losses.ADVERSARIAL['hinge']
    self.assertNear(pair.generator(FAKE), -1.25, 1e-6)
    # Real: max(0, 1-1), max(0, 1+1). Fake: 1.5, 3.
    self.assertNear(pair.discriminator(REAL, FAKE), 1 + 2.25, 1e-6)

  def test_least_squares(self):
    pair = losses.ADVERSARIAL['least_squares']
    self.assertNear(pair.generator(FAKE), (0.25 + 1) / 4, 1e-6)
    self.assertNear(
      pair.discriminator(REAL, FAKE), (0 + 4) / 4 + (0.25 + 4) / 4, 1e-6
    )

  def test_r1_of_a_linear_critic(self):
    # Gradient 3 at each of 2 * 2 * 1 pixels: squared norm 36, half of it 18.
    critic = lambda x: 3 * tf.reduce_sum(x, [1, 2, 3])  # noqa: E731
    self.assertNear(losses.r1(critic, tf.zeros([5, 2, 2, 1])), 18.0, 1e-4)

  def test_dragan_of_a_linear_critic(self):
    # Gradient norm 6, one away by 5 everywhere: 25.
    critic = lambda x: 3 * tf.reduce_sum(x, [1, 2, 3])  # noqa: E731
    value = losses.dragan(critic, tf.zeros([5, 2, 2, 1]), tf.constant([1, 2]))
    self.assertNear(value, 25.0, 1e-4)

  def test_dragan_looks_around_the_pictures_half_a_deviation_wide(self):
    seen = []

    def critic(x):
      seen.append(x)
      return tf.reduce_sum(x**2, [1, 2, 3])

    real = tf.constant(np.tile([-1.0, 1.0], 5000), tf.float32)
    real = tf.reshape(real, [1, 100, 100, 1])  # Standard deviation 1.
    losses.dragan(critic, real, tf.constant([1, 2]))
    noise = seen[0] - real
    self.assertBetween(float(tf.reduce_min(noise)), 0.0, 0.01)
    self.assertBetween(float(tf.reduce_max(noise)), 0.49, 0.5)

  def test_l1(self):
    a = tf.constant([[1.0, 2.0]], tf.bfloat16)
    self.assertNear(losses.l1(a, tf.constant([[0.0, 4.0]])), 1.5, 1e-6)


if __name__ == '__main__':
  tf.test.main()
