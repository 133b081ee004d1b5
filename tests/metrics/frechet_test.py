"""Gaussians whose distance is known by hand."""

import numpy as np
from absl.testing import absltest, parameterized

from tf_twingan.metrics import frechet


def random_features(seed=0, count=50, size=6):
  return np.random.default_rng(seed).normal(size=[count, size])


class FrechetTest(parameterized.TestCase):
  def test_one_feature(self):
    # Means 0 and 3, variances 2 and 8: 9 + 2 + 8 - 2 sqrt(16) = 11.
    real, fake = np.array([[-1], [1]]), np.array([[1], [5]])
    self.assertAlmostEqual(frechet.distance(real=real, fake=fake), 11)

  def test_covariances_that_do_not_commute(self):
    # S_r = diag(4, 1) and S_f = [[2, 1], [1, 2]]. Their product has trace 10
    # and determinant 12; the root of a 2x2 matrix has the trace
    # sqrt(trace + 2 sqrt(determinant)).
    a, b = np.sqrt(6), np.sqrt(1.5)
    real = np.array([[a, 0], [-a, 0], [0, b], [0, -b]])
    c, d = 1.5, np.sqrt(0.75)
    fake = np.array([[c, c], [-c, -c], [d, -d], [-d, d]])
    expected = 5 + 4 - 2 * np.sqrt(10 + 2 * np.sqrt(12))
    self.assertAlmostEqual(frechet.distance(real=real, fake=fake), expected)
    self.assertAlmostEqual(frechet.distance(real=fake, fake=real), expected)

  def test_equal_sets_are_at_distance_0(self):
    features = random_features()
    self.assertAlmostEqual(
      frechet.distance(real=features, fake=features), 0, places=9
    )
    self.assertAlmostEqual(
      frechet.distance(real=features, fake=features[::-1]), 0, places=9
    )

  def test_a_shift_counts_by_its_square(self):
    features = random_features()
    shift = np.array([3, 0, 0, 0, 4, 0])
    self.assertAlmostEqual(
      frechet.distance(real=features, fake=features + shift), 25
    )

  def test_a_scale_counts_by_the_standard_deviations(self):
    # (2 - 1)^2 times the sum of the variances.
    features = random_features()
    features -= features.mean(axis=0)
    expected = features.var(axis=0, ddof=1).sum()
    self.assertAlmostEqual(
      frechet.distance(real=features, fake=2 * features), expected
    )

  def test_a_common_rotation_changes_nothing(self):
    real, fake = random_features(1), 1.5 * random_features(2) + 0.3
    rotation, _ = np.linalg.qr(random_features(3, 6, 6))
    self.assertAlmostEqual(
      frechet.distance(real=real @ rotation, fake=fake @ rotation),
      frechet.distance(real=real, fake=fake),
    )

  def test_fewer_rows_than_features(self):
    features = random_features(count=5, size=40)
    self.assertAlmostEqual(
      frechet.distance(real=features, fake=features), 0, places=9
    )
    # Spreads in directions without anything in common just add up.
    real, fake = np.zeros([3, 40]), np.zeros([3, 40])
    real[:, 0], fake[:, 1] = [-1, 0, 1], [-2, 0, 2]
    rotation, _ = np.linalg.qr(random_features(1, 40, 40))
    self.assertAlmostEqual(
      frechet.distance(real=real @ rotation, fake=fake @ rotation),
      1 + 4,
      places=9,
    )

  def test_collapse_costs_the_whole_spread(self):
    real = random_features()
    fake = np.repeat(real.mean(axis=0, keepdims=True), 50, axis=0)
    self.assertAlmostEqual(
      frechet.distance(real=real, fake=fake), real.var(axis=0, ddof=1).sum()
    )

  @parameterized.parameters(
    ([1, 6], r'fake features of shape \(1, 6\)'),
    ([6], 'at least 2'),
    ([8, 5], 'differ in the number of features'),
  )
  def test_shapes_must_fit(self, shape, regex):
    with self.assertRaisesRegex(ValueError, regex):
      frechet.distance(real=random_features(), fake=np.ones(shape))

  def test_features_must_be_finite(self):
    features = random_features()
    features[3, 2] = np.nan
    with self.assertRaisesRegex(
      ValueError, '1 of the 300 values of real features'
    ):
      frechet.distance(real=features, fake=random_features())


if __name__ == '__main__':
  absltest.main()
