"""Each layer against numbers worked out by hand."""

import math

import numpy as np
import tensorflow as tf
from absl.testing import parameterized

from tf_twingan.models import layers


class LayersTest(parameterized.TestCase, tf.test.TestCase):
  def test_conv_scales_its_kernel_at_run_time(self):
    conv = layers.Conv(4, 2, 3)
    conv.kernel.assign(tf.ones_like(conv.kernel))
    outputs = conv(tf.ones([1, 5, 5, 4]))
    # 36 inputs of 1 in the middle, each times sqrt(2 / 36).
    self.assertAllClose(outputs[0, 2, 2], [36 * math.sqrt(2 / 36)] * 2)

  def test_stored_kernels_have_unit_deviation(self):
    self.assertNear(np.std(layers.Conv(64, 64).kernel.numpy()), 1.0, 0.02)

  def test_dense_scales_its_kernel_at_run_time(self):
    dense = layers.Dense(8, 1)
    dense.kernel.assign(tf.ones_like(dense.kernel))
    self.assertAllClose(dense(tf.ones([1, 8])), [[8 * math.sqrt(2 / 8)]])

  def test_layers_compute_in_the_dtype_of_their_input(self):
    outputs = layers.Conv(3, 2)(tf.ones([1, 4, 4, 3], tf.bfloat16))
    self.assertEqual(outputs.dtype, tf.bfloat16)

  def test_leaky_relu_and_its_gradients(self):
    x = tf.constant([-2.0, 3.0])
    with tf.GradientTape() as outer:
      outer.watch(x)
      with tf.GradientTape() as tape:
        tape.watch(x)
        y = layers.leaky_relu(x)
        power = y * y
      first = tape.gradient(power, x)
    self.assertAllClose(y, [-0.4, 3.0])
    self.assertAllClose(first, [2 * -0.4 * 0.2, 6.0])
    self.assertAllClose(outer.gradient(first, x), [2 * 0.04, 2.0])

  def test_leaky_relu_in_bfloat16(self):
    x = tf.constant([-2.0, -0.5, 0.0, 3.0], tf.bfloat16)
    upstream = tf.constant([1.0, -2.0, 4.0, 8.0], tf.bfloat16)
    with tf.GradientTape() as tape:
      tape.watch(x)
      y = layers.leaky_relu(x)
    gradient = tape.gradient(y, x, upstream)
    self.assertEqual(gradient.dtype, tf.bfloat16)
    self.assertAllClose(gradient, [0.2, -0.4, 0.8, 8.0], rtol=0.01)

  @parameterized.parameters(False, True)
  def test_gradients_of_pixel_norm(self, in_graph):
    def plain(x):
      return x / tf.sqrt(tf.reduce_mean(x**2, -1, keepdims=True) + 1e-4)

    x = tf.random.stateless_normal([2, 3, 3, 5], [1, 2])

    def derivatives(function):
      with tf.GradientTape() as outer:
        outer.watch(x)
        with tf.GradientTape() as inner:
          inner.watch(x)
          value = tf.reduce_sum(function(x) ** 3)
        first = inner.gradient(value, x)
        steepness = tf.reduce_sum(first**2)
      return first, outer.gradient(steepness, x)

    def run(function):
      def bound():
        return derivatives(function)

      return (tf.function(bound, autograph=False) if in_graph else bound)()

    for actual, expected in zip(run(layers.pixel_norm), run(plain)):
      self.assertAllClose(actual, expected, atol=1e-4)

  def test_pixel_norm_gives_unit_mean_square(self):
    x = tf.random.stateless_normal([2, 3, 3, 16], [1, 2]) * 7
    power = tf.reduce_mean(layers.pixel_norm(x) ** 2, axis=-1)
    self.assertAllClose(power, tf.ones_like(power), atol=1e-4)

  def test_upsample_repeats_and_its_gradient_sums(self):
    x = tf.reshape(tf.range(4.0), [1, 2, 2, 1])
    weights = tf.reshape(tf.range(16.0), [1, 4, 4, 1])
    with tf.GradientTape() as tape:
      tape.watch(x)
      y = layers.upsample(x)
      total = tf.reduce_sum(y * weights)
    self.assertAllEqual(
      y[0, :, :, 0],
      [[0, 0, 1, 1], [0, 0, 1, 1], [2, 2, 3, 3], [2, 2, 3, 3]],
    )
    self.assertAllClose(
      tape.gradient(total, x)[0, :, :, 0], [[10, 18], [42, 50]]
    )

  def test_bilinear_upsampling_filters_what_nearest_makes(self):
    x = tf.random.stateless_normal([2, 4, 6, 3], [1, 2])
    near = tf.pad(
      layers.upsample(x), [[0, 0], [1, 1], [1, 1], [0, 0]], 'SYMMETRIC'
    )
    taps = np.outer([1, 2, 1], [1, 2, 1]) / 16
    filtered = sum(
      taps[i, j] * near[:, i : i + 8, j : j + 12]
      for i in range(3)
      for j in range(3)
    )
    self.assertAllClose(layers.upsample_bilinear(x), filtered, atol=1e-6)

  def test_bilinear_upsampling_keeps_half_precision(self):
    x = tf.ones([1, 2, 2, 1], tf.bfloat16)
    self.assertEqual(layers.upsample_bilinear(x).dtype, tf.bfloat16)

  def test_minibatch_stddev_of_two_groups(self):
    same = tf.ones([2, 4, 4, 3])
    spread = tf.concat([tf.zeros([1, 4, 4, 3]), tf.fill([1, 4, 4, 3], 2.0)], 0)
    outputs = layers.minibatch_stddev(tf.concat([same, spread], 0), 2)
    self.assertEqual(outputs.shape, [4, 4, 4, 4])
    self.assertAllClose(outputs[:, 0, 0, -1], [0, 0, 1, 1], atol=1e-3)


if __name__ == '__main__':
  tf.test.main()
