"""Distances by hand, and where an expanded square goes wrong."""

import numpy as np
from absl.testing import absltest

from tf_twingan.metrics import distances


class SquaredTest(absltest.TestCase):
  def test_by_hand(self):
    np.testing.assert_allclose(
      distances.squared(
        np.array([[0.0, 0.0], [3.0, 4.0]]),
        np.array([[3.0, 0.0], [3.0, 4.0], [0.0, -1.0]]),
      ),
      [[9, 25, 1], [16, 0, 34]],
    )

  def test_equal_rows_far_from_the_origin(self):
    rows = np.random.default_rng(0).normal(size=[20, 8]) + 1e6
    squared = distances.squared(rows, rows)
    np.testing.assert_array_equal(np.diag(squared), 0)
    exact = np.square(rows[:, None] - rows[None]).sum(-1)
    np.testing.assert_allclose(squared, exact, rtol=1e-6)

  def test_the_sets_are_left_as_they_are(self):
    a, b = np.ones([2, 3]), np.full([4, 3], 5.0)
    distances.squared(a, b)
    np.testing.assert_array_equal(a, np.ones([2, 3]))
    np.testing.assert_array_equal(b, np.full([4, 3], 5.0))


if __name__ == '__main__':
  absltest.main()
