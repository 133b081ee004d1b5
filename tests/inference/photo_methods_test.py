"""Methods of whole photos: what is put back, cut out, and in which colours."""

import contextlib
import io
import pathlib
import tempfile
import types
from unittest import mock

import numpy as np
from absl.testing import absltest, parameterized
from PIL import ExifTags, Image

from tests import icc_profiles
from tf_twingan import (
  color_profiles,
  framing,
  image_io,
  photo_files,
  provenance,
)
from tf_twingan.data.prepare import preparer, rejections
from tf_twingan.inference import photo_methods, translation_job

# Where the faces of a photo are: 4x4 px each, side by side.
SIDE = 4


class Photographs:
  """Stands for one: a face wherever the first row of the photo is white."""

  faces, factor = 'all', 1

  def __init__(self):
    # No Mock, which would have all that a model may lack.
    self.translator = types.SimpleNamespace(
      resolution=SIDE,
      fingerprint='ab' * 32,
      origin='pretrained:model',
      framing_of=lambda domain: framing.Framing(),
      source_for=lambda to, source: source or 'photo',
    )
    self.seen = []

  def find(self, photo, source, name):
    assert source == 'photo' and name
    images = [
      preparer.PreparedImage(
        photo[1 : 1 + SIDE, left : left + SIDE],
        None,
        np.float64([[1, 0, -left], [0, 1, -1]]),
        1.0,
      )
      for left in range(0, photo.shape[1], SIDE)
      if (photo[0, left] > 250).all()
    ]
    missing = [] if images else [rejections.Rejection(name, 'no_face')]
    return preparer.Prepared(images, missing)

  def translate_faces(self, faces, to, source, *, style=None):
    self.seen += [face.image for face in faces]
    return np.stack([255 - face.image for face in faces])

  def paste(self, photo, faces, translated):
    result = photo.copy()
    for face, square in zip(faces, translated, strict=True):
      left = int(-face.matrix[0, 2])
      result[1 : 1 + SIDE, left : left + SIDE] = square
    return result

  def size_of(self, photo):
    if photo.shape[1] > 100:
      raise ValueError('too large; make it smaller')
    return 2 * photo.nbytes * self.factor**2

  def translate(self, photo, to, source, *, style=None):
    self.seen.append(photo)
    return 255 - photo


