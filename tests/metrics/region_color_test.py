"""Region colours are recognized, whatever surrounds the regions."""

import numpy as np
from absl.testing import absltest

from tf_twingan.metrics import region_color

PALETTE = np.array([[0, 0, 0], [200, 50, 50], [50, 50, 200]])


class RegionColorTest(absltest.TestCase):
  def setUp(self):
    super().setUp()
    self.masks = np.zeros([3, 4, 4], bool)
    self.masks[:2, :2] = True  # The third is empty.
    self.images = np.full([3, 4, 4, 3], 90, np.uint8)
    self.images[0, :2] = [180, 60, 40]
    self.images[1, :2] = [70, 40, 210]

  def test_each_region_has_its_own_colour(self):
    np.testing.assert_array_equal(
      region_color.nearest(self.images, self.masks, PALETTE), [1, 2, -1]
    )

  def test_what_lies_outside_does_not_count(self):
    self.images[:, 2:] = [255, 0, 0]
    np.testing.assert_array_equal(
      region_color.nearest(self.images, self.masks, PALETTE), [1, 2, -1]
    )

  def test_the_mean_over_the_region_counts(self):
    # Half black, half red: (100, 25, 25) is nearer to red than to black.
    self.images[0, 0], self.images[0, 1] = [0, 0, 0], [200, 50, 50]
    self.images[0, 1, 0] = [255, 60, 60]
    self.assertEqual(
      region_color.nearest(self.images, self.masks, PALETTE)[0], 1
    )

  def test_masks_must_fit(self):
    with self.assertRaisesRegex(ValueError, 'one value for each pixel'):
      region_color.nearest(self.images, self.masks[:, :3], PALETTE)


if __name__ == '__main__':
  absltest.main()
