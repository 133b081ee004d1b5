"""Plain convolutions by hand, and what instance norm leaves."""

import keras
import tensorflow as tf

from tf_twingan.models import cyclegan_layers


def ramp(side=4):
  return tf.reshape(tf.range(side * side, dtype=tf.float32), [1, side, side, 1])


class PlainTest(tf.test.TestCase):
  def test_borders_are_mirrored_or_zero(self):
    # The corner of the ramp, 0 1 / 4 5, becomes 5 4 5 / 1 0 1 / 5 4 5.
    for reflect, expected in ((True, 30), (False, 10)):
      conv = cyclegan_layers.Conv(1, 1, 3, reflect=reflect)
      conv.kernel.assign(tf.ones([3, 3, 1, 1]))
      self.assertAllEqual(conv(ramp())[0, 0, 0, 0], expected)

  def test_a_stride_halves_and_a_transposed_one_doubles(self):
    conv = cyclegan_layers.Conv(1, 2, 4, stride=2)
    self.assertEqual(conv(ramp(8)).shape, [1, 4, 4, 2])
    up = cyclegan_layers.UpConv(1, 2, 4)
    self.assertEqual(up(ramp(8)).shape, [1, 16, 16, 2])
    # A single pixel is spread as the kernel, cut at the border.
    up = cyclegan_layers.UpConv(1, 1, 4)
    up.kernel.assign(ramp()[0][..., None])
    self.assertAllEqual(up(tf.ones([1, 1, 1, 1]))[0, ..., 0], [[5, 6], [9, 10]])

  def test_weights_start_as_in_the_papers(self):
    keras.utils.set_random_seed(1)
    conv = cyclegan_layers.Conv(64, 64, 3, use_bias=True)
    self.assertAllClose(tf.math.reduce_std(conv.kernel), 0.02, rtol=0.02)
    self.assertAllEqual(conv.bias, tf.zeros([64]))
    self.assertIsNone(cyclegan_layers.Conv(3, 4, 3).bias)

  def test_instance_norm_is_of_each_image_and_channel(self):
    images = tf.random.stateless_normal([3, 8, 8, 2], [1, 0], 5.0, 3.0)
    normed = cyclegan_layers.instance_norm(images)
    mean, variance = tf.nn.moments(normed, [1, 2])
    self.assertAllClose(mean, tf.zeros([3, 2]), atol=1e-5)
    self.assertAllClose(variance, tf.ones([3, 2]), atol=1e-4)
    self.assertAllClose(
      cyclegan_layers.instance_norm(images[1:2])[0], normed[1]
    )
    self.assertEqual(
      cyclegan_layers.instance_norm(tf.cast(images, tf.bfloat16)).dtype,
      tf.bfloat16,
    )


if __name__ == '__main__':
  tf.test.main()
