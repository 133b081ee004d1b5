"""Framing: the crop and fit of a dataset, for any image."""

import io
from unittest import mock

import numpy as np
from absl.testing import absltest
from PIL import Image

from tf_twingan import framing, image_arrays


def framed(size=20) -> np.ndarray:
  """A white square in the middle half of a black image."""
  image = np.zeros((size, size, 3), np.uint8)
  image[size // 4 : -size // 4, size // 4 : -size // 4] = 255
  return image


class FramingTest(absltest.TestCase):
  def test_an_image_becomes_the_square_that_is_asked_for(self):
    wide = np.zeros((10, 20, 3), np.uint8)
    middle = framing.Framing(crop=0.5).square(framed(), 8)
    self.assertGreater(middle.min(), 220)
    self.assertEqual(framing.Framing().square(framed(), 8).min(), 0)
    padded = framing.Framing(fit='pad').square(wide, 8)
    np.testing.assert_array_equal(padded[:2], 255)
    np.testing.assert_array_equal(framing.Framing().square(wide, 8), 0)

  def test_a_file_is_read_as_its_array_is_squared(self):
    encoded = io.BytesIO()
    Image.fromarray(framed()).save(encoded, 'PNG')
    for frame in (framing.Framing(), framing.Framing(0.5, 'pad')):
      np.testing.assert_array_equal(
        frame.read(encoded.getvalue(), 8), frame.square(framed(), 8)
      )

  def test_a_jpeg_is_decoded_no_larger_than_the_crop_needs(self):
    encoded = io.BytesIO()
    Image.fromarray(framed(640)).save(encoded, 'JPEG')
    with mock.patch.object(
      image_arrays, 'square_of', wraps=image_arrays.square_of
    ) as square:
      framing.Framing(0.5).read(encoded.getvalue(), 8)
    self.assertEqual(square.call_args.args[0].size, (80, 80))

  def test_it_is_written_like_the_options_of_a_dataset(self):
    self.assertEqual(str(framing.Framing()), 'crop=1')
    self.assertEqual(str(framing.Framing(0.7)), 'crop=0.7')
    self.assertEqual(str(framing.Framing(0.7, 'pad')), 'crop=0.7&fit=pad')


if __name__ == '__main__':
  absltest.main()
