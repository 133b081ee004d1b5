"""Differences known by hand, in their units."""

import numpy as np
from absl.testing import absltest, parameterized

from tf_twingan.metrics import fidelity


def flat(*values):
  """Images of one value each."""
  return np.stack([np.full([4, 4, 3], v, np.uint8) for v in values])


class FidelityTest(parameterized.TestCase):
  def test_l1_is_per_image_and_in_units_of_uint8(self):
    values = fidelity.l1(flat(0, 255, 7), flat(255, 0, 7))
    np.testing.assert_array_equal(values, [255, 255, 0])
    self.assertEqual(values.dtype, np.float64)

  def test_l1_is_the_mean_over_pixels_and_channels(self):
    image, target = flat(100), flat(100)
    image[0, 1, 2, 0] += 48
    target[0, 3, 0, 1] += 96
    np.testing.assert_allclose(fidelity.l1(image, target), [3])

  def test_l1_keeps_the_unit_it_is_given(self):
    ones = np.ones([2, 4, 4, 3], np.float32)
    np.testing.assert_array_equal(fidelity.l1(ones, -ones), [2, 2])

  def test_psnr_by_hand(self):
    # 20 log10(255) = 48.1308; ten times the difference costs 20 dB.
    np.testing.assert_allclose(
      fidelity.psnr(flat(0, 1, 20, 9), flat(255, 0, 10, 9)),
      [0, 48.130804, 28.130804, np.inf],
      atol=1e-6,
    )

  def test_psnr_is_of_the_mean_square(self):
    # One of 48 values off by 48: a mean square of 48.
    image = flat(100)
    image[0, 1, 2, 0] += 48
    np.testing.assert_allclose(
      fidelity.psnr(image, flat(100)), [10 * np.log10(255**2 / 48)]
    )

  def test_psnr_of_another_peak(self):
    np.testing.assert_allclose(
      fidelity.psnr(flat(20) / 255, flat(10) / 255, peak=1), [28.130804]
    )

  @parameterized.parameters(
    (-1.0, 'from -1.0 to -1.0 for a peak of 255'),
    (256.0, 'from 256.0 to 256.0'),
    (np.nan, 'from nan to nan'),
  )
  def test_psnr_needs_the_range_of_its_peak(self, value, regex):
    images = np.full([1, 4, 4, 3], value)
    with self.assertRaisesRegex(ValueError, regex):
      fidelity.psnr(flat(3), images)

  @parameterized.parameters(fidelity.l1, fidelity.psnr)
  def test_shapes_must_fit(self, measure):
    with self.assertRaisesRegex(ValueError, 'differ in shape'):
      measure(flat(1, 2), flat(1))
    with self.assertRaisesRegex(ValueError, r'give \[n, height, width'):
      measure(flat(1)[0], flat(1)[0])
    with self.assertRaisesRegex(ValueError, 'at least one image'):
      measure(flat(1)[:0], flat(1)[:0])


if __name__ == '__main__':
  absltest.main()
