"""Whole photos: faces are found, translated and put back, and nothing else."""

import json
import pathlib
import pickle
import tempfile
from unittest import mock

import numpy as np
from absl.testing import absltest, parameterized
from PIL import Image

from tests.data.prepare import drawn_faces
from tf_twingan import faces, framing
from tf_twingan.data.avatars import characters, drawing
from tf_twingan.data.prepare import (
  alignment,
  backgrounds,
  photos,
  preparer,
  rejections,
)
from tf_twingan.data.prepare.options import Options
from tf_twingan.inference import photo_alignment, upscaling
from tf_twingan.inference.photographs import Photographs


class Inverting:
  """Translates images of two domains to their negatives."""

  domains = ('photo', 'anime')

  def __init__(self, preparation=None, crop=1.0, resolution=32):
    self.resolution = resolution
    self.framing = framing.Framing(crop, 'crop', preparation)

  def framing_of(self, domain):
    return self.framing if domain == 'photo' else framing.Framing()

  def source_for(self, to, source=None):
    return source or next(d for d in self.domains if d != to)

  def translate(self, images, to, source=None, *, style=None):
    assert images.shape[1:] == (self.resolution, self.resolution, 3)
    return 255 - images


class Fixed(faces.FaceDetector):
  """Finds what it is given, whatever the image is."""

  found = ()

  def find(self, image):
    return sorted(self.found, key=lambda face: -face.side)


def face_at(x, y, size, roll=0.0):
  angle = np.radians(roll)
  turn = np.array(
    [[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]]
  )
  places = np.array([[-0.2, -0.1], [0.2, -0.1], [0, 0.34]]) * size
  places = (places @ turn.T + [x, y]).astype(np.float32)
  box = np.float32([x - size / 2, y - size / 2, x + size / 2, y + size / 2])
  return faces.Face(box, 0.9, places[:2], places[2])


def noise(*shape):
  return np.random.default_rng(0).integers(0, 256, shape, np.uint8)


SCENES = {
  'none': [],
  'one': [face_at(150, 100, 60)],
  'six_overlapping': [face_at(60 + 25 * i, 90, 30 + 8 * i) for i in range(6)],
  'cut_off': [face_at(2, 195, 70)],
  'rolled': [face_at(90, 80, 50, 75), face_at(200, 120, 50, 180)],
  'tiny': [face_at(90.4, 80.7, 5)],
}


