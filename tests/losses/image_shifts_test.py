"""Shifts by hand, and that they are the same without tensorflow-addons."""

import numpy as np
import tensorflow as tf
from absl.testing import parameterized

from tf_twingan.losses import image_shifts

try:
  import tensorflow_addons as tfa
except ImportError:
  tfa = None

OFFSETS = tf.constant([[0, 0], [1, 0], [0, 2], [-3, 1], [2, -2], [-8, 0.0]])


def random_images(dtype=tf.float32):
  shape = [len(OFFSETS), 8, 6, 3]
  return tf.cast(tf.random.stateless_normal(shape, [1, 2]), dtype)


def with_gradients(shift, images):
  """Its images, a gradient, and the gradient of that one's square."""

  @tf.function(autograph=False)
  def run(images):
    with tf.GradientTape() as outer:
      outer.watch(images)
      with tf.GradientTape() as inner:
        inner.watch(images)
        shifted = shift(images, OFFSETS)
        cubes = tf.reduce_sum(shifted**3)
      first = inner.gradient(cubes, images)
      squares = tf.reduce_sum(first**2)
    return shifted, first, outer.gradient(squares, images)

  return run(images)


class ImageShiftsTest(parameterized.TestCase, tf.test.TestCase):
  def test_it_is_addons_where_that_is_installed(self):
    used = image_shifts._implementation()
    if tfa is None:
      self.assertIs(used, image_shifts.shift_without_addons)
    else:
      self.assertIs(used, tfa.image.translate)

  @parameterized.parameters(tf.float32, tf.float16)
  def test_the_same_bits_without_addons(self, dtype):
    if tfa is None:
      self.skipTest('tensorflow-addons is not installed.')
    images = random_images(dtype)
    theirs = with_gradients(tfa.image.translate, images)
    own = with_gradients(image_shifts.shift_without_addons, images)
    for expected, found in zip(theirs, own):
      self.assertEqual(found.dtype, dtype)
      self.assertAllEqual(expected, found)

  @parameterized.parameters(tf.float32, tf.float16)
  def test_values_and_gradients_by_hand(self, dtype):
    images = random_images(dtype)
    shifted, first, second = with_gradients(
      image_shifts.shift_without_addons, images
    )
    remain = np.zeros(images.shape)
    for index, (right, down) in enumerate(OFFSETS.numpy().astype(int)):
      expected = np.zeros(images.shape[1:], dtype.as_numpy_dtype)
      for y in range(8):
        for x in range(6):
          if 0 <= y + down < 8 and 0 <= x + right < 6:
            expected[y + down, x + right] = images[index, y, x]
            remain[index, y, x] = 1.0
      self.assertAllEqual(shifted[index], expected)
    # Of x cubed, 3 x^2; of 9 x^4, 36 x^3: where a pixel stays in the image.
    values = tf.cast(images, tf.float32)
    tolerance = dict(rtol=1e-2 if dtype == tf.float16 else 1e-5)
    self.assertAllClose(first, 3 * values**2 * remain, **tolerance)
    self.assertAllClose(second, 36 * values**3 * remain, **tolerance)


if __name__ == '__main__':
  tf.test.main()
