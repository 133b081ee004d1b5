"""Oracle, shuffler and tinter get the recall they deserve."""

import numpy as np
from absl.testing import absltest

from tf_twingan.metrics import nearest_counterpart


def random_images(seed=0, count=20):
  return np.random.default_rng(seed).integers(0, 256, [count, 4, 4, 3])


class NearestCounterpartTest(absltest.TestCase):
  def test_an_oracle_is_always_right(self):
    targets = random_images()
    self.assertEqual(nearest_counterpart.recall(targets, targets), 1.0)

  def test_a_shuffler_is_wrong(self):
    targets = random_images()
    shuffled = np.roll(targets, 1, axis=0)
    self.assertEqual(nearest_counterpart.recall(shuffled, targets), 0.0)

  def test_half_right(self):
    targets = random_images()
    half = np.concatenate([targets[:10], np.roll(targets[10:], 1, axis=0)])
    self.assertEqual(nearest_counterpart.recall(half, targets), 0.5)

  def test_ranks_and_order_count_what_is_nearer(self):
    targets = (
      np.zeros([4, 1, 1, 3]) + np.array([0, 10, 30, 70])[:, None, None, None]
    )
    # 31 is nearest to 30, then 10, 0 and, last, its own 70.
    images = targets + np.array([0, 0, 0, -39])[:, None, None, None]
    np.testing.assert_array_equal(
      nearest_counterpart.ranks(images, targets), [0, 0, 0, 3]
    )
    np.testing.assert_array_equal(
      nearest_counterpart.order(images, targets)[3], [2, 1, 0, 3]
    )
    self.assertEqual(nearest_counterpart.recall(images, targets), 0.75)

  def test_removing_the_mean_forgives_a_tint(self):
    targets = random_images(count=2).astype(float)
    # Each image is tinted to the other's mean colour, and beyond.
    means = targets.mean((1, 2), keepdims=True)
    tinted = targets + 50 * (means[::-1] - means)
    self.assertEqual(nearest_counterpart.recall(tinted, targets), 0.0)
    self.assertEqual(
      nearest_counterpart.recall(tinted, targets, remove_mean=True), 1.0
    )

  def test_far_from_the_origin(self):
    targets = random_images() + 1e10
    self.assertEqual(nearest_counterpart.recall(targets, targets), 1.0)

  def test_shapes_must_agree(self):
    with self.assertRaisesRegex(ValueError, 'differ in shape'):
      nearest_counterpart.recall(random_images(), random_images(count=3))


if __name__ == '__main__':
  absltest.main()