class PhotographsTest(parameterized.TestCase):
  def setUp(self):
    super().setUp()
    faces.DETECTORS['fixed'] = Fixed
    self.addCleanup(faces.DETECTORS.pop, 'fixed', None)
    self.addCleanup(setattr, Fixed, 'found', ())
    self.preparation = Options(faces='fixed', resolution=64)

  @parameterized.parameters(*SCENES)
  def test_a_photo_keeps_every_byte_outside_of_its_faces(self, scene):
    Fixed.found = SCENES[scene]
    photo = noise(200, 300, 3)
    original = photo.copy()
    photographs = Photographs(Inverting(self.preparation))
    result = photographs.translate(photo)
    np.testing.assert_array_equal(photo, original)
    inside = np.zeros([200, 300], bool)
    x, y = np.meshgrid(np.arange(300) + 0.5, np.arange(200) + 0.5)
    for face in Fixed.found:
      size = np.hypot(*(face.eyes[1] - face.eyes[0])) / 0.4
      # The square's side is 1.6 sizes, and its middle a little off the face's.
      middle = (face.eyes.mean(0) + face.mouth) / 2
      inside |= np.hypot(x - middle[0], y - middle[1]) < 0.95 * size + 1
    np.testing.assert_array_equal(result[~inside], photo[~inside])
    for face in Fixed.found:
      column, row = np.clip(face.eyes.mean(0).astype(int), 0, [299, 199])
      self.assertTrue((result[row, column] != photo[row, column]).any())

  def test_a_face_is_what_the_training_would_have_made_of_it(self):
    photo, face = drawn_faces.draw((300, 400), (210, 140), 120, 15)
    Fixed.found = [face]
    path = pathlib.Path(tempfile.mkdtemp(), 'a.png')
    Image.fromarray(photo).save(path)
    for crop in (1.0, 0.8):
      translator = Inverting(self.preparation, crop)
      (found,) = Photographs(translator).find(photo).images
      np.testing.assert_array_equal(
        found.image, photos.read(path, translator.framing_of('photo'), 32)
      )
      # And its matrix leads there.
      np.testing.assert_allclose(
        alignment.apply(found.matrix, drawn_faces.find_marks(photo)),
        drawn_faces.find_marks(found.image),
        atol=0.4,
      )

  def test_a_square_is_cut_as_it_is_found(self):
    photo, face = drawn_faces.draw((300, 400), (210, 140), 120, 15)
    Fixed.found = [face]
    photographs = Photographs(Inverting(self.preparation, 0.8))
    (found,) = photographs.find(photo).images
    cut = photographs.cut(photo, found.matrix)
    np.testing.assert_allclose(cut.image.astype(int), found.image, atol=1)
    np.testing.assert_allclose(cut.matrix, found.matrix)

  def test_the_limits_of_a_training_do_not_count(self):
    Fixed.found = [face_at(90, 80, 10, 170), face_at(-5, 80, 40)]
    strict = self.preparation.model_copy(
      update={'smallest_side': 1000, 'least_inside': 1.0, 'blur': 50.0}
    )
    found = Photographs(Inverting(strict)).find(noise(200, 300, 3))
    self.assertLen(found.images, 2)

  def test_the_largest_or_all(self):
    Fixed.found = [face_at(60, 100, 30), face_at(200, 100, 60)]
    photo = noise(200, 300, 3)
    translator = Inverting(self.preparation)
    for which, count in (('all', 2), ('largest', 1)):
      found = Photographs(translator, faces=which).find(photo).images
      self.assertLen(found, count)
      self.assertAlmostEqual(float(found[0].face.box[0]), 170)
      found = Photographs(translator, faces=which).find(photo, every=True)
      self.assertLen(found.images, 2)
    with self.assertRaisesRegex(ValueError, "'human'; use one of all, largest"):
      Photographs(translator, faces='human')

  def test_where_faces_overlap_the_larger_one_is_in_front(self):
    Fixed.found = [face_at(100, 100, 60), face_at(130, 100, 40)]
    photo = noise(200, 300, 3)
    photographs = Photographs(Inverting(self.preparation), harmonize=False)
    found = photographs.find(photo).images
    squares = np.zeros([2, 32, 32, 3], np.uint8)
    squares[0] = 255
    result = photographs.paste(photo, found, squares)
    self.assertEqual(result[100, 120].tolist(), [255] * 3)
    again = photographs.paste(photo, found[::-1], squares[::-1])
    np.testing.assert_array_equal(result, again)

  def test_without_faces_tiles_cover_the_whole_image(self):
    photo = noise(70, 100, 3)
    result = Photographs(Inverting(), faces='none').translate(photo)
    np.testing.assert_allclose(result.astype(int), 255 - photo, atol=2)

  def test_tiles_of_another_size_and_larger_results(self):
    photo = np.full([70, 100, 3], 100, np.uint8)
    whole = Photographs(
      Inverting(), faces='none', tile=64, upscale=upscaling.load('2')
    )
    self.assertEqual(whole.size_of(photo), 12 * (35 * 50 + 70 * 100))
    result = whole.translate(photo)
    np.testing.assert_array_equal(result, np.full([140, 200, 3], 155))
    with self.assertRaisesRegex(ValueError, '2 times as large, its 9000x8000'):
      whole.size_of(np.broadcast_to(np.uint8(0), [8000, 9000, 3]))

  def test_larger_translations_are_pasted_with_their_details(self):
    Fixed.found = [face_at(150, 100, 80)]
    stripes = np.zeros([64, 64, 3], np.uint8)
    stripes[:, ::4] = stripes[:, 1::4] = 255
    photographs = Photographs(
      Inverting(self.preparation),
      upscale=lambda squares: np.stack([stripes] * len(squares)),
      harmonize=False,
    )
    result = photographs.translate(np.zeros([200, 300, 3], np.uint8))
    self.assertGreater(result[100, 130:170].std(), 80)

  def test_a_subject_alone_is_put_before_the_photo_s_background(self):
    photo = np.full([200, 300, 3], 120, np.uint8)
    alpha = np.zeros([32, 32], np.float32)
    alpha[8:, 8:24] = 1
    face = preparer.PreparedImage(
      np.zeros([32, 32, 3], np.uint8),
      None,
      np.array([[0.32, 0, -32.0], [0, 0.32, -16.0]]),
      1.0,
      alpha=alpha,
    )
    square = np.full([1, 32, 32, 3], 255, np.uint8)
    square[0, 8:, 8:24] = 10
    result = Photographs(Inverting(), harmonize=False).paste(
      photo, [face], square
    )
    self.assertEqual(result[110, 150].tolist(), [10] * 3)
    # Beside it and above it, what was there.
    self.assertEqual(result[105, 112].tolist(), [120] * 3)
    self.assertEqual(result[58, 150].tolist(), [120] * 3)

  def test_domains_that_follow(self):
    photographs = Photographs(Inverting())
    for given, expected in (
      ((None, None), ('anime', 'photo')),
      ((None, 'anime'), ('photo', 'anime')),
      (('photo', None), ('photo', 'anime')),
    ):
      self.assertEqual(photographs.direction(*given), expected)
    photographs.translator.domains = ('photo', 'anime', 'cat')
    with self.assertRaisesRegex(
      ValueError, '3 domains, photo, anime, cat; say'
    ):
      photographs.direction(None, 'photo')

  def test_faces_of_any_roll_are_looked_for_in_turned_photos(self):
    shapes = []

    class Noting(faces.FaceDetector):
      def find(self, image):
        shapes.append(image.shape[:2])
        return []

    faces.DETECTORS['fixed'] = Noting
    for any_roll, expected in (
      (False, [(20, 30)]),
      (True, [(20, 30), (30, 20)] * 2),
    ):
      shapes.clear()
      translator = Inverting(self.preparation)
      Photographs(translator, any_roll=any_roll).find(noise(20, 30, 3))
      self.assertEqual(shapes, expected)

  def test_it_is_pickled_for_other_processes(self):
    Fixed.found = [face_at(150, 100, 60)]
    photo = noise(200, 300, 3)
    photographs = Photographs(
      Inverting(self.preparation), detector='fixed', match_colours=0.5
    )
    result = photographs.translate(photo)
    again = pickle.loads(pickle.dumps(photographs))
    np.testing.assert_array_equal(again.translate(photo), result)

  def test_one_translation_a_face(self):
    with self.assertRaisesRegex(ValueError, '1 translations for 0 faces'):
      Photographs(Inverting()).paste(
        noise(9, 9, 3), [], np.zeros([1, 4, 4, 3], np.uint8)
      )


