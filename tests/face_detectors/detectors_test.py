"""The detectors find drawn characters, and nothing where there is nothing."""

import concurrent.futures
import functools
from unittest import mock

import numpy as np
from absl.testing import absltest, parameterized
from PIL import Image

from tests.face_detectors import drawn_cats
from tf_twingan import extras, faces
from tf_twingan.data.avatars import characters, drawing
from tf_twingan.face_detectors import nvxs, packaged_files, search

# Of toon-head's characters both find these.
NUMBERS = (9, 12, 20, 21)
# Cats: their side and place, and the side of the image.
CATS = ((300, 60, 60, 420), (150, 20, 60, 240), (600, 100, 140, 840))


@functools.cache
def detector(name):
  return faces.detector(name)


def avatar(number, size):
  return drawing.draw(characters.character(number), 'toon-head', size)


def canvas(places, size=(900, 600)):
  """A grey image with characters at (number, left, top, side)."""
  image = Image.new('RGB', size, (120, 130, 140))
  for number, left, top, side in places:
    image.paste(Image.fromarray(avatar(number, side)), (left, top))
  return np.asarray(image)


def cat(side, left, top, size):
  """A grey square with the face of a cat."""
  image = Image.new('RGB', (size, size), (200, 205, 200))
  image.paste(drawn_cats.draw(side), (left, top))
  return np.asarray(image)


class DetectorsTest(parameterized.TestCase):
  @parameterized.product(name=('human', 'anime'), number=NUMBERS)
  def test_a_character_is_found_with_its_eyes_and_mouth(self, name, number):
    (face,) = detector(name).find(avatar(number, 256))
    left, top, right, bottom = face.box
    # The face of these characters is in the middle of the upper two thirds.
    self.assertBetween((left + right) / 2, 90, 170)
    self.assertBetween((top + bottom) / 2, 110, 190)
    self.assertBetween(face.side, 70, 150)
    self.assertBetween(face.score, 0.3, 1)
    if name == 'anime' and not nvxs.available():
      return
    (left_x, left_y), (right_x, right_y) = face.eyes
    self.assertBetween(right_x - left_x, 20, 80)
    self.assertAlmostEqual(left_y, right_y, delta=15)
    mouth_x, mouth_y = face.mouth
    self.assertBetween(mouth_x, left_x - 10, right_x + 10)
    self.assertGreater(mouth_y, max(left_y, right_y) + 10)

  @parameterized.parameters('human', 'anime')
  def test_small_faces_of_a_large_image_are_found_once_each(self, name):
    places = [(9, 60, 40, 300), (12, 600, 330, 190), (20, 420, 20, 160)]
    found = detector(name).find(canvas(places))
    self.assertLen(found, 3)
    for face, (_, left, top, side) in zip(found, places, strict=True):
      x, y = (face.box[:2] + face.box[2:]) / 2
      self.assertBetween((x - left) / side, 0.3, 0.7)
      self.assertBetween((y - top) / side, 0.4, 0.8)

  @parameterized.parameters('human', 'anime')
  def test_a_face_is_found_where_it_is_in_a_photo_that_is_shrunk(self, name):
    image = avatar(12, 256)
    large = np.asarray(Image.fromarray(image).resize((1024, 1024)))
    (small_face,) = detector(name).find(image)
    with mock.patch.object(search, 'LONGEST_SIDE', 768):
      (large_face,) = detector(name).find(large)
    np.testing.assert_allclose(large_face.box / 4, small_face.box, atol=4)

  def test_a_turned_face_is_found_with_its_roll(self):
    image = Image.fromarray(canvas([(12, 50, 50, 200)], (300, 300)))
    (upright,) = detector('human').find(np.asarray(image))
    turned = image.rotate(-40, Image.Resampling.BICUBIC)
    (face,) = detector('human').find(np.asarray(turned))
    (x, y), (upright_x, upright_y) = (
      found.eyes[1] - found.eyes[0] for found in (face, upright)
    )
    roll = np.degrees(np.arctan2(y, x) - np.arctan2(upright_y, upright_x))
    self.assertAlmostEqual(roll, 40, delta=8)

  @parameterized.product(
    name=('human', 'anime', 'cat'),
    size=((1, 1), (2, 3), (40, 40), (4, 20000), (20000, 4), (300, 400)),
  )
  def test_there_is_no_face_in_images_of_nothing(self, name, size):
    for value in (0, 128, 255) if max(size) < 1000 else (128,):
      image = np.full((*size, 3), value, np.uint8)
      self.assertEmpty(detector(name).find(image))

  @parameterized.parameters('human', 'anime', 'cat')
  def test_noise_shows_no_face(self, name):
    random = np.random.default_rng(0)
    image = random.integers(0, 256, (200, 300, 3), dtype=np.uint8)
    self.assertEmpty(detector(name).find(image))

  @parameterized.parameters('human', 'anime', 'cat')
  def test_the_same_image_gives_the_same_faces_in_every_thread(self, name):
    places = [(number, 20, 20, 200) for number in NUMBERS[:2]]
    images = [canvas([place], (260, 240)) for place in places]
    if name == 'cat':
      images = [cat(*case) for case in CATS[:2]]
    expected = [detector(name).find(image) for image in images]
    for one in expected:
      self.assertNotEmpty(one)
    untouched = [image.copy() for image in images]

    def find(image):
      return faces.detector(name).find(image)

    with concurrent.futures.ThreadPoolExecutor(2) as pool:
      found = list(pool.map(find, images))
    for one, other in zip(found, expected, strict=True):
      self.assertEqual(len(one), len(other))
      for face, same in zip(one, other, strict=True):
        np.testing.assert_array_equal(face.box, same.box)
        self.assertEqual(face.score, same.score)
    for image, before in zip(images, untouched, strict=True):
      np.testing.assert_array_equal(image, before)

  @parameterized.parameters('human', 'anime', 'cat')
  def test_what_is_no_image_is_refused(self, name):
    with self.assertRaises(ValueError):
      detector(name).find(np.zeros((4, 4), np.uint8))

  def test_without_nvxs_anime_faces_are_found_without_eyes(self):
    with mock.patch.object(nvxs, 'available', return_value=False):
      alone = faces.detector('anime')
    (face,) = alone.find(avatar(12, 256))
    self.assertIsNone(face.eyes)

  def test_a_missing_package_is_named_with_its_remedy(self):
    with self.assertRaisesRegex(
      extras.MissingPackage, r"no_such_package .*'tf_twingan\[prepare\]'"
    ):
      packaged_files.path('no_such_package', 'a.tflite')


