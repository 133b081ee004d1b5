"""NaN and infinity are counted; everything else passes."""

import numpy as np
from absl.testing import absltest, parameterized

from tf_twingan.metrics import finite


class FiniteTest(parameterized.TestCase):
  def test_what_is_not_finite_is_counted(self):
    values = np.zeros([2, 3, 4], np.float32)
    values[0, 1, 2:], values[1, 2, 3] = [np.nan, np.inf], -np.inf
    with self.assertRaisesRegex(ValueError, '^3 of the 24 values of sources'):
      finite.check(values, 'sources')

  @parameterized.parameters(np.uint8, np.int64, np.float32, bool)
  def test_finite_values_pass(self, dtype):
    finite.check(np.ones([2, 3], dtype), 'sources')
    finite.check(np.zeros([0, 3], dtype), 'sources')

  def test_the_largest_float_passes(self):
    finite.check(np.full([3], np.finfo(np.float64).max), 'sources')


if __name__ == '__main__':
  absltest.main()
