"""Frames that are missing are told from frame rates that vary."""

import numpy as np
from absl.testing import absltest, parameterized

from tf_twingan.inference.films import gaps


class GapsTest(parameterized.TestCase):
  @parameterized.parameters(
    ([], 0),
    ([40] * 20, 0),
    ([40] * 20 + [80], 1),
    ([40] * 40 + [400, 120], 11),
    # Rounded to milliseconds, and to units of a frame.
    ([33, 33, 34] * 10 + [100], 2),
    ([1] * 30 + [4], 3),
    # A show of stills, and a film from which frames were taken on purpose.
    ([40] * 6 + [10_000] * 3, 0),
    ([40, 40, 80] * 10, 0),
  )
  def test_missing(self, lengths, expected):
    film = gaps.Gaps()
    for gap in lengths:
      film.add(gap)
    self.assertEqual(film.missing, expected)

  def test_gaps_that_vary(self):
    film = gaps.Gaps()
    for gap in np.random.default_rng(0).integers(20, 200, 300):
      film.add(int(gap))
    self.assertEqual(film.missing, 0)


if __name__ == '__main__':
  absltest.main()