class PhotoAlignmentTest(absltest.TestCase):
  def test_a_model_that_says_nothing_needs_a_detector(self):
    for preparation in (None, Options(faces='none')):
      translator = Inverting(preparation)
      with self.assertRaisesRegex(ValueError, '--detector=human, anime or cat'):
        photo_alignment.options_of(translator, 'photo')
      asked = photo_alignment.options_of(translator, 'photo', 'cat')
      self.assertEqual((asked.faces, asked.margin), ('cat', 0.3))

  def test_another_detector_keeps_the_alignment(self):
    translator = Inverting(Options(faces='human', margin=0.7))
    asked = photo_alignment.options_of(translator, 'photo', 'anime')
    self.assertEqual((asked.faces, asked.margin), ('anime', 0.7))
    cut_out = Inverting(Options(faces='human', background='random'))
    with self.assertRaisesRegex(ValueError, 'needs people who can be cut out'):
      photo_alignment.options_of(cut_out, 'photo', 'anime')

  def test_what_lies_beside_a_model_is_taken(self):
    folder = pathlib.Path(tempfile.mkdtemp())
    translator = Inverting()
    translator.origin = str(folder)
    (folder / 'alignment.json').write_text(
      json.dumps({'photo': {'faces': 'cat', 'margin': 0.1}})
    )
    asked = photo_alignment.options_of(translator, 'photo')
    self.assertEqual((asked.faces, asked.margin), ('cat', 0.1))
    with self.assertRaisesRegex(ValueError, '--detector'):
      photo_alignment.options_of(translator, 'anime')
    # A training knows better.
    trained = Inverting(Options(faces='human'))
    trained.origin = translator.origin
    asked = photo_alignment.options_of(trained, 'photo')
    self.assertEqual(asked.faces, 'human')

  def test_a_damaged_file_is_named(self):
    folder = pathlib.Path(tempfile.mkdtemp())
    (folder / 'alignment.json').write_text('{"photo": {"faces": 3}}')
    translator = Inverting()
    translator.origin = str(folder)
    with self.assertRaisesRegex(ValueError, 'alignment.json.*mend or remove'):
      photo_alignment.options_of(translator, 'photo')

  def test_the_shipped_models_avatars_lie_where_its_file_says(self):
    translator = Inverting()
    translator.origin = 'pretrained:avatar_twins'
    photographs = Photographs(translator)
    canvas = np.full([400, 400, 3], 200, np.uint8)
    for domain, style in (('photo', 'toon-head'), ('anime', 'lorelei')):
      corners = []
      for facing in characters.FACINGS:
        character = characters.Character(scale=0.975, facing=facing)
        canvas[72:328, 72:328] = drawing.draw(character, style, 256)
        (found,) = photographs.find(canvas, domain).images
        places = np.array([[72, 72], [328, 72], [328, 328], [72, 328]])
        corners.append(alignment.apply(found.matrix, places))
      # An avatar's own square is the model's, but for the side it looks to.
      np.testing.assert_allclose(
        np.mean(corners, axis=0),
        [[0, 0], [32, 0], [32, 32], [0, 32]],
        atol=3,
        err_msg=style,
      )


