"""Colours end up where the target's are, and black and grey survive."""

import numpy as np
from absl.testing import absltest

from tf_twingan.evaluation import color_transfer


def images(seed, count=3, low=40, high=200):
  rng = np.random.default_rng(seed)
  return rng.integers(low, high, [count, 8, 8, 3]).astype(np.uint8)


def transferred(source, target):
  return color_transfer.transfer(
    source,
    source=color_transfer.statistics(source),
    target=color_transfer.statistics(target),
  )


class ColorTransferTest(absltest.TestCase):
  def test_white_and_a_grey_by_hand(self):
    # Rows of M: each tone of grey is that times 0.9996, 0.9993, 0.9973.
    log = np.log10([0.9996, 0.9993, 0.9973])
    white = [
      log.sum() / 3**0.5,
      (log[0] + log[1] - 2 * log[2]) / 6**0.5,
      (log[0] - log[1]) / 2**0.5,
    ]
    found = color_transfer.to_lab(
      np.array([[255] * 3, [51] * 3, [0] * 3], np.uint8)
    )
    np.testing.assert_allclose(found[0], white, atol=1e-9)
    # A fifth of the light: log10(5) less of L, of M and of S.
    darker = np.log10(5) * 3**0.5
    np.testing.assert_allclose(found[1], white - np.array([darker, 0, 0]))
    self.assertTrue(np.isfinite(found).all())

  def test_there_and_back_is_the_same_image(self):
    original = images(0, low=1, high=256)
    back = color_transfer.to_rgb(color_transfer.to_lab(original))
    np.testing.assert_array_equal(back, original)

  def test_an_image_gets_the_means_and_deviations_of_the_target(self):
    # Of little contrast, or colours would be clipped.
    target = images(1, low=90, high=140)
    found = color_transfer.statistics(transferred(images(2), target))
    wanted = color_transfer.statistics(target)
    np.testing.assert_allclose(found.mean, wanted.mean, atol=2e-3)
    np.testing.assert_allclose(found.deviation, wanted.deviation, atol=2e-3)

  def test_statistics_are_over_all_pixels_of_all_images(self):
    original = images(3)
    lab = color_transfer.to_lab(original).reshape(-1, 3)
    found = color_transfer.statistics(original)
    np.testing.assert_allclose(found.mean, lab.mean(axis=0))
    np.testing.assert_allclose(found.deviation, lab.std(axis=0))

  def test_one_map_serves_all_sources(self):
    source, target = images(4), images(5)
    alone = color_transfer.transfer(
      source[1:2],
      source=color_transfer.statistics(source),
      target=color_transfer.statistics(target),
    )
    np.testing.assert_array_equal(alone, transferred(source, target)[1:2])

  def test_its_own_colours_change_nothing(self):
    source = images(6)
    np.testing.assert_array_equal(transferred(source, source), source)

  def test_a_constant_channel_is_no_division_by_zero(self):
    flat = np.full([2, 8, 8, 3], 100, np.uint8)
    target = np.full([2, 8, 8, 3], (200, 100, 50), np.uint8)
    with np.errstate(all='raise'):
      np.testing.assert_array_equal(transferred(flat, target), target)
      # Grey has lightness and no colour to scale.
      grey = images(7, count=2)[..., :1].repeat(3, axis=-1)
      found = transferred(grey, target)
    np.testing.assert_array_equal(found, target)

  def test_no_images_have_no_colours(self):
    with self.assertRaisesRegex(ValueError, r'\(0, 8, 8, 3\).*at least one'):
      color_transfer.statistics(images(0)[:0])


if __name__ == '__main__':
  absltest.main()
