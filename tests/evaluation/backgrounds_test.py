"""Backgrounds are found where there is one, moved, and otherwise refused."""

import numpy as np
from absl.testing import absltest

from tf_twingan.data.avatars import ground_truth
from tf_twingan.data.sources import registry
from tf_twingan.evaluation import backgrounds

SIZE = 32
BACKGROUND, SUBJECT = (200, 220, 90), (40, 60, 200)


def portrait(background=BACKGROUND, subject=SUBJECT):
  """A subject from row 10 down, and from column 8 up to 24."""
  image = np.full([SIZE, SIZE, 3], background, np.uint8)
  image[6:, 8:24] = subject
  return image


def estimate(*images):
  return backgrounds.estimate(np.stack(images))


class BackgroundsTest(absltest.TestCase):
  def test_the_background_moves_and_the_subject_stays(self):
    estimated = estimate(portrait())
    self.assertEqual(estimated.share_found, 1)
    self.assertTrue(estimated.is_estimated)
    moved = np.array(BACKGROUND) + [-96, -96, 96]
    np.testing.assert_array_equal(estimated.sources[0], portrait(moved))
    # A fringe of a 16th, 2 pixels, is in neither mask.
    self.assertTrue(estimated.subjects[0, 8:, 10:22].all())
    self.assertFalse(estimated.subjects[0, :, :10].any())
    self.assertFalse(estimated.subjects[0, :8].any())
    self.assertTrue(estimated.backgrounds[0, :, :8].all())
    self.assertFalse(estimated.backgrounds[0, 6:, 8:24].any())

  def test_a_spot_of_the_same_colour_inside_is_subject(self):
    image = portrait()
    image[24:28, 14:18] = BACKGROUND
    estimated = estimate(image)
    self.assertTrue(estimated.subjects[0, 24:28, 14:18].all())
    self.assertTrue((estimated.sources[0, 24:28, 14:18] == BACKGROUND).all())

  def test_shading_and_noise_are_background(self):
    image = portrait().astype(int)
    noise = np.random.default_rng(0).integers(-6, 7, image.shape)
    shade = np.linspace(-10, 10, SIZE)[:, None, None]
    given = np.clip(image + noise + shade, 0, 255).astype(np.uint8)
    estimated = estimate(given)
    self.assertEqual(estimated.share_found, 1)
    self.assertTrue(estimated.backgrounds[0, :, :8].all())
    # The shading is kept.
    change = estimated.sources[0, :, :8].astype(int) - given[:, :8]
    np.testing.assert_array_equal(change, np.full_like(change, [-96, -96, 96]))

  def test_white_black_and_grey_change_as_much(self):
    estimated = estimate(*(portrait([v] * 3) for v in (255, 0, 130)))
    np.testing.assert_array_equal(
      estimated.sources[:, 0, 0, 0].astype(int) - [255, 0, 130], [-96, 96, -96]
    )

  def test_images_without_a_plain_background_do_not_count(self):
    clutter = np.random.default_rng(1).integers(0, 256, [SIZE, SIZE, 3])
    full = np.full([SIZE, SIZE, 3], BACKGROUND, np.uint8)
    close = np.full([SIZE, SIZE, 3], SUBJECT, np.uint8)
    close[0] = BACKGROUND
    beside = portrait()[:, np.roll(np.arange(SIZE), 14)]
    refused = [clutter.astype(np.uint8), full, close, beside]
    estimated = estimate(portrait(), *refused)
    self.assertEqual(estimated.share_found, 1 / 5)
    np.testing.assert_array_equal(estimated.sources[1:], np.stack(refused))
    self.assertFalse(
      estimated.subjects[1:].any() or estimated.backgrounds[1:].any()
    )

  def test_of_avatars_it_finds_what_is_known(self):
    style = 'avatars:lorelei?limit=16'
    images = registry.load(style, SIZE, split='test').images
    known = ground_truth.describe(style, SIZE, len(images)).background_masks
    estimated = backgrounds.estimate(images)
    self.assertGreater(estimated.share_found, 0.8)
    both, either = estimated.backgrounds & known, estimated.backgrounds | known
    counts = estimated.subjects.any(axis=(1, 2))
    overlap = both[counts].sum() / either[counts].sum()
    self.assertGreater(overlap, 0.9)
    self.assertLess(
      (estimated.subjects & known).sum() / estimated.subjects.sum(), 0.02
    )


if __name__ == '__main__':
  absltest.main()
