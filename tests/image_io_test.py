"""Image files: every common kind of image, good and bad."""

import concurrent.futures
import errno
import importlib
import io
import math
import os
import pathlib
import struct
import sys
import tempfile
import threading
import warnings
from unittest import mock

import numpy as np
from absl.testing import absltest, parameterized
from PIL import Image

from tests import image_bytes, image_entries
from tf_twingan import (
  errors,
  image_arrays,
  image_io,
  image_pixels,
  memory_budget,
)


def _encoded(image: Image.Image, kind: str, **options) -> bytes:
  stream = io.BytesIO()
  image.save(stream, kind, **options)
  return stream.getvalue()


def _temporary_folder(test: absltest.TestCase) -> str:
  folder = tempfile.TemporaryDirectory()
  test.addCleanup(folder.cleanup)
  return folder.name


def _two_halves(width: int = 32, height: int = 16) -> np.ndarray:
  """Red at the left, blue at the right."""
  pixels = np.zeros((height, width, 3), np.uint8)
  pixels[:, : width // 2, 0] = 255
  pixels[:, width // 2 :, 2] = 255
  return pixels


class ReadTest(parameterized.TestCase):
  @parameterized.parameters(
    ('PNG', {}, 0),
    ('BMP', {}, 0),
    ('TIFF', {}, 0),
    ('PPM', {}, 0),
    ('WEBP', {'lossless': True}, 0),
    ('GIF', {}, 0),
    ('JPEG', {'quality': 95, 'subsampling': 0}, 3),
  )
  def test_formats(self, kind, options, tolerance):
    data = _encoded(Image.fromarray(_two_halves()), kind, **options)
    result = image_io.read(data)
    self.assertEqual(result.dtype, np.uint8)
    np.testing.assert_allclose(
      result.astype(int), _two_halves().astype(int), atol=tolerance
    )

  def test_file_equals_bytes(self):
    path = pathlib.Path(_temporary_folder(self), 'a.png')
    path.write_bytes(_encoded(Image.fromarray(_two_halves()), 'PNG'))
    np.testing.assert_array_equal(image_io.read(path), _two_halves())
    np.testing.assert_array_equal(image_io.read(str(path)), _two_halves())

  @parameterized.parameters(('JPEG', 8), ('PNG', 0), ('WEBP', 8), ('TIFF', 0))
  def test_exif_orientation(self, kind, tolerance):
    exif = Image.Exif()
    exif[0x0112] = 6  # Stored lying on its side: turn a quarter clockwise.
    data = _encoded(Image.fromarray(_two_halves()), kind, exif=exif)
    result = image_io.read(data).astype(int)
    self.assertEqual(result.shape, (32, 16, 3))
    np.testing.assert_allclose(result[2, 8], (255, 0, 0), atol=tolerance)
    np.testing.assert_allclose(result[-3, 8], (0, 0, 255), atol=tolerance)

  def test_damaged_exif_keeps_the_image(self):
    data = _encoded(
      Image.fromarray(_two_halves()),
      'JPEG',
      exif=b'Exif\0\0II*\0\x08\0\0\0\xff\xff\x12\x01garbage',
    )
    self.assertEqual(image_io.read(data).shape, (16, 32, 3))

  def test_alpha_on_white(self):
    rgba = np.zeros((2, 2, 4), np.uint8)
    rgba[0, 0] = (200, 0, 0, 255)
    rgba[0, 1] = (0, 0, 0, 128)
    result = image_io.read(_encoded(Image.fromarray(rgba), 'PNG'))
    np.testing.assert_array_equal(result[0, 0], (200, 0, 0))
    np.testing.assert_array_equal(result[0, 1], (127, 127, 127))
    np.testing.assert_array_equal(result[1, 1], (255, 255, 255))

  def test_grey_with_alpha_on_white(self):
    pixels = np.array([[[10, 255], [10, 0]]], np.uint8)
    result = image_io.read(_encoded(Image.fromarray(pixels, 'LA'), 'PNG'))
    np.testing.assert_array_equal(result, [[[10] * 3, [255] * 3]])

  def test_palette_with_transparency(self):
    image = Image.new('P', (2, 1))
    image.putpalette([10, 20, 30, 40, 50, 60])
    image.putpixel((1, 0), 1)
    result = image_io.read(_encoded(image, 'PNG', transparency=1))
    np.testing.assert_array_equal(result, [[[10, 20, 30], [255] * 3]])

  def test_grey_and_one_bit(self):
    grey = Image.fromarray(np.array([[7, 200]], np.uint8))
    np.testing.assert_array_equal(
      image_io.read(_encoded(grey, 'PNG')), [[[7] * 3, [200] * 3]]
    )
    bits = Image.fromarray(np.array([[False, True]]))
    np.testing.assert_array_equal(
      image_io.read(_encoded(bits, 'PNG')), [[[0] * 3, [255] * 3]]
    )

  @parameterized.parameters('PNG', 'TIFF')
  def test_16_bit_grey_is_scaled(self, kind):
    grey = Image.fromarray(np.array([[0, 257, 32896, 65535]], np.uint16))
    result = image_io.read(_encoded(grey, kind))
    np.testing.assert_array_equal(result[0, :, 0], [0, 1, 128, 255])

  def test_16_bit_colour_is_scaled(self):
    row = b'\0' + struct.pack('>6H', 0, 32896, 65535, 65535, 257, 0)
    result = image_io.read(image_bytes.png(2, 1, depth=16, color=2, data=row))
    np.testing.assert_array_equal(result, [[[0, 128, 255], [255, 1, 0]]])

  def test_float_grey(self):
    good = Image.fromarray(np.array([[0, 0.5, 1]], np.float32))
    result = image_io.read(_encoded(good, 'TIFF'))
    np.testing.assert_array_equal(result[0, :, 1], [0, 128, 255])
    bad = Image.fromarray(np.array([[0, 300]], np.float32))
    with self.assertRaisesRegex(ValueError, r'outside \[0, 1\]; save it'):
      image_io.read(_encoded(bad, 'TIFF'))

  def test_32_bit_grey_is_refused(self):
    image = Image.fromarray(np.array([[0, 70000]], np.int32))
    with self.assertRaisesRegex(ValueError, 'integer grey from 0 to 70000'):
      image_io.read(_encoded(image, 'TIFF'))

  @parameterized.parameters('JPEG', 'TIFF')
  def test_cmyk(self, kind):
    image = Image.new('CMYK', (8, 8), (0, 255, 255, 0))
    result = image_io.read(_encoded(image, kind)).astype(int)
    np.testing.assert_allclose(result[4, 4], (255, 0, 0), atol=3)

  def test_first_frame_of_an_animation(self):
    frames = [Image.new('RGB', (4, 4), color) for color in ('red', 'blue')]
    data = _encoded(frames[0], 'GIF', save_all=True, append_images=frames[1:])
    np.testing.assert_array_equal(image_io.read(data)[0, 0], (255, 0, 0))

  def test_size_is_checked_before_decoding(self):
    # The data would not decode: only a check of the header gives this error.
    for width, height in ((9000, 8000), (20000, 20000)):
      with self.assertRaisesRegex(
        ValueError, 'the limit of 67108864'
      ) as caught:
        image_io.read(
          image_bytes.png(width, height, depth=8, color=2, data=b'')
        )
      self.assertNotIn('\n', str(caught.exception))
    with self.assertRaisesRegex(ValueError, '9000x8000 pixels'):
      image_io.read(image_bytes.png(9000, 8000, depth=8, color=2, data=b''))

  @parameterized.parameters('JPEG', 'PNG', 'WEBP', 'TIFF', 'GIF', 'BMP')
  def test_truncated(self, kind):
    noise = np.random.default_rng(0).integers(0, 256, (64, 64, 3), np.uint8)
    data = _encoded(Image.fromarray(noise), kind)
    path = os.path.join(_temporary_folder(self), 'cut.img')
    for length in (0, 3, 30, len(data) // 2):
      pathlib.Path(path).write_bytes(data[:length])
      with self.assertRaises(image_io.UnreadableImage) as caught:
        image_io.read(path)
      self.assertStartsWith(str(caught.exception), f'{path}: ')
      self.assertNotIn('\n', str(caught.exception))
      self.assertEqual(
        str(caught.exception), f'{path}: {caught.exception.reason}'
      )

  @parameterized.parameters('JPEG', 'PNG', 'WEBP', 'TIFF', 'GIF', 'BMP')
  def test_flipped_bytes_never_raise_anything_else(self, kind):
    rng = np.random.default_rng(1)
    data = _encoded(Image.fromarray(_two_halves()), kind)
    for _ in range(40):
      broken = np.frombuffer(data, np.uint8).copy()
      where = rng.integers(0, len(broken), 6)
      broken[where] = rng.integers(0, 256, 6)
      try:
        self.assertEqual(image_io.read(broken.tobytes()).shape[-1], 3)
      except image_io.UnreadableImage:
        pass

  def test_text_and_postscript_are_refused(self):
    for data in (
      b'hello, world',
      b'%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 9 9\n%%EndComments\n',
    ):
      with self.assertRaisesRegex(ValueError, 'the given bytes: not an image'):
        image_io.read(data)

  def test_missing_file(self):
    # Who expects a file is told so; who reads many skips it.
    for kind in (FileNotFoundError, image_io.UnreadableImage):
      with self.assertRaisesRegex(kind, 'nowhere.png: no such file') as caught:
        image_io.read('/nowhere.png')
    self.assertEqual(caught.exception.reason, 'no such file; check the path')

  def test_at_least_decodes_jpeg_smaller(self):
    data = _encoded(Image.fromarray(_two_halves(640, 320)), 'JPEG')
    self.assertEqual(image_io.read(data).shape, (320, 640, 3))
    self.assertEqual(image_io.read(data, at_least=80).shape, (80, 160, 3))
    self.assertEqual(image_io.read(data, at_least=321).shape, (320, 640, 3))

  def test_photos_of_100_megapixels_are_decoded_smaller(self):
    data = _encoded(Image.new('L', (12000, 9000), 90), 'JPEG')
    with warnings.catch_warnings():
      warnings.simplefilter('error')
      read = image_io.read_square(data, 64)
    np.testing.assert_array_equal(read, np.full((64, 64, 3), 90))
    for at_least in (None, 5000):
      with self.assertRaisesRegex(ValueError, '12000x9000 pixels are over'):
        image_io.read(data, at_least=at_least)

  @parameterized.parameters(('crop', 1.0), ('pad', 1.0), ('crop', 0.6))
  def test_read_square_is_read_then_square(self, fit, crop):
    noise = np.random.default_rng(0).integers(0, 256, (90, 70, 4), np.uint8)
    for kind in ('PNG', 'JPEG'):
      data = _encoded(Image.fromarray(noise[..., : 4 - (kind == 'JPEG')]), kind)
      np.testing.assert_array_equal(
        image_io.read_square(data, 16, fit, crop=crop),
        image_arrays.square(
          image_io.read(data, at_least=math.ceil(32 / crop)),
          16,
          fit,
          crop=crop,
        ),
      )

  def test_what_threads_decode_shares_one_budget(self):
    data = _encoded(Image.new('RGB', (500, 400)), 'PNG')
    held, most = 0, 0
    lock = threading.Lock()
    load = image_pixels.load_rgb

    def counted(image):
      nonlocal held, most
      with lock:
        held += 1
        most = max(most, held)
      rgb = load(image)
      with lock:
        held -= 1
      return rgb

    # Room for two images, of twelve bytes a pixel.
    budget = memory_budget.MemoryBudget(5_000_000)
    with (
      mock.patch.object(image_io, '_memory', budget),
      mock.patch.object(image_pixels, 'load_rgb', counted),
      concurrent.futures.ThreadPoolExecutor(8) as pool,
    ):
      list(pool.map(image_io.read, [data] * 40))
    self.assertBetween(most, 1, 2)

  def test_odd_entries(self):
    folder = pathlib.Path(_temporary_folder(self))
    odd = image_entries.make_odd(folder)
    listed = image_io.list_files(folder)
    self.assertLen(listed, len(odd) + image_entries.READABLE)
    reasons = {}
    for path in listed:
      try:
        self.assertEqual(image_io.read(path).shape, (20, 20, 3))
      except image_io.UnreadableImage as error:
        reasons[path.name] = error.reason
        self.assertTrue(str(error).isprintable(), str(error))
        self.assertEqual(
          str(error), f'{errors.printable(path)}: {error.reason}'
        )
    self.assertEqual(reasons, odd)

  def test_a_file_that_becomes_a_fifo(self):
    path = os.path.join(_temporary_folder(self), 'a.png')
    os.mkfifo(path)
    regular = os.stat(__file__)
    with mock.patch.object(os, 'stat', return_value=regular):
      with self.assertRaisesRegex(ValueError, 'no regular file but a FIFO'):
        image_io.read(path)

  def test_a_file_without_permission(self):
    path = os.path.join(_temporary_folder(self), 'a.png')
    pathlib.Path(path).touch()
    denied = PermissionError(errno.EACCES, 'Permission denied')
    with mock.patch.object(os, 'open', side_effect=denied):
      with self.assertRaisesRegex(
        image_io.UnreadableImage,
        r'a\.png: cannot be opened \(Permission denied\); check',
      ):
        image_io.read(path)

  def test_a_name_that_no_file_can_have(self):
    for name, reason in (
      ('a' * 300 + '.png', 'File name too long'),
      ('a\0.png', 'null byte'),
    ):
      with self.assertRaisesRegex(image_io.UnreadableImage, reason):
        image_io.read(name)

  def test_heic_without_its_decoder(self):
    data = b'\0\0\0\x18ftypheic' + bytes(4) + b'mif1heic' + bytes(100)
    with mock.patch.dict(sys.modules, {'pillow_heif.as_plugin': None}):
      with self.assertRaisesRegex(
        ValueError, r"HEIC needs `pip install 'tf_twingan\[heic\]'`; or convert"
      ):
        image_io.read(data)

  def test_heic(self):
    if not image_io.reads_heic():
      self.skipTest('the extra heic is not installed')
    pillow_heif = importlib.import_module('pillow_heif')
    photo = Image.fromarray(_two_halves(64, 32))
    stream = io.BytesIO()
    exif = Image.Exif()
    exif[0x0112] = 6
    pillow_heif.from_pillow(photo).save(stream, quality=95, exif=exif.tobytes())
    read = image_io.read(stream.getvalue()).astype(int)
    self.assertEqual(read.shape, (64, 32, 3))
    np.testing.assert_allclose(read[4, 16], (255, 0, 0), atol=8)
    np.testing.assert_allclose(read[-4, 16], (0, 0, 255), atol=8)
    stream = io.BytesIO()
    pillow_heif.from_pillow(Image.new('RGB', (64, 64))).save(stream)
    content = stream.getvalue()
    # Its size stands in the box `ispe`.
    size = content.index(b'ispe') + 8
    huge = content[:size] + struct.pack('>2I', 9000, 9000) + content[size + 8 :]
    with self.assertRaisesRegex(ValueError, '9000x9000 pixels are over'):
      image_io.read(huge)


class ReadSizeTest(parameterized.TestCase):
  @parameterized.parameters('PNG', 'JPEG', 'GIF', 'WEBP', 'BMP', 'TIFF', 'PPM')
  def test_no_pixel_is_decoded(self, kind):
    data = _encoded(Image.fromarray(_two_halves(30, 20)), kind)
    with mock.patch.object(image_pixels, 'load_rgb', side_effect=ValueError):
      self.assertEqual(image_io.read_size(data), (30, 20))

  @parameterized.parameters(
    (b'', image_io.UnknownFormat),
    (b'hello', image_io.UnknownFormat),
    (
      image_bytes.png(10_000, 10_000, depth=8, color=2, data=b''),
      image_io.TooLargeImage,
    ),
  )
  def test_why_not(self, data, kind):
    for read in image_io.read_size, image_io.read:
      with self.assertRaises(kind):
        read(data)

  def test_a_damaged_header(self):
    data = _encoded(Image.fromarray(_two_halves()), 'PNG')[:20]
    with self.assertRaises(image_io.UnreadableImage) as raised:
      image_io.read_size(data)
    self.assertIs(type(raised.exception), image_io.UnreadableImage)


class FilesTest(absltest.TestCase):
  def setUp(self):
    super().setUp()
    self.folder = pathlib.Path(_temporary_folder(self))

  def test_write_png(self):
    path = self.folder / 'new' / 'a.png'
    image_io.write_png(path, _two_halves())
    np.testing.assert_array_equal(image_io.read(path), _two_halves())
    self.assertEqual(os.listdir(path.parent), ['a.png'])

  def test_failed_write_keeps_the_old_file(self):
    path = self.folder / 'a.png'
    image_io.write_png(path, _two_halves())
    with self.assertRaisesRegex(ValueError, r'must be uint8 .* got float64'):
      image_io.write_png(path, np.zeros((4, 4, 3)))
    with (
      self.subTest('no space'),
      absltest.mock.patch.object(
        os, 'replace', side_effect=OSError(28, 'No space left on device')
      ),
    ):
      with self.assertRaises(OSError):
        image_io.write_png(path, np.zeros((4, 4, 3), np.uint8))
    np.testing.assert_array_equal(image_io.read(path), _two_halves())
    self.assertEqual(os.listdir(self.folder), ['a.png'])

  def test_list_files(self):
    for name in (
      'b.PNG',
      'a.jpeg',
      'sub/c.Tif',
      'notes.txt',
      '.hidden.png',
      '.cache/d.png',
      'png',
      'e.heic',
      'sub/@eaDir/c.Tif/THUMB.jpg',
      '__MACOSX/a.jpeg',
      '$RECYCLE.BIN/f.png',
    ):
      path = self.folder / name
      path.parent.mkdir(exist_ok=True, parents=True)
      path.touch()
    (self.folder / 'sub' / 'loop').symlink_to(self.folder)
    names = [
      f.relative_to(self.folder).as_posix()
      for f in image_io.list_files(self.folder)
    ]
    self.assertEqual(names, ['a.jpeg', 'b.PNG', 'e.heic', 'sub/c.Tif'])

  def test_list_files_through_a_link(self):
    (self.folder / 'real').mkdir()
    (self.folder / 'real' / 'a.png').touch()
    (self.folder / 'top').mkdir()
    (self.folder / 'top' / 'link').symlink_to(self.folder / 'real')
    self.assertLen(image_io.list_files(self.folder / 'top'), 1)

  def test_a_folder_below_that_cannot_be_listed_is_listed_itself(self):
    (self.folder / 'a.png').touch()
    closed = self.folder / 'closed'
    closed.mkdir()
    scandir = os.scandir

    def refuse(path):
      if os.fspath(path) == os.fspath(closed):
        raise PermissionError(errno.EACCES, 'Permission denied', str(path))
      return scandir(path)

    with absltest.mock.patch.object(os, 'scandir', refuse):
      self.assertEqual(
        image_io.list_files(self.folder), [self.folder / 'a.png', closed]
      )
      with self.assertRaisesRegex(
        image_io.UnreadableImage, r'cannot be listed \(Permission denied\)'
      ):
        image_io.read(closed)
      with self.assertRaisesRegex(ValueError, 'closed: this folder cannot be'):
        image_io.list_files(closed)
    with self.assertRaisesRegex(ValueError, 'a folder, not an image file'):
      image_io.read(closed)

  def test_list_files_of_no_folder(self):
    with self.assertRaisesRegex(FileNotFoundError, 'gone: no such folder'):
      image_io.list_files(self.folder / 'gone')
    (self.folder / 'link').symlink_to('nowhere')
    with self.assertRaisesRegex(FileNotFoundError, 'link: a link that leads'):
      image_io.list_files(self.folder / 'link')
    (self.folder / 'a.png').touch()
    with self.assertRaisesRegex(ValueError, 'a file, not a folder'):
      image_io.list_files(self.folder / 'a.png')


if __name__ == '__main__':
  absltest.main()
