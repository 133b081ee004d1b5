"""Weights of images: what balances values, and epochs that keep shares."""

import collections

import numpy as np
from absl.testing import absltest, parameterized

from tf_twingan.data import image_weights


class ImageWeightsTest(parameterized.TestCase):
  def test_each_value_weighs_the_same(self):
    values = ['f'] * 6 + ['m'] * 2 + [''] * 4
    weights = image_weights.balanced(values)
    np.testing.assert_allclose(weights, [4 / 6] * 6 + [2] * 2 + [1] * 4)

  def test_nothing_known_weighs_alike(self):
    np.testing.assert_array_equal(image_weights.balanced(['', '']), [1, 1])

  @parameterized.parameters(
    ([[1, 2]], r'\[1, 2\] weights for 2 images'),
    ([1, -1], '0 or more'),
    ([0, 0], 'not all 0'),
    ([1, np.nan], '0 or more'),
    ([1, np.inf], '0 or more'),
  )
  def test_wrong_weights(self, weights, pattern):
    with self.assertRaisesRegex(ValueError, pattern):
      image_weights.check(weights, 2)

  def test_every_epoch_keeps_the_shares(self):
    values = np.array(['f', 'f', 'm', 'f', '', 'm', 'x'] * 15 + ['f'] * 13)
    weights = image_weights.balanced(list(values))
    total = collections.Counter()
    for number in range(50):
      chosen = image_weights.epoch(weights, number, 0.3)
      self.assertLen(chosen, len(values))
      found = collections.Counter(values[chosen])
      for value in set(values):
        share = weights[values == value].sum()
        self.assertLess(abs(found[value] - share), 1 + 1e-9, value)
      times = np.bincount(chosen, minlength=len(values))
      self.assertLess(np.abs(times - weights).max(), 1)
      total.update(chosen.tolist())
    # In the long run each image has its own share.
    for index, weight in enumerate(weights):
      self.assertLess(abs(total[index] - 50 * weight), 2)

  def test_images_without_weight_never_come(self):
    weights = image_weights.check([0, 3, 0, 1, 0], 5)
    for number in range(20):
      chosen = image_weights.epoch(weights, number, 0.0)
      self.assertLessEqual({*chosen.tolist()}, {1, 3})

  def test_the_start_decides_who_is_rounded_up(self):
    weights = image_weights.check(np.arange(1, 41), 40)
    some = {tuple(image_weights.epoch(weights, 0, s)) for s in (0.1, 0.5, 0.9)}
    self.assertLen(some, 3)


if __name__ == '__main__':
  absltest.main()
