"""Which images come out of the pool, and which stay in it."""

import numpy as np
import tensorflow as tf

from tf_twingan.losses import image_pool


def numbered(first, count=4):
  """Images of 2 px that hold their number."""
  numbers = tf.range(first, first + count, dtype=tf.float32)
  return tf.tile(numbers[:, None, None, None], [1, 2, 2, 3])


def numbers(images):
  return np.asarray(images)[:, 0, 0, 0].astype(int).tolist()


class ImagePoolTest(tf.test.TestCase):
  def test_it_fills_up_first(self):
    pool = image_pool.ImagePool(6, 2)
    self.assertEqual(numbers(pool.swap(numbered(10), [0, 1])), [10, 11, 12, 13])
    self.assertEqual(numbers(pool.images), [10, 11, 12, 13, 0, 0])
    # Two of the next four fit; the others pass by.
    self.assertEqual(numbers(pool.swap(numbered(20), [0, 2])), [20, 21, 22, 23])
    self.assertEqual(numbers(pool.images), [10, 11, 12, 13, 20, 21])
    self.assertEqual(int(pool.count), 6)

  def test_half_is_swapped_for_old_ones_and_none_is_lost(self):
    pool = image_pool.ImagePool(8, 2)
    for first in (0, 4):
      pool.swap(numbered(first), [0, first])
    swap = tf.function(pool.swap, autograph=False)
    swapped = 0
    for step in range(100):
      first = 100 + 4 * step
      before = numbers(pool.images)
      seed = tf.constant([0, step])
      out = numbers(swap(numbered(first), seed))
      new = list(range(first, first + 4))
      # What went in and what was there is what came out and what is there.
      self.assertCountEqual(before + new, numbers(pool.images) + out)
      for own, given in zip(new, out):
        if own != given:
          swapped += 1
          self.assertIn(given, before)
    self.assertBetween(swapped / 400, 0.42, 0.58)

  def test_the_seed_decides(self):
    results = []
    for seed in (1, 1, 2):
      pool = image_pool.ImagePool(4, 2)
      pool.swap(numbered(0), [0, 0])
      results.append(
        [numbers(pool.swap(numbered(9 + 4 * i), [seed, i])) for i in range(3)]
      )
    self.assertEqual(results[0], results[1])
    self.assertNotEqual(results[0], results[2])

  def test_no_gradient_comes_out(self):
    pool, new = image_pool.ImagePool(4, 2), numbered(0)
    with tf.GradientTape() as tape:
      tape.watch(new)
      total = tf.reduce_sum(pool.swap(new, [0, 0]))
    self.assertIsNone(tape.gradient(total, new))

  def test_a_batch_that_does_not_fit(self):
    pool = image_pool.ImagePool(3, 2)
    with self.assertRaisesRegex(ValueError, '4 images.*pool_size'):
      pool.swap(numbered(0), [0, 0])


if __name__ == '__main__':
  tf.test.main()
