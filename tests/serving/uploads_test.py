"""Images that clients send: which are refused, by which status."""

import importlib
import io

import numpy as np
from absl.testing import absltest, parameterized
from PIL import Image

from tests import image_bytes
from tests.serving import bad_images
from tf_twingan import image_io
from tf_twingan.serving import problems, settings, uploads

_SMALL = bad_images.SMALL


class UploadsTest(parameterized.TestCase):
  def refusal(self, content, **limits):
    with self.assertRaises(problems.ClientError) as raised:
      uploads.check(content, settings.Settings(**limits))
      with uploads.readable():
        image_io.read(content)
    return raised.exception.status, raised.exception.code

  @parameterized.named_parameters(bad_images.BOMBS.items())
  def test_bombs(self, content):
    self.assertLess(len(content), 2_000_000)
    self.assertIn(
      self.refusal(content),
      [(413, 'image_too_large'), (422, 'unreadable_image')],
    )

  @parameterized.named_parameters(
    (name, bad_images.BOMBS[name])
    for name in ('png_of_gigapixels', 'png_over_the_limit', 'gif', 'bmp')
    + ('webp', 'tiff', 'ppm', 'jpeg_of_gigapixels')
  )
  def test_too_many_pixels_have_a_status_of_their_own(self, content):
    self.assertEqual(self.refusal(content), (413, 'image_too_large'))

  @parameterized.named_parameters(bad_images.OTHERS.items())
  def test_what_is_no_image(self, content):
    self.assertEqual(self.refusal(content), (415, 'unsupported_image'))

  @parameterized.parameters('PNG', 'JPEG', 'WEBP', 'GIF', 'BMP', 'TIFF')
  def test_limits_are_exact(self, kind):
    content = image_bytes.encoded(_SMALL, kind)
    uploads.check(content, settings.Settings(max_pixels=1200))
    for limits in {'max_pixels': 1199}, {'max_body_bytes': len(content) - 1}:
      self.assertEqual(
        self.refusal(content, **limits), (413, 'image_too_large')
      )

  @parameterized.parameters('PNG', 'JPEG', 'WEBP', 'GIF', 'BMP', 'TIFF')
  def test_damaged_images(self, kind):
    content = image_bytes.encoded(_SMALL, kind)
    for end in 12, len(content) // 2:
      self.assertEqual(self.refusal(content[:end]), (422, 'unreadable_image'))

  def test_messages_say_what_to_do(self):
    with self.assertRaisesRegex(problems.ClientError, '6325x6325.*smaller'):
      uploads.check(bad_images.BOMBS['png_over_the_limit'], settings.Settings())

  def test_good_ones_of_every_kind(self):
    exif = Image.Exif()
    exif[0x0112] = 6
    deep = Image.fromarray(np.full([30, 40], 40_000, np.uint16))
    frames = [_SMALL.convert('P')] * 3
    for content, shape in (
      (image_bytes.encoded(_SMALL, 'JPEG', exif=exif), (40, 30, 3)),
      (
        image_bytes.encoded(_SMALL.convert('RGBA'), 'PNG'),
        (30, 40, 3),
      ),
      (image_bytes.encoded(deep, 'PNG'), (30, 40, 3)),
      (
        image_bytes.encoded(
          frames[0], 'GIF', save_all=True, append_images=frames[1:]
        ),
        (30, 40, 3),
      ),
    ):
      uploads.check(content, settings.Settings())
      self.assertEqual(image_io.read(content).shape, shape)

  def test_heic_if_it_can_be_read(self):
    if not image_io.reads_heic():
      self.skipTest('pillow-heif is not installed')
    pillow_heif = importlib.import_module('pillow_heif')

    stream = io.BytesIO()
    pillow_heif.from_pillow(_SMALL).save(stream, quality=90)
    uploads.check(stream.getvalue(), settings.Settings())
    self.assertEqual(
      self.refusal(stream.getvalue(), max_pixels=1000),
      (413, 'image_too_large'),
    )


if __name__ == '__main__':
  absltest.main()
