"""Insiders pass, outsiders are flagged, and the figures hold by hand."""

import numpy as np
from absl.testing import absltest, parameterized

from tf_twingan.metrics import out_of_domain

DEVIATIONS = np.array([10.0, 1.0, 0.1])


def insiders(seed, count=500):
  return np.random.default_rng(seed).normal(5, DEVIATIONS, [count, 3])


class DetectorTest(parameterized.TestCase):
  def setUp(self):
    super().setUp()
    self.detector = out_of_domain.Detector(
      insiders(0, count=5000), calibration=insiders(1, count=201)
    )

  def test_one_in_twenty_calibration_images_is_above_one(self):
    # The percentile falls on the 191st of 201 distances.
    scores = self.detector.score(insiders(1, count=201))
    self.assertEqual(np.count_nonzero(scores > 1 + 1e-12), 10)
    self.assertAlmostEqual(np.sort(scores)[190], 1)

  def test_few_fresh_insiders_are_above_one(self):
    scores = self.detector.score(insiders(2))
    self.assertBetween(np.mean(scores > 1), 0.01, 0.1)

  def test_a_step_counts_by_the_spread_of_its_direction(self):
    # The same step is nothing along the first axis, and far out on the last.
    steps = self.detector.mean + 3 * np.eye(3)
    scores = self.detector.score(steps)
    self.assertLess(scores[0], 0.5)
    self.assertGreater(scores[2], 5)

  def test_outsiders_are_separated_from_insiders(self):
    outsiders = insiders(3) + [0, 0, 1]
    inside, outside = map(self.detector.score, (insiders(2), outsiders))
    self.assertGreater(
      out_of_domain.auroc(inside=inside, outside=outside), 0.95
    )
    # Their plain distance to the mean does not give them away.
    plain = [
      np.linalg.norm(rows - self.detector.mean, axis=1)
      for rows in (insiders(2), outsiders)
    ]
    self.assertBetween(
      out_of_domain.auroc(inside=plain[0], outside=plain[1]), 0.4, 0.6
    )

  def test_the_mean_has_the_score_zero(self):
    np.testing.assert_array_equal(
      self.detector.score(self.detector.mean[None]), [0]
    )

  def test_by_hand(self):
    # Of mean 1 and variance 1; the calibration lies one deviation out.
    detector = out_of_domain.Detector(
      np.array([[0.0], [2.0]]), calibration=np.array([[2.0], [0.0]])
    )
    np.testing.assert_allclose(detector.distances([[4.0], [0.0]]), [3, 1])
    np.testing.assert_allclose(detector.score([[4.0], [1.0]]), [3, 0])

  def test_the_percentile_can_be_chosen(self):
    detector = out_of_domain.Detector(
      np.array([[0.0], [2.0]]),
      calibration=np.array([[2.0], [3.0], [5.0]]),
      percentile=50,
    )
    self.assertAlmostEqual(detector.unit, 2)

  def test_the_shrinkage_is_that_of_the_paper(self):
    rows = insiders(0, count=30)
    centered = rows - rows.mean(axis=0)
    covariance = sum(np.outer(row, row) for row in centered) / 30
    sphere = np.trace(covariance) / 3 * np.eye(3)
    error = sum(
      np.square(np.outer(row, row) - covariance).sum() for row in centered
    )
    weight = error / 30**2 / np.square(covariance - sphere).sum()
    detector = out_of_domain.Detector(rows, calibration=rows)
    self.assertBetween(weight, 0.001, 0.999)
    self.assertAlmostEqual(detector.shrinkage, weight)
    shrunk = (1 - weight) * covariance + weight * sphere
    expected = np.einsum(
      'ni,ij,nj->n', centered, np.linalg.inv(shrunk), centered
    )
    np.testing.assert_allclose(detector.distances(rows) ** 2, expected)

  def test_more_features_than_images(self):
    rng = np.random.default_rng(0)
    features, calibration, fresh = rng.normal(size=[3, 20, 50])
    detector = out_of_domain.Detector(features, calibration=calibration)
    scores = detector.score(fresh)
    self.assertBetween(np.median(scores), 0.5, 1.2)
    self.assertGreater(detector.score(fresh + 10).min(), 2)

  def test_two_images_leave_no_direction_without_variance(self):
    detector = out_of_domain.Detector(
      np.array([[0.0, 0.0], [2.0, 0.0]]), calibration=np.array([[3.0, 0.0]])
    )
    scores = detector.score([[3.0, 0.0], [1.0, 1.0]])
    self.assertAlmostEqual(scores[0], 1)
    self.assertGreater(scores[1], 100)
    self.assertTrue(np.isfinite(scores).all())

  @parameterized.parameters(
    ([[1.0, 2.0]], [[1.0, 2.0]], 'n >= 2'),
    ([1.0, 2.0], [[1.0, 2.0]], 'one row for each training image'),
    ([[1.0], [np.nan]], [[2.0]], '1 of 2 rows of features are not finite'),
    ([[0.1]] * 3, [[2.0]], r'features \(3, 1\) are all the same'),
    ([[1.0], [2.0]], [[1.5]], 'of different images'),
    ([[1.0], [2.0]], np.zeros([0, 1]), 'calibration has no rows'),
    ([[1.0], [2.0]], [[1.0, 2.0]], r'are not \[n, 1\]'),
  )
  def test_features_must_fit(self, features, calibration, message):
    with self.assertRaisesRegex(ValueError, message):
      out_of_domain.Detector(
        np.array(features), calibration=np.array(calibration)
      )

  def test_the_percentile_must_be_one(self):
    with self.assertRaisesRegex(ValueError, 'percentile 0 is outside'):
      out_of_domain.Detector(insiders(0), calibration=insiders(1), percentile=0)


class AurocTest(parameterized.TestCase):
  @parameterized.named_parameters(
    ('perfect', [1, 2, 3], [4, 5], 1),
    ('the_wrong_way', [4, 5], [1, 2, 3], 0),
    ('blind', [1, 1], [1, 1, 1], 0.5),
    # Of four pairs three are in order and one is a tie.
    ('by_hand', [1, 2], [2, 3], 3.5 / 4),
    ('in_any_order', [3, 1, 2], [0.5, 2.5], 2 / 6),
  )
  def test_it_counts_pairs(self, inside, outside, expected):
    self.assertAlmostEqual(
      out_of_domain.auroc(inside=inside, outside=outside), expected
    )

  def test_scores_must_be_finite_and_there(self):
    with self.assertRaisesRegex(ValueError, r'outside \(0,\)'):
      out_of_domain.auroc(inside=[1.0], outside=[])
    with self.assertRaisesRegex(ValueError, r'inside \(1,\)'):
      out_of_domain.auroc(inside=[np.nan], outside=[1.0])


if __name__ == '__main__':
  absltest.main()
