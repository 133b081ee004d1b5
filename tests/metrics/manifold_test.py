"""Balls on a line counted by hand; each failure lowers its own score."""

import numpy as np
from absl.testing import absltest, parameterized

from tf_twingan.metrics import manifold


def random_features(seed=0, count=200, size=8):
  return np.random.default_rng(seed).normal(size=[count, size])


def line(*values):
  return np.array(values, float)[:, None]


class ManifoldTest(parameterized.TestCase):
  def test_balls_on_a_line(self):
    # The real radii are 1, 1, 1 and 8; the fake ones 1, 1, 2.5, 1 and 1. Of the
    # fakes, 1.5 and 2.5 lie in two real balls each, 5 in one, the others in
    # none. 1 and 2 lie in fake balls, 0 and 10 do not. No fake is in 0's ball.
    self.assertEqual(
      manifold.scores(
        real=line(0, 1, 2, 10), fake=line(1.5, 2.5, 5, 100, 101), k=1
      ),
      manifold.Scores(precision=3 / 5, recall=2 / 4, density=1, coverage=3 / 4),
    )

  @parameterized.parameters(1, 3, 5)
  def test_equal_sets(self, k):
    # Every image lies in its own ball and is one of the k others in k balls
    # on average.
    real = random_features() + 1000
    self.assertEqual(
      manifold.scores(real=real, fake=real.copy(), k=k),
      manifold.Scores(1.0, 1.0, (k + 1) / k, 1.0),
    )

  def test_one_distribution(self):
    scores = manifold.scores(
      real=random_features(0, 400, 3), fake=random_features(1, 400, 3)
    )
    self.assertGreater(scores.precision, 0.85)
    self.assertGreater(scores.recall, 0.85)
    self.assertBetween(scores.density, 0.85, 1.15)
    self.assertGreater(scores.coverage, 0.9)

  def test_one_good_image_over_and_over(self):
    real = random_features()
    fake = real[:1] + 1e-3 * random_features(1)
    scores = manifold.scores(real=real, fake=fake)
    self.assertEqual(scores.precision, 1)
    self.assertLessEqual(scores.recall, 1 / 200)
    self.assertLess(scores.coverage, 0.2)

  def test_exact_copies_of_one_image(self):
    real = random_features() + 1000
    scores = manifold.scores(real=real, fake=np.repeat(real[:1], 20, axis=0))
    self.assertEqual(scores.precision, 1)
    self.assertEqual(scores.recall, 1 / 200)

  def test_a_ball_holds_what_lies_on_its_edge(self):
    # The radii are 0.1, the fakes a step of 0.1 to the right. All lie in three
    # balls but the last two, which lie in two and one.
    steps = line(*range(20))
    scores = manifold.scores(real=0.1 * steps, fake=0.1 * (steps + 1), k=1)
    self.assertAlmostEqual(scores.density, (18 * 3 + 2 + 1) / 20)

  def test_far_away(self):
    real = random_features()
    self.assertEqual(
      manifold.scores(real=real, fake=real + 100), manifold.Scores(0, 0, 0, 0)
    )

  def test_half_of_the_images_wrong(self):
    real, fake = random_features(), random_features()
    fake[:100] += 100
    scores = manifold.scores(real=real, fake=fake)
    self.assertEqual(scores.precision, 0.5)
    self.assertBetween(scores.recall, 0.5, 1)

  def test_stray_images_fool_recall_but_not_coverage(self):
    real = random_features(size=2)
    fake = 100 + random_features(1, size=2)
    # Six fakes so far off that their balls swallow everything.
    fake[:6] = 1000 * random_features(2, count=6, size=2)
    scores = manifold.scores(real=real, fake=fake)
    self.assertEqual(scores.recall, 1)
    self.assertEqual(scores.coverage, 0)

  @parameterized.parameters(
    ([200, 8], 0, 'k is 0'),
    ([5, 8], 5, r'fake features of shape \(5, 8\); .* at least 6'),
    ([200], 5, r'give \[n, d\]'),
    ([200, 7], 5, 'differ in the number of features'),
  )
  def test_shapes_must_fit(self, shape, k, regex):
    with self.assertRaisesRegex(ValueError, regex):
      manifold.scores(real=random_features(), fake=np.ones(shape), k=k)

  def test_features_must_be_finite(self):
    features = random_features()
    features[0, 0] = np.nan
    with self.assertRaisesRegex(
      ValueError, '1 of the 1600 values of real features'
    ):
      manifold.scores(real=features, fake=random_features())


if __name__ == '__main__':
  absltest.main()
