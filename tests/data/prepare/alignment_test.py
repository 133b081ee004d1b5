"""Faces come to lie where the template has them, and what is around them."""

import tracemalloc

import numpy as np
from absl.testing import absltest, parameterized

from tests.data.prepare import drawn_faces
from tf_twingan.data.prepare import alignment
from tf_twingan.face_detectors import base

# The proportions of the drawn face, so that all three places can fit.
TEMPLATE = alignment.Template(
  eyes=((0.35, 0.3), (0.7, 0.33)), mouth=(0.5, 0.75)
)


class MatrixTest(parameterized.TestCase):
  @parameterized.parameters(
    (0, 90, 0.0), (30, 90, 0.4), (30, 700, 0.0), (-50, 40, 0.4), (170, 300, 0.0)
  )
  def test_planted_marks_come_to_lie_on_the_template(self, roll, scale, margin):
    size = 100 + scale
    photo, face = drawn_faces.draw(
      (size, size), (size / 2, size / 2 - 9), scale, roll
    )
    matrix = alignment.matrix(face, TEMPLATE, margin, 128)
    square = alignment.warp(photo, matrix, 128)
    places = np.array([*TEMPLATE.eyes, TEMPLATE.mouth])
    expected = 128 * ((places - 0.5) / (1 + 2 * margin) + 0.5)
    np.testing.assert_allclose(
      drawn_faces.find_marks(square), expected, atol=0.5
    )
    self.assertAlmostEqual(alignment.roll(matrix), roll, places=2)
    size = 128 / (1 + 2 * margin) / alignment.scale(matrix)
    self.assertAlmostEqual(size, scale, delta=scale / 1000)

  def test_two_transforms_in_one(self):
    first = np.array([[0.0, -2, 5], [2, 0, 1]])
    second = np.array([[3.0, 0, -4], [0, 3, 7]])
    places = np.array([[1.0, 2], [-3, 0.5]])
    np.testing.assert_allclose(
      alignment.apply(alignment.compose(second, first), places),
      alignment.apply(second, alignment.apply(first, places)),
    )

  def test_the_inverse_leads_back_to_the_photo(self):
    photo, face = drawn_faces.draw((300, 400), (200, 150), 120, 25)
    matrix = alignment.matrix(face, TEMPLATE, 0.2, 96)
    marks = drawn_faces.find_marks(alignment.warp(photo, matrix, 96))
    back = alignment.apply(alignment.inverse(matrix), marks)
    np.testing.assert_allclose(back[:2], face.eyes, atol=0.25)
    np.testing.assert_allclose(back[2], face.mouth, atol=0.25)

  def test_eyes_alone_fit_exactly(self):
    face = base.Face(np.zeros(4), 1, np.array([[10, 20], [30, 60]]))
    template = alignment.Template(eyes=((0.25, 0.5), (0.75, 0.5)))
    matrix = alignment.matrix(face, template, 0.0, 100)
    np.testing.assert_allclose(
      alignment.apply(matrix, face.eyes), [[25, 50], [75, 50]]
    )

  def test_three_places_are_fitted_by_least_squares(self):
    # The mouth is much too high: all of the fit gives way.
    face = base.Face(
      np.zeros(4), 1, np.array([[30, 40], [70, 40]]), np.array([50, 50])
    )
    matrix = alignment.matrix(face, alignment.Template(), 0.0, 100)
    wanted = np.array([[30, 42], [70, 42], [50, 84]])
    places = np.array([*face.eyes, face.mouth])

    def error(matrix):
      return np.sum((alignment.apply(matrix, places) - wanted) ** 2)

    for change in np.eye(6).reshape(6, 2, 3):
      for step in (1e-3, -1e-3):
        turn = step * change
        # Similarity transforms alone: the left half stays [[a, -b], [b, a]].
        turn[1, 1] = turn[0, 0] = turn[0, 0] + turn[1, 1]
        turn[1, 0] -= turn[0, 1]
        turn[0, 1] = -turn[1, 0]
        self.assertGreaterEqual(error(matrix + turn), error(matrix))

  def test_a_box_alone_becomes_the_square_of_margin_0(self):
    face = base.Face(np.array([20, 30, 40, 50]), 1)
    matrix = alignment.matrix(face, alignment.Template(), 0.5, 80)
    np.testing.assert_allclose(
      alignment.apply(matrix, [[20, 30], [40, 50]]), [[20, 20], [60, 60]]
    )

  @parameterized.parameters(
    (np.array([[5, 5], [5, 5]]),), (np.array([[np.nan, 5], [9, 5]]),)
  )
  def test_places_that_tell_nothing_are_refused(self, eyes):
    face = base.Face(np.zeros(4), 1, eyes)
    with self.assertRaisesRegex(ValueError, 'finite and differ'):
      alignment.matrix(face, alignment.Template(), 0.0, 64)


