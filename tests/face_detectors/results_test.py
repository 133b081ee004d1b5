"""Faces are returned once each, in pixels of the original, largest first."""

import numpy as np
from absl.testing import absltest

from tf_twingan.face_detectors import results
from tf_twingan.face_detectors.base import Face


class ResultsTest(absltest.TestCase):
  def test_they_are_scaled_and_sorted(self):
    small = Face(np.array([0, 0, 10, 10.0]), 0.9, np.ones((2, 2)), np.ones(2))
    large = Face(np.array([20, 0, 50, 30.0]), 0.8)
    first, second = results.finished([small, large], scale=0.5)
    np.testing.assert_array_equal(first.box, [40, 0, 100, 60])
    self.assertIsNone(first.eyes)
    np.testing.assert_array_equal(second.eyes, [[2, 2], [2, 2]])
    np.testing.assert_array_equal(second.mouth, [2, 2])
    for values in (first.box, second.eyes, second.mouth):
      self.assertEqual(values.dtype, np.float32)

  def test_the_better_box_of_a_face_is_kept(self):
    whole = Face(np.array([0, 0, 30, 30.0]), 0.9)
    part = Face(np.array([5, 5, 15, 15.0]), 0.8)
    (kept,) = results.finished([part, whole])
    self.assertEqual(kept.side, 30)

  def test_no_faces(self):
    self.assertEqual(results.finished([]), [])


if __name__ == '__main__':
  absltest.main()
