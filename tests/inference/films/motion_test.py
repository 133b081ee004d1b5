"""Faces followed over motions that are known, and transforms between others."""

import math

import numpy as np
from absl.testing import absltest, parameterized
from PIL import Image

from tf_twingan.data.prepare import alignment
from tf_twingan.inference.films import motion

BOX = np.array([110.0, 70.0, 190.0, 150.0])


def scene(seed=0, size=(320, 220)):
  """A smooth random image, uint8 [height, width, 3]."""
  spots = np.random.default_rng(seed).integers(20, 230, [28, 40, 3], np.uint8)
  return np.asarray(
    Image.fromarray(spots).resize(size, Image.Resampling.BICUBIC)
  )


def similarity(degrees=0.0, scale=1.0, x=0.0, y=0.0, centre=(150, 110)):
  """Turns and scales around a centre, and moves by (x, y)."""
  turn = scale * np.exp(1j * math.radians(degrees))
  shift = complex(*centre) + complex(x, y) - turn * complex(*centre)
  return np.array(
    [[turn.real, -turn.imag, shift.real], [turn.imag, turn.real, shift.imag]]
  )


def moved(image, matrix):
  """The image as `matrix` moves it."""
  height, width = image.shape[:2]
  return np.asarray(
    Image.fromarray(image).transform(
      (width, height),
      Image.Transform.AFFINE,
      tuple(alignment.inverse(matrix).ravel()),
      Image.Resampling.BICUBIC,
    )
  )


def noisy(image, seed, levels=8):
  noise = np.random.default_rng(seed).normal(0, levels, image.shape)
  return np.clip(image + noise, 0, 255).astype(np.uint8)


def corners_apart(one, other):
  corners = BOX[[0, 1, 2, 1, 2, 3, 0, 3]].reshape(4, 2)
  apart = alignment.apply(one, corners) - alignment.apply(other, corners)
  return np.hypot(*apart.T).max()


class MotionTest(parameterized.TestCase):
  @parameterized.parameters(
    dict(x=5.0, y=-3.0),
    dict(degrees=3.0),
    dict(scale=1.04),
    dict(degrees=-2.0, scale=0.97, x=2.5, y=1.5),
  )
  def test_finds_a_known_motion_below_noise(self, **known):
    matrix = similarity(**known)
    image = scene()
    found = motion.follow(noisy(image, 1), noisy(moved(image, matrix), 2), BOX)
    self.assertLess(corners_apart(found, matrix), 0.35)

  def test_a_still_window_gives_the_identity_to_the_bit(self):
    image = scene()
    other = image.copy()
    other[200:, 300:] = 0  # Far from the face.
    self.assertIs(motion.follow(image, other, BOX), motion.IDENTITY)

  def test_what_covers_a_part_does_not_drag_the_face_along(self):
    image, matrix = scene(), similarity(x=2.0)
    before, after = image.copy(), moved(image, matrix).copy()
    hand = scene(5)[:60, :30]
    before[90:150, 110:140] = hand
    after[86:146, 118:148] = hand
    found = motion.follow(before, after, BOX)
    self.assertLess(corners_apart(found, matrix), 1.5)

  def test_does_not_know_what_is_hidden_or_outside(self):
    self.assertIsNone(motion.follow(scene(0), scene(1), BOX))
    outside = np.array([-500.0, -500.0, -400.0, -400.0])
    self.assertIsNone(motion.follow(scene(0), scene(0), outside))

  def test_a_large_frame_is_followed_as_well(self):
    image, matrix = scene(), similarity(degrees=2.0, x=3.0)
    large = [
      np.asarray(
        Image.fromarray(i).resize((1600, 1100), Image.Resampling.BICUBIC)
      )
      for i in (image, moved(image, matrix))
    ]
    found = motion.follow(*large, 5 * BOX)
    scaled = matrix * [[1, 1, 5], [1, 1, 5]]
    corners = 5 * BOX[[0, 1, 2, 1, 2, 3, 0, 3]].reshape(4, 2)
    apart = alignment.apply(found, corners) - alignment.apply(scaled, corners)
    self.assertLess(np.hypot(*apart.T).max(), 2)

  def test_blends_size_tilt_and_place(self):
    one, other = similarity(), similarity(degrees=40, scale=4, x=10, y=20)
    half = motion.blend(one, other, 0.5, 64)
    self.assertAlmostEqual(alignment.scale(half), 2)
    self.assertAlmostEqual(alignment.roll(half), -20)
    middle = np.array([[32.0, 32.0]])
    places = [
      alignment.apply(alignment.inverse(m), middle) for m in (one, half, other)
    ]
    np.testing.assert_allclose(places[1], (places[0] + places[2]) / 2)
    self.assertIs(motion.blend(one, one.copy(), 0.3, 64), one)
    np.testing.assert_allclose(motion.blend(one, other, 1.0, 64), other)
    np.testing.assert_allclose(motion.blend(one, other, 0.0, 64), one)

  def test_distance_is_in_sides_of_the_square(self):
    # Squares of side 50 in the frame, 5 apart.
    one, other = (
      np.array([[2.0, 0.0, -2.0 * x], [0.0, 2.0, 0.0]]) for x in (10, 15)
    )
    self.assertAlmostEqual(motion.distance(one, other, 100), 0.1)
    self.assertEqual(motion.distance(one, one, 100), 0.0)


if __name__ == '__main__':
  absltest.main()
