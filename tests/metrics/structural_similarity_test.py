"""SSIM against its definition; scales, weights and pairs by hand."""

import numpy as np
from absl.testing import absltest, parameterized

from tf_twingan.metrics import structural_similarity

C1, C2 = 2.55**2, 7.65**2
# What the luminance of a grey of 100 beside one of 200 comes to.
GREY_100_200 = (2 * 100 * 200 + C1) / (100**2 + 200**2 + C1)


def noise(seed=0, count=3, size=16, channels=3):
  rng = np.random.default_rng(seed)
  return rng.integers(0, 256, [count, size, size, channels]).astype(np.uint8)


def grey(value, size=16):
  return np.full([1, size, size, 3], value, np.uint8)


def through_one_window(a, b):
  """The definition, for two [size, size] images as large as their window."""
  size = len(a)
  deviation = 1.5 * size / 11
  squares = np.square(np.arange(size) - (size - 1) / 2)
  weights = np.exp(-(squares[:, None] + squares[None, :]) / (2 * deviation**2))
  weights /= weights.sum()
  a, b = a.astype(float), b.astype(float)
  mean_a, mean_b = (weights * a).sum(), (weights * b).sum()
  variance_a = (weights * (a - mean_a) ** 2).sum()
  variance_b = (weights * (b - mean_b) ** 2).sum()
  covariance = (weights * (a - mean_a) * (b - mean_b)).sum()
  return (
    (2 * mean_a * mean_b + C1)
    * (2 * covariance + C2)
    / (mean_a**2 + mean_b**2 + C1)
    / (variance_a + variance_b + C2)
  )


