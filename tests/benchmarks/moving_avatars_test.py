"""Films of avatars: they move a little, and their motion can be undone."""

import numpy as np
from absl.testing import absltest

from benchmarks import moving_avatars

STYLE, OTHER = 'avatars:toon-head', 'avatars:lorelei'


def differences(frames):
  return np.abs(np.diff(frames.astype(float), axis=0)).mean(axis=(1, 2, 3))


class MovingAvatarsTest(absltest.TestCase):
  def test_it_moves_and_the_motion_can_be_undone(self):
    frames = moving_avatars.film(STYLE, 3, frames=6, side=128)
    self.assertEqual(frames.shape, (6, 128, 128, 3))
    self.assertEqual(frames.dtype, np.uint8)
    moving = differences(frames[:, 16:-16, 16:-16])
    self.assertGreater(moving.min(), 1.0)
    still = differences(moving_avatars.stilled(frames, 3))
    self.assertTrue((still < moving / 2).all(), (still, moving))

  def test_in_every_style_the_same_character_moves_alike(self):
    film = [
      moving_avatars.film(style, 3, frames=6, side=64)
      for style in (STYLE, OTHER)
    ]
    # Backgrounds are the same plain colour, and skulls lie on each other.
    alike = [np.abs(a - b.astype(int)).mean() for a, b in zip(*film)]
    other = np.abs(film[0][0] - film[1][5].astype(int)).mean()
    self.assertLess(max(alike), other)

  def test_a_film_is_the_same_each_time_and_others_differ(self):
    options = dict(frames=2, side=16, noise=3.0)
    first = moving_avatars.film(STYLE, 0, **options)
    np.testing.assert_array_equal(
      first, moving_avatars.film(STYLE, 0, **options)
    )
    self.assertFalse((first == moving_avatars.film(STYLE, 1, **options)).all())

  def test_noise_has_the_given_strength(self):
    options = dict(frames=4, side=32)
    noise = moving_avatars.film(STYLE, 0, noise=3.0, **options).astype(float)
    clean = moving_avatars.film(STYLE, 0, **options)
    inside = (clean > 20) & (clean < 235)
    self.assertAlmostEqual((noise - clean)[inside].std(), 3.0, delta=0.1)


if __name__ == '__main__':
  absltest.main()
