"""A translated square goes back where it came from, and nowhere else."""

import tracemalloc

import numpy as np
from absl.testing import absltest, parameterized

from tests.data.prepare import drawn_faces
from tf_twingan.data.prepare import alignment
from tf_twingan.inference import pasting


def noise(*shape):
  return np.random.default_rng(0).integers(0, 256, shape, np.uint8)


def matrix_at(x, y, side, roll=0.0, resolution=32):
  """To a square around (x, y), rolled by degrees."""
  angle, scale = np.radians(roll), resolution / side
  turn = scale * np.array(
    [[np.cos(angle), np.sin(angle)], [-np.sin(angle), np.cos(angle)]]
  )
  return np.column_stack([turn, resolution / 2 - turn @ [x, y]])


def covered(shape, matrix, resolution=32):
  """The pixels whose centres lie in the circle inside of the square."""
  x, y = np.meshgrid(np.arange(shape[1]) + 0.5, np.arange(shape[0]) + 0.5)
  places = alignment.apply(matrix, np.stack([x.ravel(), y.ravel()], 1))
  inside = np.hypot(*(places.T - resolution / 2)) <= resolution / 2
  return inside.reshape(shape[:2])


CASES = {
  'one': [(60, 50, 40, 0)],
  'rolled': [(60, 50, 50, 33)],
  'upside_down': [(60, 50, 50, 180)],
  'cut_off': [(3, 95, 60, -70)],
  'larger_than_the_photo': [(60, 50, 300, 10)],
  'tiny': [(60.3, 50.6, 2.5, 20)],
  'less_than_a_pixel': [(60.3, 50.6, 0.4, 0)],
  'outside': [(-200, 50, 40, 0)],
  'six_overlapping': [
    (30 + 12 * i, 40 + 5 * i, 20 + 9 * i, 15 * i) for i in range(6)
  ],
}


class PastingTest(parameterized.TestCase):
  @parameterized.product(
    case=list(CASES), harmonize=[False, True], match_colours=[0.0, 1.0]
  )
  def test_no_byte_outside_of_the_masks_changes(
    self, case, harmonize, match_colours
  ):
    photo = noise(100, 130, 3)
    before, inside = photo.copy(), np.zeros([100, 130], bool)
    for place in CASES[case]:
      matrix = matrix_at(*place)
      pasting.paste(
        photo,
        noise(32, 32, 3),
        matrix,
        32,
        harmonize=harmonize,
        match_colours=match_colours,
      )
      inside |= covered(photo.shape, matrix)
    np.testing.assert_array_equal(photo[~inside], before[~inside])
    # Nor is it a test of nothing.
    if inside.sum() > 20:
      self.assertGreater(np.mean(photo[inside] != before[inside]), 0.4)

  def test_what_is_not_covered_is_not_changed_either(self):
    photo = noise(100, 130, 3)
    before = photo.copy()
    coverage = np.zeros([32, 32])
    coverage[:, 16:] = 1
    matrix = matrix_at(60, 50, 64)
    pasting.paste(photo, noise(32, 32, 3), matrix, 32, coverage=coverage)
    np.testing.assert_array_equal(photo[:, :55], before[:, :55])
    self.assertGreater(
      np.mean(photo[40:60, 66:80] != before[40:60, 66:80]), 0.9
    )

  @parameterized.parameters(0, 25, 90, -140)
  def test_marks_come_back_to_their_places(self, roll):
    photo, face = drawn_faces.draw((300, 400), (210, 140), 120, roll)
    matrix = alignment.matrix(face, alignment.Template(), 0.3, 64)
    square = alignment.warp(photo, matrix, 64)
    for size in (64, 128, 31):
      scaled = alignment.warp(photo, matrix * size / 64, size)
      plain = np.full_like(photo, 110)
      pasting.paste(plain, scaled, matrix, 64, harmonize=False)
      np.testing.assert_allclose(
        drawn_faces.find_marks(plain), drawn_faces.find_marks(photo), atol=0.6
      )
    self.assertEqual(square.shape, (64, 64, 3))

  def test_what_was_cut_out_leaves_the_photo_nearly_as_it_was(self):
    x, y = np.meshgrid(np.arange(200), np.arange(160))
    photo = np.stack([x, y, 255 - x], -1).astype(np.uint8)
    matrix = matrix_at(100, 80, 90, 20, 64)
    after = photo.copy()
    pasting.paste(after, alignment.warp(photo, matrix, 64), matrix, 64)
    self.assertLessEqual(np.abs(after - photo.astype(int)).max(), 2)

  def test_the_middle_is_the_square_and_the_border_is_mixed(self):
    photo = np.zeros([200, 200, 3], np.uint8)
    square = np.full([32, 32, 3], 200, np.uint8)
    pasting.paste(
      photo, square, matrix_at(100, 100, 100), 32, feather=0.2, harmonize=False
    )
    row = photo[100, 50:150, 0].astype(int)
    self.assertTrue((row[21:79] == 200).all())
    self.assertTrue((np.diff(row[:21]) >= 0).all())
    # Half way through the feather, half of each.
    self.assertAlmostEqual(row[9:11].mean(), 100, delta=5)
    # No step of more than what the smooth mask makes.
    self.assertLess(np.abs(np.diff(row)).max(), 200 * 1.6 / 20)

  def test_colours_that_differ_agree_where_the_mask_begins(self):
    photo = np.full([200, 200, 3], 60, np.uint8)
    square = np.full([32, 32, 3], 200, np.uint8)
    begins = slice(20, 28)  # A third of the feather.
    off = {}
    for harmonize in (False, True):
      after = photo.copy()
      pasting.paste(
        after, square, matrix_at(100, 100, 160), 32, harmonize=harmonize
      )
      self.assertAlmostEqual(int(after[100, 100, 0]), 200, delta=5)
      off[harmonize] = np.abs(after[100, begins, 0].astype(int) - 60).mean()
    self.assertLess(off[True], 0.5 * off[False])

  def test_memory_is_that_of_the_photo(self):
    photo = np.zeros([3000, 4000, 3], np.uint8)
    square = noise(64, 64, 3)
    for side, megabytes in ((200, 8), (2900, 90)):
      tracemalloc.start()
      pasting.paste(photo, square, matrix_at(2000, 1500, side, 9), 32)
      _, peak = tracemalloc.get_traced_memory()
      tracemalloc.stop()
      # The photo itself has 36 MB; as floats it would be 144.
      self.assertLess(peak / 2**20, megabytes)

  def test_what_it_refuses(self):
    photo, square, matrix = noise(9, 9, 3), noise(4, 4, 3), matrix_at(4, 4, 4)
    for options in ({'feather': 0}, {'feather': 0.6}, {'match_colours': 2}):
      with self.assertRaisesRegex(ValueError, 'give a share in'):
        pasting.paste(photo, square, matrix, 32, **options)
    with self.assertRaisesRegex(ValueError, 'must be uint8'):
      pasting.paste(photo, square / 2, matrix, 32)


if __name__ == '__main__':
  absltest.main()
