"""A translated cut-out is put before the photo's own background."""

import numpy as np
from absl.testing import absltest

from tf_twingan.inference import subjects

SIZE = 64
X, Y = np.meshgrid(np.arange(SIZE) + 0.5, np.arange(SIZE) + 0.5)
DISTANCE = np.hypot(X - 32, Y - 32)


def disc(radius):
  return (DISTANCE < radius).astype(np.float32)


def image(colour, background, radius):
  return np.where(disc(radius)[..., None] > 0, colour, background).astype(
    np.uint8
  )


class SubjectsTest(absltest.TestCase):
  def setUp(self):
    super().setUp()
    # A photo's wall that gets darker to the right, and a red head before it.
    wall = np.stack([X, X, 255 - X], -1)
    self.wall = wall
    self.photo = np.where(disc(20)[..., None] > 0, (200, 30, 30), wall).astype(
      np.uint8
    )

  def put(self, layers):
    return self.photo + layers.coverage[..., None] * (
      layers.image.astype(float) - self.photo
    )

  def test_a_larger_subject_covers_and_the_plain_colour_does_not(self):
    translated = image((40, 90, 200), (255, 255, 255), 26)
    result = self.put(subjects.separate(translated, self.photo, disc(20)))
    np.testing.assert_allclose(
      result[disc(25) > 0], [(40, 90, 200)] * 1976, atol=6
    )
    np.testing.assert_allclose(
      result[DISTANCE > 28], self.wall[DISTANCE > 28], atol=3
    )

  def test_a_smaller_subject_shows_the_wall_where_the_old_one_was(self):
    translated = image((40, 90, 200), (255, 255, 255), 12)
    result = self.put(subjects.separate(translated, self.photo, disc(20)))
    ring = (DISTANCE > 17) & (DISTANCE < 24)
    np.testing.assert_allclose(result[ring], self.wall[ring], atol=25)
    self.assertGreater(np.abs(self.photo[ring] - self.wall[ring]).max(), 100)

  def test_what_is_filled_in_is_the_nearest_background(self):
    # A dark wall around the head, and far from it a light one.
    photo = image((0, 0, 0), (0, 255, 0), 30)
    photo[disc(20) > 0] = (200, 30, 30)
    translated = image((40, 90, 200), (255, 255, 255), 12)
    layers = subjects.separate(translated, photo, disc(20))
    ring = (DISTANCE > 17) & (DISTANCE < 20)
    np.testing.assert_array_equal(layers.coverage[ring], 1)
    self.assertLess(layers.image[ring].mean(0).max(), 60)

  def test_the_plain_colour_does_not_stay_at_the_outline(self):
    soft = np.clip(24.5 - DISTANCE, 0, 4)[..., None] / 4
    plain, own = np.array([255.0, 0, 255]), np.array([40.0, 90, 60])
    translated = np.rint(plain + soft * (own - plain)).astype(np.uint8)
    layers = subjects.separate(translated, self.photo, disc(20))
    # Half of it here, which would be a pink line.
    ring = (DISTANCE > 21.5) & (DISTANCE < 22.5)
    self.assertLess(layers.image[ring][:, 0].mean(), 75)

  def test_its_background_s_colour_stays_inside_of_a_subject(self):
    translated = image((40, 90, 200), (255, 255, 255), 22)
    translated[28:36, 28:36] = 255  # A white of an eye, say.
    result = self.put(subjects.separate(translated, self.photo, disc(20)))
    np.testing.assert_array_equal(result[30:34, 30:34], 255)

  def test_what_is_everywhere_subject_covers_all(self):
    translated = image((40, 90, 200), (255, 255, 255), 12)
    layers = subjects.separate(
      translated, self.photo, np.ones([128, 128], np.float32)
    )
    np.testing.assert_array_equal(layers.coverage, 1)
    np.testing.assert_array_equal(layers.image, translated)


if __name__ == '__main__':
  absltest.main()
