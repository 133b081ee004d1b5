"""Boxes of the same face are merged; those of others are kept."""

import numpy as np
from absl.testing import absltest

from tf_twingan.face_detectors import suppression

BOXES = np.array(
  [
    [0, 0, 10, 10],
    [2, 0, 12, 10],  # Shares 80 of 120 with the first.
    [20, 0, 30, 10],
    [4, 4, 8, 8],  # In the first.
  ],
  float,
)


class SuppressionTest(absltest.TestCase):
  def test_overlaps(self):
    np.testing.assert_allclose(
      suppression.overlaps(BOXES[0], BOXES), [1, 80 / 120, 0, 0.16]
    )

  def test_contained(self):
    np.testing.assert_allclose(
      suppression.contained(BOXES[0], BOXES), [1, 0.8, 0, 1]
    )

  def test_an_empty_box_overlaps_nothing(self):
    empty = np.array([5, 5, 5, 5])
    np.testing.assert_array_equal(suppression.overlaps(empty, BOXES), 0)
    np.testing.assert_array_equal(suppression.contained(empty, BOXES), 0)

  def test_groups_form_around_the_best_boxes(self):
    groups = suppression.groups(
      BOXES, np.array([0.5, 0.9, 0.7, 0.6]), least_overlap=0.5
    )
    self.assertEqual([g.tolist() for g in groups], [[1, 0], [2], [3]])

  def test_boxes_apart(self):
    scores = np.array([0.9, 0.8, 0.7, 0.6])
    self.assertEqual(
      suppression.apart(BOXES, scores, most_overlap=0.3, most_contained=0.9),
      [0, 2],
    )
    self.assertEqual(
      suppression.apart(BOXES, scores, most_overlap=0.3, most_contained=1.0),
      [0, 2, 3],
    )
    self.assertEqual(
      suppression.apart(BOXES, scores, most_overlap=0.7, most_contained=0.9),
      [0, 1, 2],
    )

  def test_no_boxes(self):
    nothing = np.zeros((0, 4))
    self.assertEmpty(
      suppression.groups(nothing, np.zeros(0), least_overlap=0.5)
    )
    self.assertEmpty(
      suppression.apart(
        nothing, np.zeros(0), most_overlap=0.5, most_contained=0.5
      )
    )


if __name__ == '__main__':
  absltest.main()
