"""Oracle, blurrer, tinter and collapser leak as much as they deserve."""

import numpy as np
from absl.testing import absltest

from tf_twingan.metrics import background_leak


def subjects_on(seed, count=6, size=16):
  """The same subjects, always, on random backgrounds; with their masks."""
  masks = np.zeros([count, size, size], bool)
  masks[:, 4:12, 4:12] = True
  subjects = np.random.default_rng(0).integers(0, 256, [count, size, size, 3])
  backgrounds = np.random.default_rng(seed).integers(0, 256, [count, 1, 1, 3])
  images = np.where(masks[..., None], subjects, backgrounds)
  return images.astype(np.uint8), masks


def blur(images):
  shifts = [(y, x) for y in (-1, 0, 1) for x in (-1, 0, 1)]
  return np.mean([np.roll(images, s, axis=(1, 2)) for s in shifts], axis=0)


def tint(images):
  """Paints everything in the colour of the corner."""
  return np.broadcast_to(images[:, :1, :1], images.shape)


def leak(translate):
  sources, masks = subjects_on(seed=1)
  changed, _ = subjects_on(seed=2)
  return background_leak.measure(translate(sources), translate(changed), masks)


class BackgroundLeakTest(absltest.TestCase):
  def test_an_oracle_does_not_leak(self):
    figures = leak(lambda images: images)
    self.assertEqual(figures.overall, 0)
    np.testing.assert_array_equal(figures.ratios, np.zeros(6))
    self.assertGreater(figures.background.min(), 0)

  def test_a_tint_of_everything_leaks_all(self):
    figures = leak(tint)
    self.assertAlmostEqual(figures.overall, 1)
    np.testing.assert_allclose(figures.ratios, np.ones(6))

  def test_a_blurrer_leaks_a_little(self):
    # Only the outermost of four rings of pixels mixes with the background.
    self.assertBetween(leak(blur).overall, 0.05, 0.5)

  def test_a_collapser_changes_nothing(self):
    figures = leak(np.zeros_like)
    self.assertEqual(figures.overall, 0)
    np.testing.assert_array_equal(figures.ratios, np.zeros(6))

  def test_a_changed_subject_on_an_unchanged_background_is_infinite(self):
    figures = leak(
      lambda images: np.where(subjects_on(0)[1][..., None], tint(images), 0)
    )
    self.assertEqual(figures.overall, np.inf)
    np.testing.assert_array_equal(figures.ratios, np.full(6, np.inf))

  def test_by_hand(self):
    translations = np.array([[[[0, 0], [10, 10]]], [[[0, 0], [0, 0]]]])
    changed = np.array([[[[1, 3], [12, 8]]], [[[0, 0], [6, 12]]]])
    masks = np.array([[[True, False]], [[True, False]]])
    figures = background_leak.measure(translations, changed, masks)
    np.testing.assert_array_equal(figures.foreground, [2, 0])
    np.testing.assert_array_equal(figures.background, [2, 9])
    np.testing.assert_array_equal(figures.ratios, [1, 0])
    self.assertAlmostEqual(figures.overall, 2 / 11)

  def test_uint8_does_not_wrap_around(self):
    translations = np.array([[[[5], [250]]]], np.uint8)
    changed = np.array([[[[250], [5]]]], np.uint8)
    masks = np.array([[[True, False]]])
    figures = background_leak.measure(translations, changed, masks)
    np.testing.assert_array_equal(figures.foreground, [245])
    np.testing.assert_array_equal(figures.background, [245])

  def test_a_image_without_foreground_or_background_does_not_count(self):
    translations = np.zeros([3, 1, 2, 1])
    changed = np.array([[[[1], [4]]], [[[9], [9]]], [[[9], [9]]]])
    masks = np.array([[[True, False]], [[True, True]], [[False, False]]])
    figures = background_leak.measure(translations, changed, masks)
    np.testing.assert_array_equal(figures.ratios, [0.25, np.nan, np.nan])
    self.assertEqual(figures.overall, 0.25)
    with self.assertRaisesRegex(ValueError, 'none of the 2 images'):
      background_leak.measure(translations[1:], changed[1:], masks[1:])

  def test_what_is_in_neither_mask_does_not_count(self):
    translations = np.zeros([1, 1, 3, 1])
    changed = np.array([[[[1], [90], [4]]]])
    masks = np.array([[[True, False, False]]])
    backgrounds = np.array([[[False, False, True]]])
    figures = background_leak.measure(translations, changed, masks, backgrounds)
    self.assertEqual(figures.overall, 0.25)

  def test_values_must_be_finite(self):
    # An image with NaN is refused, not passed over as one without a mask.
    images, masks = subjects_on(0)
    damaged = images.astype(np.float64)
    damaged[2, 3, 4] = [np.nan, np.inf, 0]
    with self.assertRaisesRegex(ValueError, '2 of the 4608 values of trans'):
      background_leak.measure(damaged, images, masks)
    with self.assertRaisesRegex(ValueError, '2 of the 4608 values of changed'):
      background_leak.measure(images, damaged, masks)

  def test_masks_must_be_bool_and_fit(self):
    images, masks = subjects_on(0)
    with self.assertRaisesRegex(ValueError, 'one bool for each pixel'):
      background_leak.measure(images, images, masks.astype(np.uint8))
    with self.assertRaisesRegex(ValueError, 'one bool for each pixel'):
      background_leak.measure(images, images, masks[:, :3])

  def test_shapes_must_agree(self):
    images, masks = subjects_on(0)
    with self.assertRaisesRegex(ValueError, 'the same sources twice'):
      background_leak.measure(images, images[:3], masks)


if __name__ == '__main__':
  absltest.main()
