"""Singular values of effective kernels, against numpy's."""

import numpy as np
import tensorflow as tf
from absl.testing import parameterized

from tests import two_devices
from tf_twingan.models import layers, spectral_normalization
from tf_twingan.models.discriminators import progressive


def largest(layer):
  kernel = layer.scaled_kernel().numpy()
  matrix = kernel.reshape([-1, kernel.shape[-1]])
  return np.linalg.svd(matrix, compute_uv=False)[0]


def diagonal():
  """A layer with singular values 3 and 1."""
  dense = layers.Dense(2, 2, spectral_norm=True)
  dense.kernel.assign([[3.0, 0.0], [0.0, 1.0]])
  for _ in range(20):
    spectral_normalization.power_iteration_step(
      [dense], tf.distribute.get_strategy()
    )
  return dense


class SpectralTest(parameterized.TestCase, tf.test.TestCase):
  @parameterized.parameters(
    (layers.Conv, (64, 32)),
    (layers.Conv, (3, 64, 1)),
    (layers.Conv, (8, 3, 7)),
    (layers.Dense, (256, 64)),
    (layers.Dense, (64, 1)),
  )
  def test_the_largest_singular_value_is_one(self, kind, shape):
    layer = kind(*shape, spectral_norm=True)
    self.assertBetween(largest(layer), 0.99, 1.1)

  def test_it_follows_a_kernel_that_changes(self):
    conv = layers.Conv(16, 16, spectral_norm=True)
    conv.kernel.assign(tf.random.stateless_normal(conv.kernel.shape, [1, 2]))
    for _ in range(20):
      spectral_normalization.power_iteration_step(
        [conv], tf.distribute.get_strategy()
      )
    self.assertBetween(largest(conv), 0.99, 1.05)

  def test_a_layer_by_hand(self):
    dense = diagonal()
    self.assertAllClose(np.abs(dense.spectral.direction), [1, 0], atol=1e-6)
    with tf.GradientTape() as tape:
      kernel = dense.scaled_kernel()
      last = kernel[1, 1]
    self.assertAllClose(kernel, [[1, 0], [0, 1 / 3]], atol=1e-6)
    # k11 / k00, by each of them.
    self.assertAllClose(
      tape.gradient(last, dense.kernel), [[-1 / 9, 0], [0, 1 / 3]], atol=1e-6
    )

  def test_growing_a_kernel_gains_nothing(self):
    conv = layers.Conv(8, 8, spectral_norm=True)
    for _ in range(200):
      spectral_normalization.power_iteration_step(
        [conv], tf.distribute.get_strategy()
      )
    x = tf.random.stateless_normal([2, 4, 4, 8], [3, 4])
    before = conv(x)
    with tf.GradientTape() as tape:
      loss = tf.reduce_sum(conv(x) ** 2)
    radial = tf.reduce_sum(tape.gradient(loss, conv.kernel) * conv.kernel)
    self.assertNear(float(radial), 0.0, 1e-3 * float(loss))
    conv.kernel.assign(conv.kernel * 5)
    self.assertAllClose(conv(x), before, atol=1e-5)

  def test_using_a_layer_changes_nothing(self):
    conv = layers.Conv(4, 4, spectral_norm=True)
    before = [v.numpy() for v in conv.variables]
    conv(tf.ones([1, 4, 4, 4]))
    for old, variable in zip(before, conv.variables, strict=True):
      self.assertAllEqual(old, variable)

  def test_a_kernel_of_zeros_stays_finite(self):
    conv = layers.Conv(4, 4, spectral_norm=True)
    conv.kernel.assign(tf.zeros_like(conv.kernel))
    spectral_normalization.power_iteration_step(
      [conv], tf.distribute.get_strategy()
    )
    self.assertAllEqual(conv.scaled_kernel(), tf.zeros_like(conv.kernel))

  def test_half_precision_stays(self):
    conv = layers.Conv(4, 4, spectral_norm=True)
    outputs = conv(tf.ones([1, 4, 4, 4], tf.bfloat16))
    self.assertEqual(outputs.dtype, tf.bfloat16)
    self.assertEqual(conv.scaled_kernel().dtype, tf.float32)

  def test_two_replicas_go_one_step(self):
    strategy = two_devices.strategy()
    with strategy.scope():
      conv = layers.Conv(4, 4, spectral_norm=True)
    single = layers.Conv(4, 4, spectral_norm=True)
    for own, other in zip(single.variables, conv.variables, strict=True):
      own.assign(other.numpy() + 0.5)
      other.assign(other.numpy() + 0.5)
    spectral_normalization.power_iteration_step([conv], strategy)
    spectral_normalization.power_iteration_step(
      [single], tf.distribute.get_strategy()
    )
    for direction in strategy.experimental_local_results(
      conv.spectral.direction
    ):
      self.assertAllClose(direction, single.spectral.direction)

  def test_every_layer_of_a_network_is_found(self):
    shape = dict(channels_base=16, channels_max=8, attention_resolution=8)
    normalized = progressive.Discriminator(8, spectral_norm=True, **shape)
    # Two from_rgb, two of a block, three at the end, four of attention.
    self.assertLen(
      spectral_normalization.right_singular_vectors(normalized), 2 + 2 + 3 + 4
    )
    plain = progressive.Discriminator(8, **shape)
    self.assertEmpty(spectral_normalization.right_singular_vectors(plain))
    self.assertEmpty(plain.non_trainable_variables)


if __name__ == '__main__':
  two_devices.configure()
  tf.test.main()
