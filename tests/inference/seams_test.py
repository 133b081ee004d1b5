"""Colours at a seam agree, and those in the middle stay."""

import numpy as np
from absl.testing import absltest

from tf_twingan.inference import seams

CELLS = (np.arange(seams.GRID) + 0.5) / seams.GRID - 0.5
MASK = (np.hypot(CELLS, CELLS[:, None]) < 0.45).astype(float)


def plain(*colour, size=64):
  return np.full([size, size, 3], colour, np.uint8)


class SeamsTest(absltest.TestCase):
  def test_the_border_is_the_photos_and_the_middle_the_squares(self):
    photo, square = plain(200, 40, 90), plain(90, 140, 100)
    result = seams.harmonize(square, photo, MASK)
    np.testing.assert_array_equal(result[0], photo[0])
    np.testing.assert_allclose(result[32, 32], square[32, 32], atol=6)

  def test_the_change_solves_its_equation(self):
    photo, square = plain(100, 100, 100, size=32), plain(50, 50, 50, size=32)
    change = seams.harmonize(square, photo, MASK).astype(float) - square
    change = change[..., 0]
    around = change[:-2, 1:-1] + change[2:, 1:-1]
    around += change[1:-1, :-2] + change[1:-1, 2:]
    own = change[1:-1, 1:-1]
    reach = seams._REACH * seams.GRID
    inner = MASK[1:-1, 1:-1] > 0
    np.testing.assert_allclose(
      (around - 4 * own)[inner], (own / reach**2)[inner], atol=3
    )

  def test_it_falls_off_within_the_reach(self):
    photo, square = plain(150, 150, 150), plain(50, 50, 50)
    change = seams.harmonize(square, photo, MASK).astype(int) - square
    row = change[32, :33, 0]
    # The filter that enlarges it overshoots a little.
    self.assertLessEqual(np.diff(row).max(), 3)
    begin = int(0.05 * 64)
    self.assertLess(row[begin + round(2 * seams._REACH * 64)], 25)

  def test_what_is_not_seen_has_no_say(self):
    photo, square = plain(200, 40, 90), plain(90, 140, 100)
    coverage = np.zeros([64, 64])
    result = seams.harmonize(square, photo, MASK, coverage)
    np.testing.assert_array_equal(result, square)

  def test_matched_colours_have_the_photos_mean_and_contrast(self):
    random = np.random.default_rng(0)
    square = random.normal(170, 20, [32, 32, 3]).clip(0, 255).astype(np.uint8)
    photo = random.normal(80, 25, [32, 32, 3]).clip(0, 255).astype(np.uint8)
    photo[..., 2] //= 2
    matched = seams.match_colours(square, photo)
    np.testing.assert_allclose(
      matched.mean((0, 1)), photo.mean((0, 1)), atol=2.5
    )
    half = seams.match_colours(square, photo, 0.5)
    np.testing.assert_allclose(
      half.mean((0, 1)),
      (square.mean((0, 1)) + photo.mean((0, 1))) / 2,
      atol=2.5,
    )
    self.assertGreater(matched.std(), square.std())

  def test_an_even_square_does_not_become_noise(self):
    photo = np.random.default_rng(0).integers(0, 256, [32, 32, 3], np.uint8)
    square = plain(90, 90, 90, size=32)
    square[::2] += 1
    self.assertLess(np.ptp(seams.match_colours(square, photo)), 80)


if __name__ == '__main__':
  absltest.main()