class CatTest(parameterized.TestCase):
  @parameterized.parameters(*CATS)
  def test_a_cat_is_found_with_its_eyes(self, side, left, top, size):
    (face,) = detector('cat').find(cat(side, left, top, size))
    eyes = np.array(drawn_cats.EYES) * side + (left, top)
    np.testing.assert_allclose(face.eyes, eyes, atol=0.05 * side)
    self.assertBetween(face.side, 0.6 * side, side)
    self.assertBetween(face.score, 0.25, 1)

  def test_a_turned_cat_is_found_with_its_roll(self):
    upright = Image.fromarray(cat(300, 60, 60, 420))
    for degrees in (-30, 30):
      turned = upright.rotate(
        -degrees, Image.Resampling.BICUBIC, fillcolor=(200, 205, 200)
      )
      (face,) = detector('cat').find(np.asarray(turned))
      x, y = face.eyes[1] - face.eyes[0]
      roll = np.degrees(np.arctan2(y, x))
      self.assertAlmostEqual(roll, degrees, delta=16)

  def test_the_eyes_of_a_turned_face_are_turned_with_it(self):
    cats = detector('cat')
    box = (np.array([[100, 100, 40, 40]]), [3], np.array([4.0]))
    nothing = ((), (), ())

    class Cascade:
      def detectMultiScale3(self, image, **_):  # noqa: N802
        # The image that was turned counterclockwise by 30 degrees shows it.
        self.calls = getattr(self, 'calls', 0) + 1
        return box if self.calls == 5 else nothing

    with mock.patch.object(cats, '_cascade', Cascade()):
      (face,) = cats.find(np.zeros((512, 512, 3), np.uint8))
    x, y = face.eyes[1] - face.eyes[0]
    self.assertAlmostEqual(np.degrees(np.arctan2(y, x)), 30, delta=0.1)
    self.assertAlmostEqual(face.score, 1.0)


class NvxsTest(absltest.TestCase):
  def setUp(self):
    super().setUp()
    if not nvxs.available():
      self.skipTest('animeface has no wheel for this platform.')

  def test_a_larger_image_than_its_sums_can_hold_is_refused(self):
    with self.assertRaisesRegex(ValueError, '1025x60; no side may exceed 1024'):
      nvxs.find(np.zeros((60, 1025), np.uint8))

  def test_a_soft_drawing_is_looked_at_too(self):
    grey = np.asarray(Image.fromarray(avatar(12, 110)).convert('L'))
    soft = np.asarray(Image.fromarray(grey).resize((55, 55)).resize((110, 110)))
    self.assertNotEmpty(nvxs.find(soft))

  def test_tiny_images_show_nothing(self):
    self.assertEmpty(nvxs.find(np.zeros((42, 400), np.uint8)))


if __name__ == '__main__':
  absltest.main()
