"""Fitting pairs pass, up to the ends of their range; misfits do not."""

import numpy as np
from absl.testing import absltest, parameterized

from tf_twingan.metrics import image_pairs


def flat(*values):
  """Images of one value each."""
  return np.stack([np.full([4, 4, 3], value) for value in values])


class PairsTest(parameterized.TestCase):
  def test_fitting_pairs_pass(self):
    image_pairs.check(flat(0, 255), flat(255, 0), 255)
    image_pairs.check(flat(0.0, 0.5), flat(1.0, 0.5), 1)

  def test_without_a_peak_any_range_will_do(self):
    image_pairs.check(flat(-7.0, 0.0), flat(3e5, np.nan))

  @parameterized.parameters(
    (-1.0, 2.0, 'from -1.0 to 2.0 for a peak of 2'),
    (0.0, 2.5, 'from 0.0 to 2.5 for a peak of 2'),
    (1.0, np.nan, 'from nan to nan'),
  )
  def test_values_must_lie_in_the_range(self, low, high, regex):
    good, bad = flat(0.0, 2.0), flat(low, high)
    with self.assertRaisesRegex(ValueError, regex):
      image_pairs.check(good, bad, 2)
    with self.assertRaisesRegex(ValueError, regex):
      image_pairs.check(bad, good, 2)

  def test_shapes_must_fit(self):
    with self.assertRaisesRegex(
      ValueError, r'\(2, 4, 4, 3\) .* differ in shape'
    ):
      image_pairs.check(flat(1, 2), flat(1))
    with self.assertRaisesRegex(ValueError, r'give \[n, height, width'):
      image_pairs.check(flat(1)[0], flat(1)[0])
    with self.assertRaisesRegex(ValueError, 'at least one image'):
      image_pairs.check(flat(1)[:0], flat(1)[:0])


if __name__ == '__main__':
  absltest.main()
