"""Frames are turned as a player turns them."""

import numpy as np
from absl.testing import absltest, parameterized

from tf_twingan.inference.films import orientation

# A letter that looks different from every side.
IMAGE = np.array([[1, 2, 3], [4, 0, 0]])[..., None]


class OrientationTest(parameterized.TestCase):
  @parameterized.parameters(
    # Each place (p, q) is shown at (a p + c q, b p + d q).
    ((1, 0, 0, 1), [[1, 2, 3], [4, 0, 0]]),
    # A phone held upright: a quarter clockwise.
    ((0, 1, -1, 0), [[4, 1], [0, 2], [0, 3]]),
    ((0, -1, 1, 0), [[3, 0], [2, 0], [1, 4]]),
    ((-1, 0, 0, -1), [[0, 0, 4], [3, 2, 1]]),
    # A front camera: as in a mirror.
    ((-1, 0, 0, 1), [[3, 2, 1], [0, 0, 4]]),
    ((1, 0, 0, -1), [[4, 0, 0], [1, 2, 3]]),
    ((0, 1, 1, 0), [[1, 4], [2, 0], [3, 0]]),
    ((0, -1, -1, 0), [[0, 3], [0, 2], [4, 1]]),
    # A little askew counts as upright.
    ((0.99, 0.1, -0.1, 0.99), [[1, 2, 3], [4, 0, 0]]),
  )
  def test_all_eight(self, turn, expected):
    a, b, c, d = (round(65536 * value) for value in turn)
    matrix = np.array([a, b, 0, c, d, 0, 0, 0, 1 << 30], np.int32).tobytes()
    turned = orientation.from_display_matrix(matrix).apply(IMAGE)
    np.testing.assert_array_equal(turned[..., 0], expected)
    self.assertTrue(turned.flags.c_contiguous)


if __name__ == '__main__':
  absltest.main()
