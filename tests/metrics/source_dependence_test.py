"""Copier, blurrer, shuffler and collapser are explained as they deserve."""

import numpy as np
from absl.testing import absltest, parameterized

from tf_twingan.metrics import source_dependence

explained_variance = source_dependence.explained_variance


def random_rows(seed=0, count=200, size=6):
  return np.random.default_rng(seed).normal(size=[count, size])


def random_images(seed=0, count=60, causes=4, size=8):
  """Images made of a few causes, as real ones are."""
  rng = np.random.default_rng(seed)
  parts = rng.uniform(0, 60, [causes, size, size, 3])
  images = np.tensordot(rng.uniform(0, 1, [count, causes]), parts, 1)
  return np.rint(images).astype(np.uint8)


def blur(images):
  shifts = [(y, x) for y in (-1, 0, 1) for x in (-1, 0, 1)]
  return np.mean([np.roll(images, s, axis=(1, 2)) for s in shifts], axis=0)


class IgnoredInputTest(parameterized.TestCase):
  def test_a_linear_map_is_explained(self):
    sources = random_rows()
    translations = 3 * sources @ random_rows(1, 6, 9) + 7
    figure = explained_variance(translations, sources=sources)
    self.assertBetween(figure, 0.9999, 1)

  @parameterized.named_parameters(('copier', np.copy), ('blurrer', blur))
  def test_what_depends_on_the_source_is_explained(self, translate):
    sources = random_images()
    figure = explained_variance(translate(sources), sources=sources)
    self.assertBetween(figure, 0.98, 1)

  def test_a_shuffler_is_not_explained(self):
    sources = random_rows()
    translations = np.roll(sources, 1, axis=0)
    figure = explained_variance(translations, sources=sources)
    self.assertBetween(figure, -0.2, 0.03)

  def test_a_shuffler_of_more_pixels_than_images_is_not_explained(self):
    sources = random_images()
    translations = np.roll(sources, 1, axis=0)
    figure = explained_variance(translations, sources=sources)
    self.assertBetween(figure, -0.5, 0.1)

  def test_a_collapser_is_not_explained(self):
    # The mean of sixty times 0.1 is not 0.1.
    translations = np.full([60, 8, 8, 3], 0.1)
    figure = explained_variance(translations, sources=random_images())
    self.assertEqual(figure, 0)

  def test_one_source_explains_nothing(self):
    figure = explained_variance(random_rows(), sources=np.full([200, 6], 0.1))
    self.assertEqual(figure, 0)

  def test_half_of_the_variance(self):
    sources = random_rows(count=1000)
    translations = sources + random_rows(1, count=1000)
    figure = explained_variance(translations, sources=sources)
    self.assertBetween(figure, 0.46, 0.54)

  def test_columns_count_by_their_variance(self):
    # Nine parts of ten come from the source.
    sources = random_rows(count=1000, size=1)
    noise = random_rows(1, count=1000, size=1)
    translations = np.concatenate([3 * sources, noise], axis=1)
    figure = explained_variance(translations, sources=sources)
    self.assertBetween(figure, 0.88, 0.92)

  def test_units_and_offsets_do_not_matter(self):
    sources = random_rows()
    translations = sources + random_rows(1)
    figure = explained_variance(translations, sources=sources)
    self.assertAlmostEqual(
      explained_variance(1e-3 * translations, sources=1e5 * sources + 1e7),
      figure,
    )

  def test_a_rotation_to_fewer_columns_changes_nothing(self):
    # With columns of zeros there are more of them than rows.
    sources = random_rows(count=50)
    translations = sources + random_rows(1, count=50)
    wide = np.concatenate([sources, np.zeros([50, 80])], axis=1)
    widest = np.concatenate([np.zeros([50, 99]), translations], axis=1)
    # The penalties are per axis, of which the zeros seem to add some.
    self.assertAlmostEqual(
      explained_variance(widest, sources=wide),
      explained_variance(translations, sources=sources),
      delta=0.02,
    )
    self.assertAlmostEqual(
      explained_variance(widest, sources=sources),
      explained_variance(translations, sources=sources),
    )

  def test_by_hand(self):
    # Half of the pairs lie on a line of slope 1, the others on one of slope
    # -1; each half errs on the other by twice its deviations.
    order = np.random.default_rng(0).permutation(8)
    sources, slopes = np.empty([2, 8, 1])
    sources[order, 0] = [-1, -1, 1, 1, -1, -1, 1, 1]
    slopes[order, 0] = [1, 1, 1, 1, -1, -1, -1, -1]
    figure = explained_variance(slopes * sources, sources=sources, folds=2)
    self.assertAlmostEqual(figure, 1 - 4, places=3)

  def test_the_mean_of_the_training_part_is_zero(self):
    # All that one half can say of the other is its own, wrong, mean.
    order = np.random.default_rng(0).permutation(8)
    sources, translations = np.empty([2, 8, 1])
    sources[order, 0] = [-1, -1, 1, 1, -1, -1, 1, 1]
    translations[order, 0] = [3, 3, 3, 3, 5, 5, 5, 5]
    figure = explained_variance(translations, sources=sources, folds=2)
    self.assertAlmostEqual(figure, 0)

  def test_the_seed_decides(self):
    sources = random_rows(count=50)
    translations = sources + random_rows(1, count=50)
    figures = [
      explained_variance(translations, sources=sources, seed=seed)
      for seed in (0, 0, 1)
    ]
    self.assertEqual(figures[0], figures[1])
    self.assertNotEqual(figures[0], figures[2])

  def test_values_must_be_finite(self):
    damaged = random_rows()
    damaged[5, 2:5] = np.nan, np.inf, -np.inf
    with self.assertRaisesRegex(ValueError, '3 of the 1200 values of trans'):
      explained_variance(damaged, sources=random_rows())
    with self.assertRaisesRegex(ValueError, '3 of the 1200 values of sources'):
      explained_variance(random_rows(), sources=damaged)

  def test_lengths_must_agree(self):
    with self.assertRaisesRegex(ValueError, '20 translations and 30 sources'):
      explained_variance(random_rows(count=20), sources=random_rows(count=30))

  @parameterized.parameters((9, 5), (9, 1))
  def test_folds_must_fit(self, count, folds):
    rows = random_rows(count=count)
    with self.assertRaisesRegex(ValueError, f'into {folds} folds'):
      explained_variance(rows, sources=rows, folds=folds)


if __name__ == '__main__':
  absltest.main()
