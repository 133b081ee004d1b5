"""Scores of films of translators that flicker, blur, or do neither."""

import numpy as np
from absl.testing import absltest

from benchmarks import film_scores, moving_avatars

STYLE = 'avatars:toon-head'


def scores(translate):
  return film_scores.film_scores(STYLE, translate, films=2, frames=5, side=32)


class FilmScoresTest(absltest.TestCase):
  @classmethod
  def setUpClass(cls):
    super().setUpClass()
    cls.sources, cls.grid = scores(lambda number, frames: frames)

  def test_what_changes_by_itself_flickers(self):
    def blinking(number, frames):
      del number
      changed = frames.astype(int)
      changed[1::2] = np.minimum(changed[1::2] + 51, 255)
      return changed.astype(np.uint8)

    found = scores(blinking)[0]
    # Every frame differs from the one before by a fifth, where that is not cut
    # off at white; two of five do from the median.
    for name, most in ((film_scores.FLICKER, 200), (film_scores.CHANGE, 80)):
      self.assertGreater(found[name] - self.sources[name], most / 4)

  def test_noise_of_the_sources_is_only_in_the_noisy_films(self):
    noisy, clean = (
      self.sources[n] for n in (film_scores.NOISY, film_scores.FLICKER)
    )
    self.assertGreater(noisy, clean + 3)

  def test_a_constant_has_neither_flicker_nor_sharpness(self):
    found = scores(lambda number, frames: np.full_like(frames, 128))[0]
    self.assertEqual(found, dict.fromkeys(film_scores.NAMES, 0.0))

  def test_what_stands_still_while_its_source_moves_changes(self):
    frozen = scores(lambda number, frames: frames[[0] * len(frames)])[0]
    for name in (film_scores.FLICKER, film_scores.CHANGE):
      self.assertGreater(frozen[name], 1.2 * self.sources[name])

  def test_translations_are_told_the_film_they_are_of(self):
    def again(number, frames):
      return moving_avatars.film(STYLE, number, frames=len(frames), side=32)

    found = scores(again)[0]
    self.assertEqual(
      found[film_scores.FLICKER], self.sources[film_scores.FLICKER]
    )
    # The noise of the sources is not in them.
    self.assertEqual(found[film_scores.NOISY], found[film_scores.FLICKER])

  def test_the_grid_shows_sources_above_translations(self):
    self.assertEqual(self.grid.shape, (2 * 128, 5 * 128, 3))


if __name__ == '__main__':
  absltest.main()
