"""Copier, tinter, blurrer, shuffler and collapser get what they deserve."""

import numpy as np
from absl.testing import absltest

from tf_twingan.metrics import source_similarity

# Of zero mean and equal norm, and uncorrelated.
STRIPES = np.array([[1.0, -1.0], [1.0, -1.0]])[None, :, :, None]
ROWS = np.array([[1.0, 1.0], [-1.0, -1.0]])[None, :, :, None]


def random_images(seed=0, count=20, size=16):
  rng = np.random.default_rng(seed)
  return rng.integers(0, 256, [count, size, size, 3], np.uint8)


def blur(images):
  shifts = [(y, x) for y in (-1, 0, 1) for x in (-1, 0, 1)]
  return np.mean([np.roll(images, s, axis=(1, 2)) for s in shifts], axis=0)


def figures_of(translations):
  return source_similarity.measure(
    translations, sources=random_images(), real=random_images(1)
  )


class SourceSimilarityTest(absltest.TestCase):
  def test_a_copier_gets_zero(self):
    figures = figures_of(random_images())
    self.assertEqual(figures.overall, 0)
    np.testing.assert_array_equal(figures.ratios, np.zeros(20))

  def test_a_tinter_gets_zero(self):
    tinted = random_images() * [0.5, 0.8, 0.1] + [90, 0, 200]
    figures = figures_of(tinted)
    self.assertAlmostEqual(figures.overall, 0)
    # Rounded to eight bits, a tint is still next to a copy.
    figures = figures_of(np.rint(tinted).astype(np.uint8))
    self.assertBetween(figures.overall, 0, 0.05)

  def test_a_blurrer_is_between_copier_and_stranger(self):
    # A mean over nine independent pixels correlates 1 / 3 with the middle one.
    self.assertAlmostEqual(
      figures_of(blur(random_images())).overall, (2 / 3) ** 0.5, delta=0.02
    )

  def test_unrelated_images_get_one(self):
    self.assertAlmostEqual(figures_of(random_images(2)).overall, 1, delta=0.02)

  def test_a_shuffler_gets_one(self):
    shuffled = np.roll(random_images(), 1, axis=0)
    self.assertAlmostEqual(figures_of(shuffled).overall, 1, delta=0.02)

  def test_a_collapser_to_a_flat_image_gets_one(self):
    flat = np.full([20, 16, 16, 3], 0.1)
    self.assertAlmostEqual(figures_of(flat).overall, 1, delta=0.02)

  def test_half_a_copy_counts_by_image(self):
    mixed = np.concatenate([random_images()[:10], random_images(2)[10:]])
    figures = figures_of(mixed)
    np.testing.assert_array_equal(figures.ratios[:10], np.zeros(10))
    self.assertGreater(figures.ratios[10:].min(), 0.9)
    self.assertAlmostEqual(figures.overall, 0.5, delta=0.02)

  def test_by_hand(self):
    def ratio(translation):
      figures = source_similarity.measure(
        translation, sources=STRIPES, real=ROWS
      )
      return figures.overall

    self.assertAlmostEqual(ratio(ROWS), 1)
    self.assertAlmostEqual(ratio(-STRIPES), 2**0.5)
    # It correlates the root of 1 / 2 with the source.
    self.assertAlmostEqual(ratio(STRIPES + ROWS), (1 - 0.5**0.5) ** 0.5)

  def test_channels_are_meant_over(self):
    sources = np.concatenate([STRIPES, STRIPES], axis=-1)
    targets = np.concatenate([ROWS, ROWS], axis=-1)
    half = np.concatenate([STRIPES, ROWS], axis=-1)
    figures = source_similarity.measure(half, sources=sources, real=targets)
    self.assertAlmostEqual(figures.overall, 0.5**0.5)

  def test_two_flat_channels_are_alike(self):
    flat = np.zeros_like(STRIPES)
    figures = source_similarity.measure(
      np.concatenate([2 * STRIPES, flat + 3], axis=-1),
      sources=np.concatenate([STRIPES, flat], axis=-1),
      real=np.concatenate([ROWS, ROWS], axis=-1),
    )
    self.assertAlmostEqual(figures.overall, 0)

  def test_a_rounded_mean_is_no_structure(self):
    # The mean of three times 0.1 is not 0.1.
    pattern = np.array([[[[1.0], [-1.0], [0.0]]]])
    flat = np.zeros_like(pattern)
    figures = source_similarity.measure(
      np.concatenate([pattern, flat + 0.1], axis=-1),
      sources=np.concatenate([pattern, flat], axis=-1),
      real=np.concatenate([-pattern, pattern], axis=-1),
    )
    self.assertAlmostEqual(figures.overall, 0)

  def test_a_source_that_equals_the_real_images_has_no_ratio(self):
    figures = source_similarity.measure(
      np.concatenate([ROWS, STRIPES]),
      sources=np.concatenate([ROWS, STRIPES]),
      real=ROWS,
    )
    np.testing.assert_array_equal(figures.ratios, [np.nan, 0])
    with self.assertRaisesRegex(ValueError, 'the other domain'):
      source_similarity.measure(STRIPES, sources=ROWS, real=ROWS)

  def test_the_seed_decides_the_choice(self):
    def overall(seed, samples):
      return source_similarity.measure(
        random_images(2),
        sources=random_images(),
        real=random_images(1),
        samples=samples,
        seed=seed,
      ).overall

    self.assertEqual(overall(0, samples=2), overall(0, samples=2))
    self.assertNotEqual(overall(0, samples=2), overall(1, samples=2))
    # Of twenty real images all are chosen, in whichever order.
    self.assertAlmostEqual(overall(0, samples=99), overall(1, samples=99))

  def test_shapes_must_agree(self):
    images = random_images()
    with self.assertRaisesRegex(ValueError, 'the source of each translation'):
      source_similarity.measure(images[:3], sources=images, real=images)
    with self.assertRaisesRegex(ValueError, 'differ in their images'):
      source_similarity.measure(
        images, sources=images, real=images[:, ::2, ::2]
      )
    with self.assertRaisesRegex(ValueError, '0 real images'):
      source_similarity.measure(images, sources=images, real=images[:0])


if __name__ == '__main__':
  absltest.main()