class SsimTest(parameterized.TestCase):
  @parameterized.parameters(11, 8, 7, 4, 1)
  def test_the_definition_through_one_window(self, size):
    a, b = noise(0, 2, size, 2), noise(1, 2, size, 2)
    b = ((a.astype(int) + b) // 2).astype(np.uint8)
    expected = [
      np.mean([through_one_window(a[i, ..., c], b[i, ..., c]) for c in (0, 1)])
      for i in (0, 1)
    ]
    np.testing.assert_allclose(structural_similarity.ssim(a, b), expected)

  def test_every_place_where_the_window_fits_counts(self):
    a, b = noise(0, 1, 13, 1)[:, :, :12], noise(1, 1, 13, 1)[:, :, :12]
    expected = np.mean(
      [
        through_one_window(
          a[0, y : y + 11, x : x + 11, 0], b[0, y : y + 11, x : x + 11, 0]
        )
        for y in (0, 1, 2)
        for x in (0, 1)
      ]
    )
    np.testing.assert_allclose(structural_similarity.ssim(a, b), [expected])

  def test_equal_images(self):
    np.testing.assert_array_equal(
      structural_similarity.ssim(noise(), noise()), [1, 1, 1]
    )

  def test_greys_differ_by_their_luminance(self):
    self.assertAlmostEqual(
      structural_similarity.ssim(grey(100), grey(200))[0], GREY_100_200
    )

  def test_opposite_structure_is_negative(self):
    rows, columns = np.indices([16, 16])
    board = (255 * ((rows + columns) % 2)).astype(np.uint8)[None, ..., None]
    variance = 127.5**2
    self.assertAlmostEqual(
      structural_similarity.ssim(board, 255 - board)[0],
      (C2 - 2 * variance) / (C2 + 2 * variance),
      places=4,
    )

  def test_the_unit_does_not_matter(self):
    np.testing.assert_allclose(
      structural_similarity.ssim(noise(0) / 255, noise(1) / 255, peak=1),
      structural_similarity.ssim(noise(0), noise(1)),
    )

  @parameterized.parameters('ssim', 'ms_ssim')
  def test_images_must_fit(self, name):
    measure = getattr(structural_similarity, name)
    with self.assertRaisesRegex(ValueError, 'differ in shape'):
      measure(noise(), noise(count=2))
    with self.assertRaisesRegex(ValueError, r'give \[n, height, width'):
      measure(noise()[0], noise()[0])
    with self.assertRaisesRegex(ValueError, 'at least one image'):
      measure(noise()[:0], noise()[:0])
    with self.assertRaisesRegex(ValueError, 'from -1.0 to 1.0 for a peak of 2'):
      measure(*[np.array([-1.0, 1.0]).reshape(1, 2, 1, 1)] * 2, peak=2)
    with self.assertRaisesRegex(ValueError, 'from nan to nan'):
      measure(noise(), np.full([3, 16, 16, 3], np.nan))


class MsSsimTest(parameterized.TestCase):
  def test_equal_images(self):
    images = noise(size=48)
    np.testing.assert_allclose(
      structural_similarity.ms_ssim(images, images), [1, 1, 1]
    )

  @parameterized.parameters(
    (21, 1.0),
    (22, 0.2856 / (0.0448 + 0.2856)),
    (43, 0.2856 / (0.0448 + 0.2856)),
    (44, 0.3001 / (0.0448 + 0.2856 + 0.3001)),
    (176, 0.1333 / 1.0001),
    (353, 0.1333 / 1.0001),
  )
  def test_as_many_scales_as_the_window_fits_into(self, size, weight):
    # Greys differ in luminance alone, which the last scale alone looks at.
    self.assertAlmostEqual(
      structural_similarity.ms_ssim(grey(100, size), grey(200, size))[0],
      GREY_100_200**weight,
    )

  def test_two_scales(self):
    # The 22-pixel scale is a board that differs from its mean: no covariance.
    # At 11 pixels both are of the same grey.
    rows, columns = np.indices([22, 22])
    board = (100 + 55 * (1 - 2 * ((rows + columns) % 2)))[None, ..., None]
    flat = np.full_like(board, 100)
    contrast = C2 / (55**2 + C2)
    self.assertAlmostEqual(
      structural_similarity.ms_ssim(board, flat)[0],
      contrast ** (0.0448 / 0.3304),
      places=5,
    )

  def test_one_scale_is_ssim(self):
    a = noise(0)
    b = (a * 0.75).astype(np.uint8)
    np.testing.assert_allclose(
      structural_similarity.ms_ssim(a, b),
      structural_similarity.ssim(a, b),
    )

  def test_fine_noise_weighs_less_than_in_ssim(self):
    rng = np.random.default_rng(0)
    coarse = np.kron(rng.uniform(50, 200, [8, 8]), np.ones([8, 8]))
    coarse = coarse[None, ..., None]
    noisy = coarse + rng.uniform(-50, 50, coarse.shape)
    self.assertGreater(
      structural_similarity.ms_ssim(coarse, noisy)[0],
      structural_similarity.ssim(coarse, noisy)[0] + 0.05,
    )

  def test_one_scale_counts_a_negative_channel_as_0(self):
    # One channel equal, one opposite: the SSIM is the mean of 1 and less than
    # 0, the MS-SSIM that of 1 and 0.
    image = noise(size=11, channels=2)
    other = image.copy()
    other[..., 1] = 255 - other[..., 1]
    self.assertLess(structural_similarity.ssim(image, other).max(), 0.45)
    np.testing.assert_allclose(
      structural_similarity.ms_ssim(image, other), [0.5, 0.5, 0.5]
    )

  def test_opposite_structure_is_0(self):
    image = noise(size=11)
    np.testing.assert_array_equal(
      structural_similarity.ms_ssim(image, 255 - image), [0, 0, 0]
    )


class DiversityTest(parameterized.TestCase):
  def test_equal_images_have_none(self):
    images = np.repeat(noise(count=1), 5, axis=0)
    self.assertAlmostEqual(
      structural_similarity.diversity(images, pairs=10, seed=0), 1
    )

  def test_noise_is_diverse(self):
    self.assertLess(
      structural_similarity.diversity(noise(count=20), pairs=50, seed=0), 0.2
    )

  def test_no_image_meets_itself(self):
    # Black and white are as unlike as can be, whichever is first.
    images = np.concatenate([grey(0), grey(255)])
    self.assertAlmostEqual(
      structural_similarity.diversity(images, pairs=30, seed=0),
      C1 / (255**2 + C1),
    )

  def test_every_other_image_is_as_likely(self):
    # The partner is of the same kind in one case of three.
    images = np.concatenate([grey(v, 4) for v in (0, 255, 0, 255)])
    self.assertAlmostEqual(
      structural_similarity.diversity(images, pairs=1500, seed=0),
      1 / 3,
      delta=0.05,
    )

  def test_only_the_seed_decides(self):
    images = noise(count=20, size=8)
    scores = [
      structural_similarity.diversity(images, pairs=5, seed=seed)
      for seed in (1, 1, 2)
    ]
    self.assertEqual(scores[0], scores[1])
    self.assertNotEqual(scores[0], scores[2])

  def test_the_seed_is_0_unless_given(self):
    images = noise(count=20, size=8)
    self.assertEqual(
      structural_similarity.diversity(images, pairs=5),
      structural_similarity.diversity(images, pairs=5, seed=0),
    )

  @parameterized.parameters((1, 5), (5, 0))
  def test_pairs_must_exist(self, count, pairs):
    with self.assertRaisesRegex(ValueError, f'{count} images and {pairs}'):
      structural_similarity.diversity(noise(count=count), pairs=pairs, seed=0)


if __name__ == '__main__':
  absltest.main()
