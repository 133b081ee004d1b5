"""Fair and unfair scores get the gap and the p value they deserve."""

import numpy as np
from absl.testing import absltest, parameterized

from tf_twingan.metrics import attribute_gap


class AttributeGapTest(parameterized.TestCase):
  def test_by_hand(self):
    figures = attribute_gap.measure(
      np.array([1, 2, 3, 9, 5, 4]),
      np.array(['a', 'a', 'a', 'b', 'b', 'c']),
      permutations=9,
    )
    self.assertEqual(figures.means, {'a': 2, 'b': 7, 'c': 4})
    self.assertEqual(figures.counts, {'a': 3, 'b': 2, 'c': 1})
    self.assertEqual(figures.gap, -5)
    self.assertEqual((figures.worst, figures.best), ('a', 'b'))
    self.assertLess(figures.chance, 0)

  def test_an_error_is_better_when_lower(self):
    figures = attribute_gap.measure(
      np.array([1.0, 2.0, 3.0, 9.0, 5.0]),
      np.array([7, 7, 7, 4, 4]),
      higher_is_better=False,
      permutations=9,
    )
    self.assertEqual(figures.gap, 5)
    self.assertEqual((figures.worst, figures.best), (4, 7))
    self.assertGreater(figures.chance, 0)

  def test_the_p_value_is_that_of_all_splits(self):
    # Of the 70 ways to label four of eight, two are as uneven as this.
    figures = attribute_gap.measure(
      np.repeat([True, False], 4), np.repeat(['a', 'b'], 4)
    )
    self.assertEqual(figures.gap, -1)
    self.assertAlmostEqual(figures.p_value, 2 / 70, delta=0.006)

  def test_the_order_of_a_sum_does_not_decide(self):
    # 0.3 + 0.2 + 0.1 is less than 0.1 + 0.2 + 0.3, by its last digit. Of the
    # 20 ways to label three of six, two are as uneven as this.
    figures = attribute_gap.measure(
      np.array([0.3, 0.2, 0.1, 0.4, 0.5, 0.6]), np.repeat(['a', 'b'], 3)
    )
    self.assertAlmostEqual(figures.p_value, 2 / 20, delta=0.012)

  def test_the_gap_of_shuffled_labels_is_reported(self):
    # One image each: whatever the labels, the gap is the range.
    figures = attribute_gap.measure(
      np.array([1.0, 4.0]), np.array([0, 1]), permutations=9
    )
    self.assertEqual(figures.gap, -3)
    self.assertEqual(figures.chance, -3)
    self.assertEqual(figures.p_value, 1)

  def test_a_clear_gap_has_the_smallest_p_value(self):
    labels = np.repeat([0, 1, 2], 40)
    noise = np.random.default_rng(0).normal(size=120)
    figures = attribute_gap.measure(
      noise + 2 * (labels == 2), labels, permutations=199
    )
    self.assertEqual(figures.best, 2)
    self.assertEqual(figures.p_value, 1 / 200)

  def test_a_fair_score_has_no_gap(self):
    figures = attribute_gap.measure(
      np.tile([0.1, 0.7], 10), np.repeat(['a', 'b'], 10), permutations=99
    )
    self.assertAlmostEqual(figures.gap, 0)
    self.assertEqual(figures.p_value, 1)

  def test_a_collapsed_score_has_no_gap(self):
    figures = attribute_gap.measure(
      np.full(9, 0.1), np.repeat(['a', 'b', 'c'], 3), permutations=99
    )
    self.assertAlmostEqual(figures.gap, 0)
    self.assertEqual(figures.p_value, 1)

  def test_chance_alone_is_rarely_called_a_gap(self):
    rng = np.random.default_rng(0)
    labels = np.repeat(['a', 'b', 'c'], [5, 10, 30])
    p_values = [
      attribute_gap.measure(rng.normal(size=45), labels, permutations=99)
      for _ in range(100)
    ]
    share = np.mean([figures.p_value <= 0.1 for figures in p_values])
    self.assertBetween(share, 0.02, 0.2)

  def test_the_seed_decides(self):
    scores = np.random.default_rng(0).normal(size=20)
    labels = np.repeat(['a', 'b'], 10)
    figures = [
      attribute_gap.measure(scores, labels, permutations=999, seed=seed)
      for seed in (0, 0, 1)
    ]
    self.assertEqual(figures[0], figures[1])
    self.assertNotEqual(figures[0].chance, figures[2].chance)

  @parameterized.parameters(
    ([1, 2], [1], 'one score and one label'),
    ([1, np.nan], ['a', 'b'], '1 of 2 scores are not finite'),
    ([1, 2], ['a', 'a'], r"only the groups \['a'\]"),
    ([], [], r'only the groups \[\]'),
  )
  def test_arrays_must_fit(self, scores, labels, message):
    with self.assertRaisesRegex(ValueError, message):
      attribute_gap.measure(np.array(scores), np.array(labels))

  def test_there_must_be_shuffles(self):
    with self.assertRaisesRegex(ValueError, 'permutations is 0'):
      attribute_gap.measure(
        np.array([1, 2]), np.array(['a', 'b']), permutations=0
      )


if __name__ == '__main__':
  absltest.main()
