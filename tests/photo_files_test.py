"""Photo files: what survives of them, what does not, and formats of results."""

import io
import pathlib
import tempfile

import numpy as np
from absl.testing import absltest, parameterized
from PIL import ExifTags, Image, PngImagePlugin

from tests import icc_profiles
from tests.image_samples import base, orientations
from tf_twingan import image_io, photo_files, provenance

TAGS = ExifTags.Base
PLACE = 'Secret Street 7'
SECRETS = (PLACE.encode(), b'Nikon notes', b'13:37')


def camera_exif(orientation=6):
  exif = Image.Exif()
  exif[TAGS.Orientation] = orientation
  exif[TAGS.Make] = 'Camera & Co'
  exif[TAGS.Copyright] = '(c) 2026 J. Doe'
  exif[TAGS.ImageDescription] = f'At home, {PLACE}'
  exif[TAGS.XPComment] = PLACE.encode()
  exif[ExifTags.IFD.Exif] = {
    TAGS.FNumber: 2.8,
    TAGS.DateTimeOriginal: '2026:01:02 03:04:05',
    TAGS.OffsetTimeOriginal: '+13:37',
    TAGS.MakerNote: b'Nikon notes',
    TAGS.UserComment: PLACE.encode(),
  }
  exif[ExifTags.IFD.GPSInfo] = {
    ExifTags.GPS.GPSLatitudeRef: 'N',
    ExifTags.GPS.GPSLatitude: (48.0, 8.0, 0.0),
    ExifTags.GPS.GPSAreaInformation: PLACE,
  }
  return exif


def photo(kind='JPEG', exif=None, **options):
  content = io.BytesIO()
  image = Image.fromarray(base.asymmetric_image())
  if exif is not None:
    options['exif'] = exif.tobytes()
    image = orientations.stored(image, exif.get(TAGS.Orientation, 1))
  image.save(content, kind, **options)
  return content.getvalue()


class ReadTest(parameterized.TestCase):
  @parameterized.parameters('JPEG', 'PNG', 'WEBP', 'TIFF')
  def test_a_camera_s_exif(self, kind):
    read = photo_files.read(photo(kind, camera_exif()))
    self.assertEqual(read.pixels.shape, (base.HEIGHT, base.WIDTH, 3))
    for secret in SECRETS:
      self.assertNotIn(secret, read.metadata.exif)
    exif = Image.Exif()
    exif.load(read.metadata.exif)
    self.assertEqual(exif[TAGS.Orientation], 1)
    self.assertEqual(exif[TAGS.Make], 'Camera & Co')
    self.assertEqual(exif[TAGS.Copyright], '(c) 2026 J. Doe')
    of_camera = exif.get_ifd(ExifTags.IFD.Exif)
    self.assertEqual(float(of_camera[TAGS.FNumber]), 2.8)
    self.assertEqual(of_camera[TAGS.DateTimeOriginal], '2026:01:02 03:04:05')
    self.assertNotIn(ExifTags.IFD.GPSInfo, exif)

  def test_a_place_is_kept_on_demand(self):
    read = photo_files.read(photo(exif=camera_exif()), keep_location=True)
    exif = Image.Exif()
    exif.load(read.metadata.exif)
    self.assertEqual(exif[TAGS.ImageDescription], f'At home, {PLACE}')
    place = exif.get_ifd(ExifTags.IFD.GPSInfo)
    area = place[ExifTags.GPS.GPSAreaInformation]
    self.assertEqual(area, PLACE.encode())
    self.assertEqual(tuple(place[ExifTags.GPS.GPSLatitude]), (48, 8, 0))
    of_camera = exif.get_ifd(ExifTags.IFD.Exif)
    self.assertEqual(of_camera[TAGS.OffsetTimeOriginal], '+13:37')
    self.assertNotIn(TAGS.MakerNote, of_camera)

  @parameterized.parameters(
    b'',
    b'Exif\0\0',
    b'Exif\0\0II*\0\xff\xff\xff\xff',
    b'Exif\0\0' + b'\xff' * 99,
  )
  def test_damaged_exif_is_left_behind(self, exif):
    content = io.BytesIO()
    Image.fromarray(base.asymmetric_image()).save(content, 'PNG', exif=exif)
    read = photo_files.read(content.getvalue())
    self.assertIsNone(read.metadata.exif)
    np.testing.assert_array_equal(read.pixels, base.asymmetric_image())

  @parameterized.parameters((6, True), (16, False))
  def test_exif_that_a_jpeg_has_no_room_for_is_left_behind(self, count, kept):
    exif = camera_exif()
    tags = photo_files._KEPT_OF_CAMERA[:count]
    exif[ExifTags.IFD.Exif] = dict.fromkeys(tags, b'y' * 4096)
    read = photo_files.read(photo('PNG', exif))
    self.assertEqual(read.metadata.exif is not None, kept)
    origin = provenance.Provenance('m', '0' * 64, '0.1.0')
    # Without room, this would raise an error.
    photo_files.encode(
      read.pixels, 'jpeg', metadata=read.metadata, origin=origin
    )

  @parameterized.parameters('JPEG', 'PNG', 'WEBP', 'TIFF')
  def test_profiles(self, kind):
    profile = icc_profiles.display_p3()
    read = photo_files.read(photo(kind, icc_profile=profile))
    self.assertEqual(read.metadata.profile, profile)
    grey = profile.replace(b'RGB ', b'GRAY', 1)
    read = photo_files.read(photo(kind, icc_profile=grey))
    self.assertIsNone(read.metadata.profile)
    # The pixels are those of a reader that knows nothing of profiles.
    content = photo(kind, icc_profile=profile)
    np.testing.assert_array_equal(
      photo_files.read(content).pixels, image_io.read(content)
    )

  def test_a_png_whose_profile_is_damaged(self):
    whole = photo('PNG', icc_profile=icc_profiles.display_p3())
    at = whole.index(b'iCCP') + 24
    damaged = whole[:at] + bytes(40) + whole[at + 40 :]
    read = photo_files.read(damaged)
    self.assertIsNone(read.metadata.profile)
    np.testing.assert_array_equal(read.pixels, base.asymmetric_image())

  def test_metadata_of_editors_is_left_behind(self):
    texts = PngImagePlugin.PngInfo()
    texts.add_itxt('XML:com.adobe.xmp', f'<x>{PLACE}</x>')
    texts.add_text('Comment', PLACE)
    read = photo_files.read(photo('PNG', pnginfo=texts))
    self.assertEqual(read.metadata, photo_files.Metadata())

  def test_no_image(self):
    with self.assertRaises(image_io.UnreadableImage):
      photo_files.read(b'no image')


