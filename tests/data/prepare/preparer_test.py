"""A photo becomes aligned images, or rejections that say why it does not."""

from unittest import mock

import numpy as np
from absl.testing import absltest, parameterized
from PIL import Image, ImageFilter

from tests.data.prepare import drawn_faces
from tf_twingan import faces, framing
from tf_twingan.data.avatars import characters, drawing
from tf_twingan.data.prepare import alignment, backgrounds
from tf_twingan.data.prepare.options import Options
from tf_twingan.data.prepare.preparer import Preparer


class FixedDetector(faces.FaceDetector):
  """Finds what it is given, whatever the image is."""

  def __init__(self, found):
    self.found = found

  def find(self, image):
    return self.found


def blurred(image: np.ndarray, radius: float) -> np.ndarray:
  soft = Image.fromarray(image).filter(ImageFilter.GaussianBlur(radius))
  return np.asarray(soft)


class PreparerTest(parameterized.TestCase):
  def prepare(self, photo, found, **options):
    faces.DETECTORS['fixed'] = lambda: FixedDetector(found)
    self.addCleanup(faces.DETECTORS.pop, 'fixed', None)
    preparer = Preparer(Options(faces='fixed', resolution=64, **options))
    return preparer.prepare(photo, 'a.png')

  def test_without_faces_it_is_the_central_square(self):
    photo, _ = drawn_faces.draw((80, 120), (60, 40), 70)
    prepared = Preparer(Options(faces='none', resolution=64)).prepare(photo)
    self.assertEmpty(prepared.rejections)
    (one,) = prepared.images
    np.testing.assert_array_equal(
      one.image, framing.Framing().square(photo, 64)
    )
    np.testing.assert_allclose(
      alignment.apply(one.matrix, drawn_faces.find_marks(photo)),
      drawn_faces.find_marks(one.image),
      atol=0.2,
    )

  def test_every_face_is_aligned(self):
    photo, large = drawn_faces.draw((300, 400), (200, 150), 120, 20)
    small = large._replace(
      eyes=large.eyes / 2, mouth=large.mouth / 2, box=large.box / 2
    )
    prepared = self.prepare(photo, [large, small])
    self.assertEmpty(prepared.rejections)
    first, second = prepared.images
    self.assertIs(first.face, large)
    self.assertEqual(first.image.shape, (64, 64, 3))
    self.assertAlmostEqual(first.inside, 1.0)
    np.testing.assert_allclose(
      drawn_faces.find_marks(first.image)[:2],
      alignment.apply(first.matrix, large.eyes),
      atol=0.5,
    )
    self.assertIs(second.face, small)
    self.assertEqual((first.number, second.number), (0, 1))
    rolled = self.prepare(photo, [large._replace(eyes=large.eyes[::-1]), small])
    self.assertEqual(rolled.rejections[0].detail, 'face 1 of 2')
    self.assertEqual([one.number for one in rolled.images], [1])
    only = self.prepare(photo, [large, small], most_faces=1, uniform=1.0)
    self.assertLen(only.images, 1)
    np.testing.assert_array_equal(only.images[0].image, first.image)

  @parameterized.parameters(
    ('face_too_small', dict(scale=20), 20),
    ('rolled', dict(roll=100), 100),
    ('cut_off', dict(centre=(10, 10)), None),
  )
  def test_a_face_that_is_not_good_enough_is_rejected(
    self, reason, drawn, score
  ):
    photo, face = drawn_faces.draw(
      (300, 300), **{'centre': (150, 150), 'scale': 90} | drawn
    )
    prepared = self.prepare(photo, [face])
    self.assertEmpty(prepared.images)
    (rejection,) = prepared.rejections
    self.assertEqual(rejection.file, 'a.png')
    self.assertEqual(rejection.reason, reason)
    self.assertEqual(rejection.detail, 'face 1 of 1')
    if score is not None:
      self.assertAlmostEqual(rejection.score, score, delta=0.2 * score)

  def test_no_face_and_a_small_photo_are_rejected(self):
    photo, _ = drawn_faces.draw((90, 90))
    self.assertEqual(self.prepare(photo, []).rejections[0].reason, 'no_face')
    tiny = self.prepare(photo[:20], [])
    self.assertEqual(tiny.rejections[0].reason, 'too_small')
    self.assertEqual(tiny.rejections[0].score, 20)

  def test_people_are_cut_out(self):
    photo = drawing.draw(characters.character(0), 'toon-head', 96)
    box = np.array([0, 0, 96, 96], np.float32)
    found = [faces.Face(box, 0.9, None, None)] * 2
    self.enter_context(
      mock.patch.dict(faces.DETECTORS, human=lambda: FixedDetector(found))
    )

    def prepare(background, photo=photo, name='a.png', **kwargs):
      options = Options(
        faces='human', resolution=96, margin=0, background=background
      )
      return Preparer(options, **kwargs).prepare(photo, name)

    kept = prepare('keep').images[0].image
    self.assertIsNone(prepare('keep').images[0].alpha)
    for one in prepare('magenta').images:
      self.assertEqual(one.image[0, 0].tolist(), [255, 0, 255])
      np.testing.assert_array_equal(one.image[40:60, 40:56], kept[40:60, 40:56])
      self.assertEqual((one.alpha[0, 0], one.alpha[50, 48]), (0, 1))
    first, second = (one.image for one in prepare('random').images)
    again, _ = (one.image for one in prepare('random').images)
    other, _ = (one.image for one in prepare('random', name='b.png').images)
    np.testing.assert_array_equal(first, again)
    for different in (second, other):
      self.assertNotEqual(first[0, 0].tolist(), different[0, 0].tolist())
    for name in ('a.png', 'b.png'):
      for one in prepare('random', name=name, is_unlike=True).images:
        colour = backgrounds.unlike(kept, one.alpha)
        np.testing.assert_array_equal(one.image[0, 0], colour)
        np.testing.assert_array_equal(
          one.image[40:60, 40:56], kept[40:60, 40:56]
        )
    (plain, _) = prepare('plain', is_unlike=True).images
    self.assertEqual(plain.image[0, 0].tolist(), [255, 255, 255])
    empty = prepare('plain', drawn_faces.draw((96, 96))[0])
    self.assertEmpty(empty.images)
    self.assertEqual(empty.rejections[0].reason, 'no_person')

  def test_a_photo_that_shows_nothing_is_said_to_be_that(self):
    photo, _ = drawn_faces.draw((90, 90))
    for reason, bad in (
      ('uniform', np.full_like(photo, 9)),
      ('blurred', blurred(photo, 4)),
    ):
      for faces_option in ('fixed', 'none'):
        faces.DETECTORS['fixed'] = lambda: FixedDetector([])
        options = Options(faces=faces_option, resolution=64)
        (rejection,) = Preparer(options).prepare(bad).rejections
        self.assertEqual(rejection.reason, reason)

  def test_a_blurred_face_is_left_out_and_the_next_one_taken(self):
    photo, small = drawn_faces.draw((300, 500), (400, 80), 80)
    other, large = drawn_faces.draw((300, 500), (150, 150), 150)
    photo[:, :300] = blurred(other[:, :300], 5)
    prepared = self.prepare(photo, [large, small], most_faces=1, uniform=1.0)
    self.assertIs(prepared.images[0].face, small)
    (rejection,) = prepared.rejections
    self.assertEqual(rejection.reason, 'blurred')
    self.assertEqual(rejection.detail, 'face 1 of 2')

  def test_a_detection_without_sense_is_left_out(self):
    photo, face = drawn_faces.draw((200, 200), (100, 100))
    broken = face._replace(eyes=np.full([2, 2], np.nan))
    prepared = self.prepare(photo, [broken, face])
    self.assertIs(prepared.images[0].face, face)
    self.assertEqual(prepared.rejections[0].reason, 'no_face')

  def test_an_unknown_detector_is_refused_at_once(self):
    with self.assertRaisesRegex(ValueError, "detector 'humn' is unknown"):
      Preparer(Options(faces='humn'))


if __name__ == '__main__':
  absltest.main()
