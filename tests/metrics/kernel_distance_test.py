"""The kernel's values by hand; no bias; an error bar that holds."""

import numpy as np
from absl.testing import absltest, parameterized

from tf_twingan.metrics import kernel_distance


def random_features(seed=0, count=60, size=4):
  return np.random.default_rng(seed).normal(size=[count, size])


class KernelDistanceTest(parameterized.TestCase):
  def test_one_point_against_another(self):
    # k(0, 0) = 1, k(1, 1) = (2 / 2 + 1)^3 = 8, k(0, 1) = 1: 1 + 8 - 2.
    score = kernel_distance.distance(
      real=np.zeros([6, 2]), fake=np.ones([7, 2]), blocks=3
    )
    self.assertAlmostEqual(score.mean, 7)
    self.assertAlmostEqual(score.standard_error, 0)

  def test_a_row_is_not_paired_with_itself(self):
    # Different real rows are orthogonal: k = 1. Two fakes: (4 / 4 + 1)^3 = 8. A
    # real and a fake: the same. 1 + 8 - 16, however they are shuffled; a real
    # row with itself would be 5^3.
    score = kernel_distance.distance(
      real=4 * np.eye(4), fake=np.ones([4, 4]), blocks=2
    )
    self.assertAlmostEqual(score.mean, -7)
    self.assertAlmostEqual(score.standard_error, 0)

  def test_two_blocks_by_hand(self):
    # Against zeros, a block of equal ones is at 7, as above, one of zeros at 0,
    # a mixed one at k(0, 1) + 1 - 2 = 0. Shuffling makes 0 and 0 or 0 and 7, of
    # which the standard deviation is 7 / sqrt(2).
    fake = np.repeat([0.0, 0.0, 1.0, 1.0], 2).reshape(4, 2)
    scores = {
      tuple(
        np.round(
          kernel_distance.distance(
            real=np.zeros([4, 2]), fake=fake, blocks=2, seed=seed
          ),
          9,
        )
      )
      for seed in range(30)
    }
    self.assertEqual(scores, {(0.0, 0.0), (3.5, 3.5)})

  def test_equal_distributions_are_at_distance_0_on_average(self):
    scores = [
      kernel_distance.distance(
        real=random_features(i), fake=random_features(1000 + i)
      )
      for i in range(100)
    ]
    means = np.array([score.mean for score in scores])
    error_of_mean = means.std(ddof=1) / np.sqrt(len(means))
    self.assertLess(abs(means.mean()), 3 * error_of_mean)
    self.assertLess(means.min(), 0)

  @parameterized.parameters(0.0, 0.5)
  def test_the_standard_error_is_the_scatter_of_repeated_trials(self, shift):
    scores = [
      kernel_distance.distance(
        real=random_features(i), fake=random_features(1000 + i) + shift
      )
      for i in range(200)
    ]
    scatter = np.std([score.mean for score in scores], ddof=1)
    claimed = np.sqrt(np.mean([score.standard_error**2 for score in scores]))
    self.assertBetween(claimed / scatter, 0.8, 1.25)

  def test_a_shift_is_noticed(self):
    score = kernel_distance.distance(
      real=random_features(0, 200), fake=random_features(1, 200) + 0.5
    )
    self.assertGreater(score.mean, 4 * score.standard_error)

  def test_every_row_counts(self):
    real, fake = random_features(0, 23), random_features(1, 21)
    score = kernel_distance.distance(real=real, fake=fake, blocks=10)
    for features, i in ((real, 22), (fake, 20), (fake, 0)):
      kept = features[i].copy()
      features[i] += 10
      self.assertNotEqual(
        kernel_distance.distance(real=real, fake=fake, blocks=10), score
      )
      features[i] = kept

  def test_only_the_seed_decides(self):
    def distance(seed):
      return kernel_distance.distance(
        real=random_features(0), fake=random_features(1), seed=seed
      )

    self.assertEqual(distance(3), distance(3))
    self.assertNotEqual(distance(3), distance(4))

  @parameterized.parameters(
    ([60, 4], 1, 'blocks is 1'),
    ([19, 4], 10, '60 real and 19 fake rows .* at least 20 of each'),
    ([60, 5], 10, 'differ in the number of features'),
    ([60], 10, r'give \[n, d\]'),
  )
  def test_blocks_must_be_full(self, shape, blocks, regex):
    with self.assertRaisesRegex(ValueError, regex):
      kernel_distance.distance(
        real=random_features(), fake=np.ones(shape), blocks=blocks
      )

  def test_features_must_be_finite(self):
    with self.assertRaisesRegex(
      ValueError, '240 of the 240 values of fake features'
    ):
      kernel_distance.distance(
        real=random_features(), fake=np.full([60, 4], np.inf)
      )


if __name__ == '__main__':
  absltest.main()