class WriteTest(parameterized.TestCase):
  def setUp(self):
    super().setUp()
    self.folder = pathlib.Path(tempfile.mkdtemp())

  @parameterized.parameters(
    ('a.png', 'PNG', 0), ('a.JPG', 'JPEG', 3), ('a.webp', 'WEBP', 0)
  )
  def test_a_photo_in_each_format(self, name, kind, tolerance):
    read = photo_files.read(
      photo(exif=camera_exif(), icc_profile=icc_profiles.display_p3())
    )
    origin = provenance.Provenance('m', '0' * 64, '0.1.0', provenance.PARTS)
    path = self.folder / 'deep' / name
    photo_files.write(path, read.pixels, metadata=read.metadata, origin=origin)
    with Image.open(path) as image:
      self.assertEqual(image.format, kind)
      self.assertEqual(image.info['icc_profile'], icc_profiles.display_p3())
      exif = image.getexif()
    self.assertEqual(exif[TAGS.Make], 'Camera & Co')
    self.assertEqual(exif[TAGS.Orientation], 1)
    self.assertEqual(exif[TAGS.Software], 'tf_twingan 0.1.0')
    self.assertNotIn(ExifTags.IFD.GPSInfo, exif)
    of_camera = exif.get_ifd(ExifTags.IFD.Exif)
    self.assertIn(TAGS.DateTimeOriginal, of_camera)
    self.assertIn(b'AI-generated', of_camera[TAGS.UserComment])
    self.assertEqual(provenance.read(path), origin)
    for secret in SECRETS:
      self.assertNotIn(secret, path.read_bytes())
    written = image_io.read(path).astype(int)
    self.assertLessEqual(np.abs(written - read.pixels).mean(), tolerance)

  @parameterized.product(
    kind=('png', 'jpeg', 'webp'),
    text=('José Müller', '作者'),
    encoding=('utf-8', 'utf-16-be'),
    says_origin=(True, False),
  )
  def test_texts_keep_their_bytes(self, kind, text, encoding, says_origin):
    value = text.encode(encoding)
    exif = camera_exif()
    exif[TAGS.Artist] = value
    # Pillow would note bytes of these directories as other than text.
    stored = photo_files._Stored(value.decode('latin-1'))
    exif[ExifTags.IFD.Exif] = {TAGS.LensModel: stored}
    exif[ExifTags.IFD.GPSInfo] = {ExifTags.GPS.GPSSatellites: stored}
    read = photo_files.read(photo(exif=exif), keep_location=True)
    origin = provenance.Provenance('m', '0' * 64, '0.1.0')
    content = photo_files.encode(
      read.pixels,
      kind,
      metadata=read.metadata,
      origin=origin if says_origin else None,
    )
    with Image.open(io.BytesIO(content)) as image:
      written = image.getexif()
    for found in (
      written[TAGS.Artist],
      written.get_ifd(ExifTags.IFD.Exif)[TAGS.LensModel],
      written.get_ifd(ExifTags.IFD.GPSInfo)[ExifTags.GPS.GPSSatellites],
    ):
      self.assertIsInstance(found, str)
      self.assertEqual(found.encode('latin-1'), value)

  def test_without_provenance_nothing_is_added(self):
    content = photo_files.encode(base.asymmetric_image())
    with Image.open(io.BytesIO(content)) as image:
      self.assertEqual(image.info, {})

  @parameterized.parameters(('webp', 16384), ('jpeg', 65536))
  def test_sides_that_a_format_has_no_room_for(self, kind, side):
    image = np.zeros([1, side, 3], np.uint8)
    with self.assertRaisesRegex(ValueError, f'{side}x1 pixels .*; write PNG'):
      photo_files.encode(image, kind)

  @parameterized.parameters(
    ('a.png', 'png'),
    ('b/a.JPEG', 'jpeg'),
    ('a.jfif', 'jpeg'),
    ('a.webp', 'webp'),
    ('a.gif', None),
    ('folder', None),
  )
  def test_formats_by_suffix(self, name, expected):
    self.assertEqual(photo_files.format_of(name), expected)


if __name__ == '__main__':
  absltest.main()
