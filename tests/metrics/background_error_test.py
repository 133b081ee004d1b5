"""Mottled and mistaken backgrounds are seen, foregrounds are not."""

import numpy as np
from absl.testing import absltest

from tf_twingan.metrics import background_error


class BackgroundErrorTest(absltest.TestCase):
  def setUp(self):
    super().setUp()
    self.targets = np.full([3, 4, 4, 3], 100, np.uint8)
    self.masks = np.zeros([3, 4, 4], bool)
    self.masks[:2, :2] = True  # The third has no background.
    self.images = self.targets.copy()

  def errors(self):
    return background_error.measure(self.images, self.targets, self.masks)

  def test_a_true_background_has_no_error(self):
    np.testing.assert_array_equal(self.errors(), [0, 0, np.nan])

  def test_the_foreground_does_not_count(self):
    self.images[:, 2:] = 255
    np.testing.assert_array_equal(self.errors(), [0, 0, np.nan])

  def test_blotches_and_a_wrong_colour_count_by_their_size(self):
    # Of eight pixels two are darker by 40, which uint8 must not wrap round.
    self.images[0, 0, :2] -= 40
    self.images[1, :2] += 10
    np.testing.assert_allclose(self.errors(), [10, 10, np.nan])

  def test_what_does_not_fit_is_refused(self):
    with self.assertRaisesRegex(ValueError, 'one bool for each pixel'):
      background_error.measure(self.images, self.targets, self.masks[:, :3])
    with self.assertRaisesRegex(ValueError, 'one bool for each pixel'):
      background_error.measure(
        self.images, self.targets, self.masks.astype(np.uint8) * 255
      )
    with self.assertRaisesRegex(ValueError, 'differ in shape'):
      background_error.measure(self.images[:2], self.targets, self.masks)


if __name__ == '__main__':
  absltest.main()
