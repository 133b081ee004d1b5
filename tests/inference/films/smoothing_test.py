"""Smoothing of squares that are still, noisy, or change."""

import numpy as np
from absl.testing import absltest, parameterized
from PIL import Image

from tf_twingan.inference.films import smoothing

FRAME = 1 / 25


def face(seed=0, size=32):
  spots = np.random.default_rng(seed).integers(40, 210, [8, 8, 3], np.uint8)
  return np.asarray(
    Image.fromarray(spots).resize((size, size), Image.Resampling.BICUBIC)
  )


def noisy(square, seed, levels=6.0):
  noise = np.random.default_rng(seed).normal(0, levels, square.shape)
  return np.clip(np.rint(square + noise), 0, 255).astype(np.uint8)


def mean_change(squares):
  pairs = zip(squares, squares[1:])
  return np.mean([np.abs(a.astype(float) - b).mean() for a, b in pairs])


class SmoothingTest(parameterized.TestCase):
  def test_a_still_face_keeps_every_bit(self):
    smoother = smoothing.Smoother()
    for _ in range(20):
      np.testing.assert_array_equal(smoother.smooth(face(), FRAME), face())

  @parameterized.parameters(32, 128)
  def test_noise_changes_less_and_goes(self, size):
    still = face(size=size)
    given = [noisy(still, seed) for seed in range(40)]
    smoother = smoothing.Smoother()
    shown = [smoother.smooth(square, FRAME) for square in given]
    self.assertLess(mean_change(shown[20:]), 0.3 * mean_change(given[20:]))
    error = np.abs(shown[-1].astype(float) - still).mean()
    self.assertLess(error, 0.5 * np.abs(given[-1].astype(float) - still).mean())

  def test_another_face_is_taken_at_once(self):
    smoother = smoothing.Smoother()
    smoother.smooth(noisy(face(), 0), FRAME)
    square = 255 - face()  # Other in every pixel but those of medium grey.
    shown = smoother.smooth(square, FRAME)
    changed = np.abs(square.astype(int) - face()).max(axis=-1) > 80
    self.assertGreater(changed.mean(), 0.4)
    left = np.abs(shown.astype(int) - square).max(axis=-1)[changed]
    self.assertLess(np.quantile(left, 0.9), 4)

  def test_an_eye_that_closes_is_taken_at_once_and_no_more(self):
    still = np.full([32, 32, 3], 200, np.uint8)
    opened = still.copy()
    opened[12:15, 8:12] = 20
    smoother = smoothing.Smoother()
    smoother.smooth(noisy(opened, 0), FRAME)
    shown = smoother.smooth(noisy(still, 1), FRAME)
    self.assertGreater(shown[12:15, 8:12].mean(), 180)
    # The other half of the face is smoothed all the same.
    smooth = np.std(shown[:, 20:].astype(float))
    self.assertLess(smooth, 0.95 * np.std(noisy(still, 1)[:, 20:]))

  def test_what_was_long_ago_counts_little(self):
    base = np.full([16, 16, 3], 100, np.uint8)
    other = base + 4
    for elapsed, expected in ((0.0, 100), (0.25, 103), (10.0, 104)):
      smoother = smoothing.Smoother()
      smoother.smooth(base, 0.0)
      shown = smoother.smooth(other, elapsed)
      np.testing.assert_array_equal(shown, np.full_like(base, expected))

  def test_share_of_new_by_hand(self):
    mean = np.zeros([16, 16, 3], np.float32)
    least = 1 - np.exp(-1)
    # Noise, a change, and what is half way between the two.
    for levels, expected in ((6, least), (24, 1), (15, (least + 1) / 2)):
      share = smoothing.share_of_new(mean, mean + levels, 0.25)
      np.testing.assert_allclose(share, expected, rtol=1e-5)


if __name__ == '__main__':
  absltest.main()
