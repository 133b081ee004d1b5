"""Fitting sets come back in float64; each misfit is named."""

import numpy as np
from absl.testing import absltest, parameterized

from tf_twingan.metrics import feature_sets


class FeaturesTest(parameterized.TestCase):
  def test_fitting_sets_come_back_in_order_and_float64(self):
    real, fake = feature_sets.checked(
      real=np.array([[1, 2], [3, 4]], np.uint8),
      fake=np.array([[5, 6]], np.float32),
    )
    np.testing.assert_array_equal(real, [[1, 2], [3, 4]])
    np.testing.assert_array_equal(fake, [[5, 6]])
    self.assertEqual((real.dtype, fake.dtype), (np.float64, np.float64))

  def test_as_few_rows_as_allowed(self):
    real, fake = feature_sets.checked(
      real=np.ones([3, 2]), fake=np.ones([4, 2]), fewest=3
    )
    self.assertEqual((len(real), len(fake)), (3, 4))

  @parameterized.parameters(
    ([4], [4, 2], 1, r'real features of shape \(4,\); give \[n, d\]'),
    ([4, 2], [4, 2, 1], 1, r'fake features of shape \(4, 2, 1\)'),
    ([3, 2], [4, 2], 4, r'real features of shape \(3, 2\); .* at least 4'),
    ([4, 2], [3, 2], 4, r'fake features of shape \(3, 2\); .* at least 4'),
    ([4, 2], [0, 2], 1, 'fake features .* at least 1'),
    ([4, 2], [4, 3], 1, r'real \(4, 2\) and fake \(4, 3\) differ'),
  )
  def test_shapes_must_fit(self, real, fake, fewest, regex):
    with self.assertRaisesRegex(ValueError, regex):
      feature_sets.checked(
        real=np.ones(real), fake=np.ones(fake), fewest=fewest
      )

  @parameterized.parameters('real', 'fake')
  def test_features_must_be_finite(self, damaged):
    sets = {'real': np.ones([4, 2]), 'fake': np.ones([5, 2])}
    sets[damaged][1] = np.nan, -np.inf
    with self.assertRaisesRegex(ValueError, f'2 of .* of {damaged} features'):
      feature_sets.checked(**sets)


if __name__ == '__main__':
  absltest.main()