def moved(x: float, y: float) -> np.ndarray:
  """Takes the square at (x, y) out of a photo, without a change of scale."""
  return np.array([[1.0, 0, -x], [0, 1, -y]])


class InsideTest(absltest.TestCase):
  def test_shares(self):
    turn = np.sqrt(0.5) * np.array([[1, 1], [-1, 1]])
    for expected, matrix in (
      (1.0, moved(0, 0)),
      (0.5, moved(-5, 0)),
      (0.25, moved(15, 15)),
      (0.0, moved(100, 0)),
      # A square of 40 px around a photo of 20.
      (0.25, np.array([[0.25, 0, 2.5], [0, 0.25, 2.5]])),
      # Turned by 45 degrees upon the edge: half of it is out.
      (0.5, np.column_stack([turn, [5, 5] - turn @ [0, 10]])),
    ):
      share = alignment.inside(matrix, (20, 20), 10)
      self.assertAlmostEqual(share, expected, places=6, msg=matrix)


class WarpTest(parameterized.TestCase):
  def test_a_shrunk_checkerboard_is_grey(self):
    y, x = np.indices([400, 400])
    photo = np.repeat(((x + y) % 2 * 255).astype(np.uint8)[..., None], 3, 2)
    square = alignment.warp(photo, np.array([[0.1, 0, 0], [0, 0.1, 0]]), 40)
    self.assertLess(np.abs(square.astype(int) - 127).max(), 3)

  def test_fine_detail_is_kept_between_pixels(self):
    # Stripes near the finest that the square can hold, turned.
    x = np.arange(400) + 0.5
    stripes = 128 + 100 * np.sin(0.42 * np.pi * x)
    photo = np.tile(stripes.astype(np.uint8)[None, :, None], [400, 1, 3])
    cos, sin = np.cos(0.2) / 2, np.sin(0.2) / 2
    matrix = np.array([[cos, -sin, -20], [sin, cos, -60]])
    square = alignment.warp(photo, matrix, 100)
    self.assertGreater(square[20:80, 20:80, 0].std(), 0.75 * stripes.std())

  @parameterized.parameters('reflect', 'blur')
  def test_the_photo_itself_stays_as_it_is(self, padding):
    photo, _ = drawn_faces.draw((60, 60), (30, 30), 40)
    square = alignment.warp(photo, moved(-20, -20), 100, padding)
    difference = square[20:80, 20:80].astype(int) - photo
    self.assertLess(np.abs(difference).mean(), 2)

  def test_padding_is_the_reflection_and_the_blur_grows_outwards(self):
    random = np.random.default_rng(0)
    photo = random.integers(0, 256, [64, 64, 3], np.uint8)
    sharp, blurred = (
      alignment.warp(photo, moved(-32, 0), 64, padding).astype(int)
      for padding in ('reflect', 'blur')
    )
    # The first column of the photo is the mirror's line.
    reflected = np.flip(sharp[4:-4, 34:60], axis=1)
    self.assertGreater(
      np.corrcoef(sharp[4:-4, 5:31].ravel(), reflected.ravel())[0, 1], 0.9
    )
    deviations = [blurred[:, x].std() for x in (40, 30, 27, 2)]
    self.assertEqual(deviations, sorted(deviations, reverse=True))
    self.assertLess(deviations[-1], deviations[0] / 5)

  def test_padding_takes_the_memory_of_a_few_bytes_a_pixel(self):
    photo = np.random.default_rng(0).integers(0, 256, [900, 900, 3], np.uint8)
    matrix = np.array([[0.5, 0, 100], [0, 0.5, 100]])
    tracemalloc.start()
    alignment.warp(photo, matrix, 512)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    # The square is sampled at twice its resolution.
    self.assertLess(peak, 8 * 3 * 1024**2)

  def test_a_square_beside_the_photo_and_a_photo_of_one_pixel(self):
    for photo, matrix in (
      (np.full([1, 1, 3], 7, np.uint8), moved(-50, -50)),
      (np.full([9, 9, 3], 7, np.uint8), moved(500, -500)),
    ):
      square = alignment.warp(photo, matrix, 16)
      np.testing.assert_array_equal(square, np.full([16, 16, 3], 7))


if __name__ == '__main__':
  absltest.main()
