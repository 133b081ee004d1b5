"""Warps by hand: where pixels come from, what stays inside, and gradients."""

import math

import numpy as np
import tensorflow as tf
from absl.testing import parameterized

from tf_twingan.losses import image_warps

SEED = tf.constant([1, 2])
# Half a pixel to the right of where it is; a quarter turn around the middle of
# 8 px; twice as large around the same.
SHIFTED = [1, 0, 0.5, 0, 1, 0]
TURNED = [0, -1, 7, 1, 0, 0]
ENLARGED = [0.5, 0, 1.75, 0, 0.5, 1.75]


def images(dtype=tf.float32):
  return tf.cast(tf.random.stateless_normal([1, 8, 8, 3], SEED), dtype)


class ImageWarpsTest(parameterized.TestCase, tf.test.TestCase):
  @parameterized.parameters(tf.float32, tf.float16, tf.bfloat16)
  def test_pixels_come_from_where_the_warp_says(self, dtype):
    image = images(dtype)
    values = tf.cast(image, tf.float32).numpy()
    shifted, turned = (
      image_warps.warp(image, tf.constant([warp], tf.float32))
      for warp in (SHIFTED, TURNED)
    )
    self.assertEqual(shifted.dtype, tf.float32)
    self.assertAllClose(
      shifted[:, :, :-1], (values[:, :, :-1] + values[:, :, 1:]) / 2
    )
    self.assertAllClose(turned, np.rot90(values, axes=(1, 2)))

  def test_what_comes_in_is_the_reflection(self):
    image = images()
    moved = image_warps.warp(image, tf.constant([[1.0, 0, -2, 0, 1, 0]]))
    self.assertAllClose(moved[:, :, 2:], image[:, :, :-2])
    self.assertAllClose(moved[:, :, :2], image[:, :, 2:0:-1])

  @parameterized.parameters(
    (SHIFTED, [[1] * 7 + [0]] * 8), (TURNED, 1), (ENLARGED, 1)
  )
  def test_what_is_inside_by_hand(self, warp, expected):
    inside = image_warps.inside(tf.constant([warp], tf.float32), 8)
    self.assertAllEqual(
      inside[0, ..., 0], np.broadcast_to(np.float32(expected), [8, 8])
    )

  def test_of_a_smaller_image_the_border_is_outside(self):
    # Every pixel comes from twice as far from the middle.
    smaller = tf.constant([[2, 0, -3.5, 0, 2, -3.5]])
    expected = np.zeros([8, 8])
    expected[2:6, 2:6] = 1
    self.assertAllEqual(image_warps.inside(smaller, 8)[0, ..., 0], expected)

  def test_warps_turn_shift_and_scale_by_no_more_than_they_say(self):
    warps = image_warps.random_warps(5000, 32, SEED).numpy()
    a, b, x, c, d, y = warps.T
    self.assertAllEqual((a, b), (d, -c))
    scale, angle = np.hypot(a, c), np.arctan2(c, a)
    middle = 15.5
    right = x + (a + b) * middle - middle
    down = y + (c + d) * middle - middle
    for found, most in (
      (scale - 1, 0.05),
      (angle, math.radians(5)),
      (right, 1.6),
      (down, 1.6),
    ):
      self.assertLess(np.abs(found).max(), most * 1.001)
      # Uniform: the standard deviation is the half width by the root of 3.
      self.assertAllClose(found.std(), most / 3**0.5, rtol=0.05)
      self.assertAllClose(found.mean(), 0, atol=most / 20)
    self.assertAllEqual(warps, image_warps.random_warps(5000, 32, SEED))

  def test_at_every_resolution_the_warps_are_the_same_in_shares_of_it(self):
    coarse, fine = (image_warps.random_warps(9, s, SEED) for s in (8, 64))
    for line in range(2):
      a, b, offset = (3 * line + i for i in range(3))
      self.assertAllClose(coarse[:, a], fine[:, a])
      # Pixels are points here; of corners of pixels the offsets are in
      # proportion to the side.
      first, second = (
        w[:, offset] + 0.5 - (w[:, a] + w[:, b]) / 2 for w in (coarse, fine)
      )
      self.assertAllClose(8 * first, second, rtol=1e-4, atol=1e-4)

  def test_the_gradient_is_the_transpose(self):
    side = 6
    weights = tf.random.stateless_normal([5, side, side, 1], SEED)
    each_pixel = tf.reshape(tf.eye(side**2), [-1, side, side, 1])
    for warp, weight in zip(image_warps.random_warps(5, side, SEED), weights):
      with tf.GradientTape() as tape:
        image = tf.zeros([1, side, side, 1])
        tape.watch(image)
        loss = tf.reduce_sum(weight * image_warps.warp(image, warp[None]))
      found = tf.reshape(tape.gradient(loss, image), [-1])
      warped = image_warps.warp(each_pixel, tf.tile(warp[None], [side**2, 1]))
      expected = tf.reduce_sum(weight * warped, axis=[1, 2, 3])
      self.assertAllClose(found, expected, atol=1e-5)


if __name__ == '__main__':
  tf.test.main()
