"""The clip that films are measured on is what its truth says."""

import numpy as np
from absl.testing import absltest

from benchmarks import film_clips
from tf_twingan.data.avatars import characters, drawing
from tf_twingan.data.prepare import alignment


class FilmClipsTest(absltest.TestCase):
  def test_the_truth_says_where_avatars_are(self):
    clip = film_clips.make(((0, 1), (2, 3)), seconds=2, rate=5, noise=0)
    self.assertLen(clip.frames, 10)
    self.assertEqual(clip.cuts, [5])
    side = film_clips.SIDE
    for index, group in ((0, (0, 1)), (3, (0, 1)), (8, (2, 3))):
      for number, matrix in zip(group, clip.squares[index]):
        avatar = drawing.draw(
          characters.character(number), film_clips.STYLE, side
        )
        seen = alignment.warp(clip.frames[index], matrix * side, side)
        # But for the edges, which the camera blurs.
        error = np.abs(seen.astype(int) - avatar).mean(axis=-1)
        self.assertLess(np.median(error), 2)
        self.assertLess(error.mean(), 4)

  def test_regions_are_the_middles_of_avatars(self):
    clip = film_clips.make(((0,),), seconds=0.2, rate=5, noise=0)
    region = clip.regions(share=0.8)[0]
    self.assertAlmostEqual(
      region.sum() / (0.8 * film_clips.SIDE) ** 2, 1, delta=0.02
    )
    y, x = np.argwhere(region).mean(axis=0) + 0.5
    middle = alignment.apply(clip.squares[0][0], np.array([[x, y]]))[0]
    np.testing.assert_allclose(middle, 0.5, atol=0.01)

  def test_the_camera_is_as_fast_in_a_clip_of_any_length(self):
    long, short = (
      film_clips.make(((0,),), seconds=s, rate=5, noise=0) for s in (2, 1)
    )
    for a, b in zip(long.frames, short.frames):
      np.testing.assert_array_equal(a, b)

  def test_noise_is_of_the_given_strength(self):
    clean, noisy = (
      film_clips.make(((0,),), seconds=0.2, rate=5, noise=n) for n in (0, 5)
    )
    differences = noisy.frames[0].astype(float) - clean.frames[0]
    self.assertAlmostEqual(differences.std(), 5, delta=0.3)


if __name__ == '__main__':
  absltest.main()