class PhotoMethodsTest(parameterized.TestCase):
  def setUp(self):
    super().setUp()
    self.root = pathlib.Path(tempfile.mkdtemp())
    (self.root / 'in').mkdir()
    self.photographs = Photographs()
    random = np.random.default_rng(0)
    self.photo = random.integers(60, 200, [8, 12, 3], np.uint8)
    self.photo[0] = 0
    # The first and the last third have a face.
    self.photo[0, :4] = self.photo[0, 8:] = 255

  def save(self, name='a.png', photo=None, **options):
    image = Image.fromarray(self.photo if photo is None else photo)
    image.save(self.root / 'in' / name, **options)

  def translate(self, kind, **options):
    method = kind(self.photographs, 'anime', **options)
    plan = translation_job.plan(
      self.root / 'in',
      self.root / 'out',
      has_others=kind is photo_methods.FaceCrops,
    )
    translation_job.run(plan, self.photographs.translator, method)

  def result(self, name='a.png'):
    return image_io.read(self.root / 'out' / name)

  def origin(self, name='a.png'):
    return provenance.read(self.root / 'out' / name)

  def pasted(self):
    expected = self.photo.copy()
    for left in (0, 8):
      part = np.s_[1 : 1 + SIDE, left : left + SIDE]
      expected[part] = 255 - expected[part]
    return expected

  def test_faces_are_put_back(self):
    self.save()
    self.translate(photo_methods.PastedFaces)
    np.testing.assert_array_equal(self.result(), self.pasted())
    self.assertEqual(self.origin().source_type, provenance.PARTS)
    self.translate(photo_methods.PastedFaces, compare=True)
    np.testing.assert_array_equal(
      self.result(), np.concatenate([self.photo, self.pasted()], axis=1)
    )

  def test_photos_without_a_face_are_listed(self):
    self.save()
    self.save('b.png', np.zeros([8, 12, 3], np.uint8))
    self.translate(photo_methods.PastedFaces)
    self.assertFalse((self.root / 'out' / 'b.png').exists())
    self.assertIn(
      'b.png,the detector found no face\n',
      (self.root / 'out' / 'skipped.csv').read_text(),
    )

  def test_faces_that_are_left_out_are_said(self):
    self.save()
    find = self.photographs.find
    left_out = [
      rejections.Rejection('a.png', 'unclear_person', 0.4, detail=f'face {n}')
      for n in range(10, 31)
    ]
    for missing, lines in (
      ([], []),
      (
        left_out[:1],
        [
          'Faces left out of these photos: 1.',
          rf'  {self.root}/in/a.png: .* \(face 10\)',
        ],
      ),
      (
        left_out,
        [
          'Faces left out of these photos: 21.',
          *(rf'  .*/a.png: .* \(face {n}\)' for n in range(10, 30)),
          '  and 1 more',
        ],
      ),
    ):
      found = find(self.photo, 'photo', 'a.png')._replace(rejections=missing)
      self.photographs.find = mock.Mock(return_value=found)
      method = photo_methods.PastedFaces(self.photographs, 'anime')
      method.load(self.root / 'in' / 'a.png')
      expected = ['Faces found: 2, photos with any: 1.', *lines]
      self.assertRegex(method.summary, '^' + '\n'.join(expected) + '$')

  def test_crops_have_files_of_their_own(self):
    self.save()
    for compare in (False, True):
      self.translate(photo_methods.FaceCrops, compare=compare)
      for name, left in (('a.png', 0), ('a.face2.png', 8)):
        square = self.photo[1 : 1 + SIDE, left : left + SIDE]
        parts = [square] * compare + [255 - square]
        np.testing.assert_array_equal(
          self.result(name), np.concatenate(parts, axis=1)
        )
        expected = provenance.PARTS if compare else provenance.WHOLE
        self.assertEqual(self.origin(name).source_type, expected)

  def crops(self):
    """Translates crops, and returns {name: content}."""
    self.translate(photo_methods.FaceCrops)
    return {
      path.name: path.read_bytes() for path in (self.root / 'out').glob('*.png')
    }

  def test_no_crop_overwrites_that_of_a_photo_of_its_name(self):
    self.save('two.png')
    random = np.random.default_rng(1)
    other = random.integers(60, 200, self.photo.shape, np.uint8)
    other[0] = self.photo[0]
    self.save('two.face2.png', other)
    crops = self.crops()
    self.assertCountEqual(
      crops,
      [
        'two.png',
        'two.face2.png',
        'two.face2.png.png',
        'two.face2.png.face2.png',
      ],
    )
    square = 255 - other[1 : 1 + SIDE, :SIDE]
    np.testing.assert_array_equal(self.result('two.face2.png.png'), square)
    square = 255 - self.photo[1 : 1 + SIDE, 8:]
    np.testing.assert_array_equal(self.result('two.face2.png'), square)
    self.assertEqual(self.crops(), crops)

  def test_a_missing_crop_is_made_again(self):
    self.save()
    crops = self.crops()
    (self.root / 'out' / 'a.face2.png').unlink()
    self.assertEqual(self.crops(), crops)
    seen = len(self.photographs.seen)
    self.assertEqual(self.crops(), crops)
    self.assertLen(self.photographs.seen, seen)

  def test_crops_of_faces_that_are_gone_are_removed(self):
    self.save()
    self.save('b.png')
    self.assertLen(self.crops(), 4)
    mine = self.root / 'out' / 'b.face2.png'
    mine.write_bytes(b'mine')
    self.photo[0, 8:] = 0
    self.save()
    self.save('b.png')
    self.assertCountEqual(self.crops(), ['a.png', 'b.png', 'b.face2.png'])
    self.assertEqual(mine.read_bytes(), b'mine')

  def test_crops_overwrite_no_photo(self):
    # The results of a folder in the one that it lies in.
    self.save()
    (self.root / 'in' / 'in').mkdir()
    self.save('in/b.png')
    self.save('b.face2.png')
    for has_others in (False, True):
      with (
        self.assertRaisesRegex(ValueError, r'b.face2.png is one of the images')
        if has_others
        else contextlib.nullcontext()
      ):
        translation_job.plan(self.root / 'in', self.root, has_others=has_others)

  def test_a_crop_overwrites_no_file_of_others(self):
    self.save()
    self.save('b.png')
    (self.root / 'out').mkdir()
    (self.root / 'out' / 'a.face2.png').write_bytes(b'mine')
    self.translate(photo_methods.FaceCrops)
    self.assertEqual((self.root / 'out/a.face2.png').read_bytes(), b'mine')
    # It is not done, as one of its results is missing.
    self.assertFalse((self.root / 'out' / 'a.png').exists())
    self.assertTrue((self.root / 'out' / 'b.face2.png').exists())
    report = (self.root / 'out' / 'skipped.csv').read_text()
    self.assertIn('a.png,a file that is no earlier output is in the', report)

  def test_a_crop_of_one_image_overwrites_no_square_of_others(self):
    self.save()
    method = photo_methods.FaceCrops(self.photographs, 'anime')
    other = self.root / 'out' / 'a.face2.png'
    model = self.photographs.translator

    def translate(**options):
      plan = translation_job.plan(
        self.root / 'in' / 'a.png', self.root / 'out', has_others=True
      )
      translation_job.run(plan, model, method, **options)
      return other.read_bytes()

    # Its own results it replaces, with and without what they say.
    translate()
    other.write_bytes((self.root / 'out' / 'a.png').read_bytes())
    square = 255 - self.photo[1 : 1 + SIDE, 8:]
    translate()
    np.testing.assert_array_equal(self.result('a.face2.png'), square)
    translate(says_origin=False)
    self.assertIsNone(provenance.read(other))
    translate()
    self.assertIsNotNone(provenance.read(other))
    for says_origin in (True, False):
      with self.subTest(says_origin=says_origin):
        Image.fromarray(np.zeros([64, 64, 3], np.uint8)).save(other)
        mine = other.read_bytes()
        with self.assertRaisesRegex(ValueError, 'no image could be read'):
          translate(says_origin=says_origin)
        self.assertEqual(other.read_bytes(), mine)

  def test_whole_images(self):
    self.save()
    self.translate(photo_methods.WholeImages)
    np.testing.assert_array_equal(self.result(), 255 - self.photo)
    self.assertEqual(self.origin().source_type, provenance.WHOLE)

  def test_a_whole_image_that_is_too_large_is_skipped(self):
    self.save()
    self.save('large.png', np.zeros([8, 101, 3], np.uint8))
    self.translate(photo_methods.WholeImages)
    np.testing.assert_array_equal(self.result(), 255 - self.photo)
    report = (self.root / 'out' / 'skipped.csv').read_text()
    self.assertIn('large.png,too large; make it smaller', report)

  def test_options_translate_again(self):
    self.save()
    for options in (
      {},
      {'compare': True},
      {'keep_location': True},
      {'asked': {'feather': 0.1}},
      {'style': np.ones(4, np.float32)},
      {'source': 'anime'},
    ):
      if 'source' in options:
        self.photographs.find = lambda photo, source, name: Photographs.find(
          self.photographs, photo, 'photo', name
        )
      for expected in (2, 0):
        self.photographs.seen.clear()
        self.translate(photo_methods.PastedFaces, **options)
        self.assertLen(self.photographs.seen, expected)

  def test_colours_of_a_profile(self):
    profile = icc_profiles.display_p3()
    self.save(icc_profile=profile)
    self.translate(photo_methods.PastedFaces)
    # The network saw sRGB, and its output is in the photo's colours.
    conversion = color_profiles.conversion(profile)
    expected = self.photo.copy()
    for left, seen in zip((0, 8), self.photographs.seen, strict=True):
      part = np.s_[1 : 1 + SIDE, left : left + SIDE]
      np.testing.assert_array_equal(seen, conversion.to_srgb(self.photo[part]))
      expected[part] = conversion.from_srgb(255 - seen)
      self.assertGreater(np.abs(seen.astype(int) - self.photo[part]).max(), 5)
    np.testing.assert_array_equal(self.result(), expected)
    with Image.open(self.root / 'out' / 'a.png') as image:
      self.assertEqual(image.info['icc_profile'], profile)

  @parameterized.parameters(photo_methods.FaceCrops, photo_methods.WholeImages)
  def test_what_is_a_network_s_alone_is_srgb(self, kind):
    profile = icc_profiles.display_p3()
    self.save(icc_profile=profile)
    self.translate(kind)
    np.testing.assert_array_equal(self.result(), 255 - self.photographs.seen[0])
    with Image.open(self.root / 'out' / 'a.png') as image:
      self.assertNotIn('icc_profile', image.info)
    conversion = color_profiles.conversion(profile)
    np.testing.assert_array_equal(
      conversion.to_srgb(self.photo[1 : 1 + SIDE, :SIDE]),
      self.photographs.seen[0]
      if kind is photo_methods.FaceCrops
      else self.photographs.seen[0][1 : 1 + SIDE, :SIDE],
    )

  def test_exif_goes_into_whole_photos_and_no_crops(self):
    exif = Image.Exif()
    exif[ExifTags.Base.Make] = 'Camera & Co'
    exif[ExifTags.IFD.GPSInfo] = {ExifTags.GPS.GPSLatitudeRef: 'N'}
    self.save(exif=exif.tobytes())
    for kind, options, make, place in (
      (photo_methods.PastedFaces, {}, 'Camera & Co', False),
      (photo_methods.PastedFaces, {'keep_location': True}, 'Camera & Co', True),
      (photo_methods.WholeImages, {}, 'Camera & Co', False),
      (photo_methods.FaceCrops, {'keep_location': True}, None, False),
    ):
      self.translate(kind, **options)
      content = (self.root / 'out' / 'a.png').read_bytes()
      with Image.open(io.BytesIO(content)) as image:
        found = image.getexif()
      self.assertEqual(found.get(ExifTags.Base.Make), make)
      self.assertEqual(ExifTags.IFD.GPSInfo in found, place)

  @parameterized.parameters(
    # The result; the result as large as the photo is seen, and at its size; the
    # squares. Compared, the other one and both side by side, too.
    (photo_methods.PastedFaces, 1, 3),
    (photo_methods.WholeImages, 8, 20),
    (photo_methods.FaceCrops, 4, 16),
  )
  def test_a_photo_of_forty_megapixels_counts_as_what_it_takes(
    self, kind, finishing, compared
  ):
    self.save()
    self.photographs.factor = 2
    for compare, times in ((False, finishing), (True, compared)):
      method = kind(self.photographs, 'anime', compare=compare)
      loaded = method.load(self.root / 'in' / 'a.png')
      size = self.photo.nbytes
      if kind is photo_methods.FaceCrops:
        size = loaded.squares.nbytes
      else:
        self.assertIsInstance(loaded.content.photo, photo_files.Photo)
      self.assertEqual(loaded.size, size)
      self.assertEqual(loaded.finishing, times * size)


if __name__ == '__main__':
  absltest.main()
