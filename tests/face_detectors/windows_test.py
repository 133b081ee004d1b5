"""Windows: where they lie, and which pixels they show."""

import math

import numpy as np
from absl.testing import absltest, parameterized
from PIL import Image

from tf_twingan.face_detectors import windows
from tf_twingan.face_detectors.windows import Window


class WindowTest(parameterized.TestCase):
  def test_points_of_an_upright_window(self):
    window = Window(x=30, y=40, side=20)
    np.testing.assert_allclose(
      window.to_image([[0, 0], [1, 1], [0.5, 0.25]]),
      [[20, 30], [40, 50], [30, 35]],
    )

  def test_points_of_a_turned_window(self):
    # Turned clockwise by 90 degrees: its upper left corner is at the right.
    window = Window(x=30, y=40, side=20, angle=math.pi / 2)
    np.testing.assert_allclose(
      window.to_image([[0, 0], [1, 0], [1, 1]]), [[40, 30], [40, 50], [20, 50]]
    )

  def test_the_pixels_of_a_window(self):
    pixels = np.arange(6 * 8, dtype=np.uint8).reshape(6, 8)
    cut = Window(x=4, y=3, side=4).cut(Image.fromarray(pixels), 4)
    np.testing.assert_array_equal(cut, pixels[1:5, 2:6])

  def test_it_is_black_outside_of_the_image(self):
    pixels = np.full((4, 4, 3), 200, np.uint8)
    cut = Window(x=0, y=0, side=8).cut(Image.fromarray(pixels), 4)
    expected = np.zeros((4, 4, 3), np.uint8)
    expected[2:, 2:] = 200
    np.testing.assert_array_equal(cut, expected)

  @parameterized.parameters(
    (Window(100, 100, 4), 8),
    (Window(-100, 2, 4), 8),
    (Window(100, 100, 4, angle=1.0), 8),
  )
  def test_a_window_elsewhere_is_black(self, window, size):
    cut = window.cut(Image.fromarray(np.full((4, 4, 3), 9, np.uint8)), size)
    np.testing.assert_array_equal(cut, np.zeros((size, size, 3)))

  def test_it_is_shrunk_without_aliasing(self):
    pixels = np.zeros((64, 64), np.uint8)
    pixels[::2] = 200
    cut = Window(x=32, y=32, side=64).cut(Image.fromarray(pixels), 8)
    np.testing.assert_allclose(cut[1:-1].astype(int), 100, atol=8)

  def test_a_turned_window_shows_what_is_turned_upright(self):
    pixels = np.zeros((40, 40), np.uint8)
    pixels[10:20, 20:30] = 250
    cut = Window(x=20, y=20, side=40, angle=math.pi / 2).cut(
      Image.fromarray(pixels), 40
    )
    # Turned back, counterclockwise.
    np.testing.assert_allclose(
      cut.astype(int), np.rot90(pixels).astype(int), atol=1
    )

  def test_points_and_pixels_of_a_turned_window_agree(self):
    window = Window(x=33, y=29, side=40, angle=0.4)
    (place,) = window.to_image([[0.7, 0.2]])
    pixels = np.zeros((64, 64), np.uint8)
    x, y = np.floor(place).astype(int)
    pixels[y - 1 : y + 2, x - 1 : x + 2] = 255
    cut = window.cut(Image.fromarray(pixels), 80).astype(float)
    rows, columns = np.indices(cut.shape) + 0.5
    found = [(columns * cut).sum(), (rows * cut).sum()] / cut.sum() / 80
    np.testing.assert_allclose(found, [0.7, 0.2], atol=0.02)


class TilesTest(parameterized.TestCase):
  def test_tiles_are_spread_evenly(self):
    tiles = windows.tiles(100, 60, side=40, overlap=0.5)
    self.assertEqual(sorted({tile.x for tile in tiles}), [20, 40, 60, 80])
    self.assertEqual(sorted({tile.y for tile in tiles}), [20, 40])
    self.assertLen(tiles, 8)
    self.assertEqual(tiles[1], Window(40, 20, 40))

  def test_a_tile_is_centred_where_it_is_longer_than_the_image(self):
    self.assertEqual(
      windows.tiles(100, 10, side=60, overlap=0.25),
      [Window(30, 5, 60), Window(70, 5, 60)],
    )

  @parameterized.parameters((1000, 0.4), (1001, 0.25), (333, 0.0))
  def test_neighbours_overlap_as_asked_and_reach_the_edges(
    self, width, overlap
  ):
    tiles = windows.tiles(width, 50, side=120, overlap=overlap)
    centres = [tile.x for tile in tiles]
    self.assertLessEqual(np.diff(centres).max(), 120 * (1 - overlap) + 1e-6)
    self.assertAlmostEqual(centres[0], 60)
    self.assertAlmostEqual(centres[-1], width - 60)


if __name__ == '__main__':
  absltest.main()
