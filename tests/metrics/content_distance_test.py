"""The content distance of hand-made codes."""

import numpy as np
from absl.testing import absltest

from tf_twingan.metrics import content_distance


class ContentDistanceTest(absltest.TestCase):
  def test_by_hand(self):
    sources = np.array([[0.0, 0.0], [4.0, 0.0], [8.0, 8.0]])
    translations = np.array([[1.0, 1.0], [4.0, 0.0], [9.0, 9.0]])
    # Of the first: 1 to its own; 2 and 9 to the others.
    np.testing.assert_allclose(
      content_distance.ratios(sources, translations), [1 / 5.5, 0, 1 / 6.5]
    )

  def test_scale_does_not_matter_and_shuffled_ones_get_one(self):
    rng = np.random.default_rng(0)
    codes = rng.normal(size=[60, 4, 4, 8])
    near = codes + 0.1 * rng.normal(size=codes.shape)
    found = content_distance.ratios(codes, near)
    self.assertLess(found.max(), 0.2)
    np.testing.assert_allclose(
      content_distance.ratios(7 * codes, 7 * near), found
    )
    shuffled = content_distance.ratios(codes, np.roll(near, 1, axis=0))
    self.assertAlmostEqual(shuffled.mean(), 1, delta=0.02)

  def test_equal_codes_say_nothing(self):
    same = np.ones([3, 5])
    self.assertTrue(np.isnan(content_distance.ratios(same, same)).all())

  def test_what_does_not_fit_is_refused(self):
    with self.assertRaisesRegex(ValueError, r'\(3, 5\).*\(2, 5\)'):
      content_distance.ratios(np.ones([3, 5]), np.ones([2, 5]))
    with self.assertRaisesRegex(ValueError, 'NaN or infinite'):
      content_distance.ratios(np.full([3, 5], np.nan), np.ones([3, 5]))


if __name__ == '__main__':
  absltest.main()
