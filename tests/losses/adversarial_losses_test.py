"""Each loss against numbers worked out by hand."""

import math

import tensorflow as tf

from tf_twingan.losses import adversarial_losses, reconstruction_losses

REAL = tf.constant([1.0, -1.0])
FAKE = tf.constant([0.5, 2.0])


def softplus(x):
  return math.log1p(math.exp(x))


class LossesTest(tf.test.TestCase):
  def test_non_saturating(self):
    pair = adversarial_losses.ADVERSARIAL['non_saturating']
    self.assertNear(
      pair.generator(FAKE), (softplus(-0.5) + softplus(-2)) / 2, 1e-6
    )
    self.assertNear(
      pair.discriminator(REAL, FAKE),
      (softplus(-1) + softplus(1)) / 2 + (softplus(0.5) + softplus(2)) / 2,
      1e-6,
    )

  def test_hinge(self):
    pair = adversarial_losses.ADVERSARIAL['hinge']
    self.assertNear(pair.generator(FAKE), -1.25, 1e-6)
    # Real: max(0, 1-1), max(0, 1+1). Fake: 1.5, 3.
    self.assertNear(pair.discriminator(REAL, FAKE), 1 + 2.25, 1e-6)

  def test_least_squares(self):
    pair = adversarial_losses.ADVERSARIAL['least_squares']
    self.assertNear(pair.generator(FAKE), (0.25 + 1) / 4, 1e-6)
    self.assertNear(
      pair.discriminator(REAL, FAKE), (0 + 4) / 4 + (0.25 + 4) / 4, 1e-6
    )

  def test_wasserstein(self):
    pair = adversarial_losses.ADVERSARIAL['wasserstein']
    self.assertNear(pair.generator(FAKE), -1.25, 1e-6)
    # The mean of real ones is 0.
    self.assertNear(pair.discriminator(REAL + 3, FAKE), 1.25 - 3, 1e-6)

  def test_the_decision_threshold_is_where_both_gradients_are_alike(self):
    # There, a logit gains as much for a real image as for a generated one.
    for name, pair in adversarial_losses.ADVERSARIAL.items():
      if pair.decision_threshold is None:
        continue
      logits = tf.constant([pair.decision_threshold])
      with tf.GradientTape() as tape:
        tape.watch(logits)
        loss = pair.discriminator(logits, logits)
      self.assertAllClose(tape.gradient(loss, logits), [0.0], msg=name)

  def test_drift(self):
    self.assertNear(
      adversarial_losses.drift(tf.constant([1.0, -3.0])), 5.0, 1e-6
    )

  def test_l1(self):
    a = tf.constant([[1.0, 2.0]], tf.bfloat16)
    self.assertNear(
      reconstruction_losses.l1(a, tf.constant([[0.0, 4.0]])), 1.5, 1e-6
    )

  def test_l1_of_some_pixels(self):
    a = tf.constant([[[[1.0, 2.0]], [[5.0, 9.0]]]])
    where = tf.constant([[[[1.0]], [[0.0]]]])
    l1 = reconstruction_losses.l1(a, tf.zeros_like(a), where)
    self.assertNear(l1, 1.5, 1e-6)
    nowhere = reconstruction_losses.l1(a, tf.zeros_like(a), 0 * where)
    self.assertEqual(nowhere, 0.0)

  def test_cosine_by_hand(self):
    # At right angles, the same direction, the opposite one, and 3-4-5.
    a = [[1.0, 0.0], [2.0, 2.0], [1.0, 0.0], [5.0, 0.0]]
    b = [[0.0, 9.0], [0.1, 0.1], [-3.0, 0.0], [3.0, 4.0]]
    self.assertAllClose(
      [reconstruction_losses.cosine([v], [w]) for v, w in zip(a, b)],
      [1.0, 0.0, 2.0, 0.4],
    )
    self.assertAllClose(reconstruction_losses.cosine(a, b), 3.4 / 4)

  def test_cosine_of_nothing_has_a_gradient(self):
    zero = tf.zeros([1, 2])
    with tf.GradientTape() as tape:
      tape.watch(zero)
      value = reconstruction_losses.cosine(zero, [[1.0, 2.0]])
    self.assertEqual(value, 1.0)
    gradient = tape.gradient(value, zero)
    self.assertTrue(tf.reduce_all(tf.math.is_finite(gradient)))


if __name__ == '__main__':
  tf.test.main()