class CutTest(absltest.TestCase):
  def test_a_square_without_a_person_is_refused_with_the_reason(self):
    options = Options(faces='human', background='random', resolution=64)
    photographs = Photographs(Inverting(options))
    matrix = np.array([[0.2, 0, 0], [0, 0.2, 0]])
    cut = photographs.cut(np.full([200, 200, 3], 90, np.uint8), matrix)
    self.assertIsInstance(cut, rejections.Rejection)
    self.assertEqual(cut.reason, 'no_person')

  def test_random_backgrounds_of_photos_are_unlike_the_person(self):
    photo = drawing.draw(characters.character(0), 'toon-head', 96)
    box = np.array([0, 0, 96, 96], np.float32)
    found = Fixed()
    found.found = [faces.Face(box, 0.9, None, None)]
    self.enter_context(mock.patch.dict(faces.DETECTORS, human=lambda: found))
    options = Options(faces='human', background='random', resolution=64)
    photographs = Photographs(Inverting(options))
    ((one,), (other,)) = (
      photographs.find(photo, name=name).images for name in ('a', 'b')
    )
    np.testing.assert_array_equal(
      one.image[0, 0], backgrounds.unlike(one.image, one.alpha)
    )
    np.testing.assert_array_equal(one.image, other.image)
    # Frames of a film have one, whatever they show.
    cut = photographs.cut(photo, one.matrix)
    np.testing.assert_array_equal(cut.image[0, 0], backgrounds.color('random'))


if __name__ == '__main__':
  absltest.main()
