"""Masks grow by neighbours, and fills stop at gaps."""

import numpy as np
from absl.testing import absltest

from tf_twingan import image_masks


def mask(*rows):
  return np.array([[c == '#' for c in row] for row in rows])


class ImageMasksTest(absltest.TestCase):
  def test_dilated(self):
    spot = mask('....', '.#..', '....')
    np.testing.assert_array_equal(
      image_masks.dilated(np.stack([spot, ~spot])),
      [mask('.#..', '###.', '.#..'), np.ones([3, 4], bool)],
    )
    np.testing.assert_array_equal(spot, mask('....', '.#..', '....'))

  def test_flood_fill_stays_within_what_is_connected(self):
    within = mask('##.#', '.#.#', '.##.')
    np.testing.assert_array_equal(
      image_masks.flood_fill(mask('#...', '....', '....'), within),
      mask('##..', '.#..', '.##.'),
    )
    nowhere = np.zeros_like(within)
    self.assertFalse(image_masks.flood_fill(nowhere, within).any())


if __name__ == '__main__':
  absltest.main()
