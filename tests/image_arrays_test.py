"""Image arrays: squares, box filter, conversions."""

import numpy as np
from absl.testing import absltest, parameterized

from tf_twingan import image_arrays


class SquareTest(parameterized.TestCase):
  def test_crop_takes_the_centre(self):
    image = np.zeros((10, 30, 3), np.uint8)
    image[:, 10:20] = 200
    np.testing.assert_array_equal(
      image_arrays.square(image, 10), np.full((10, 10, 3), 200)
    )

  def test_pad_keeps_everything_on_white(self):
    image = np.zeros((10, 20, 3), np.uint8)
    result = image_arrays.square(image, 8, fit='pad')
    np.testing.assert_array_equal(result[2:6], np.zeros((4, 8, 3)))
    np.testing.assert_array_equal(result[:2], np.full((2, 8, 3), 255))
    np.testing.assert_array_equal(result[6:], np.full((2, 8, 3), 255))

  def test_extreme_shapes(self):
    image = np.zeros((1, 2000, 3), np.uint8)
    for fit in image_arrays.FITS:
      self.assertEqual(image_arrays.square(image, 4, fit).shape, (4, 4, 3))

  def test_reducing_averages(self):
    stripes = np.zeros((512, 512, 3), np.uint8)
    stripes[:, ::2] = 255
    result = image_arrays.square(stripes, 8).astype(int)
    np.testing.assert_allclose(result, 127.5, atol=2)

  def test_enlarging(self):
    image = np.zeros((4, 4, 3), np.uint8)
    image[:, 2:] = 255
    result = image_arrays.square(image, 64)
    self.assertEqual(result.shape, (64, 64, 3))
    self.assertGreater(len(np.unique(result)), 4)  # Smooth, not nearest.
    # Lanczos rings a little beside a sharp edge.
    np.testing.assert_allclose(result[:, :24], 0, atol=24)
    np.testing.assert_allclose(result[:, 40:].astype(int), 255, atol=24)

  def test_central_fraction(self):
    image = np.zeros((20, 20, 3), np.uint8)
    image[5:15, 5:15] = 90
    np.testing.assert_array_equal(
      image_arrays.square(image, 10, crop=0.5), np.full((10, 10, 3), 90)
    )

  def test_bad_arguments(self):
    image = np.zeros((4, 4, 3), np.uint8)
    with self.assertRaisesRegex(ValueError, "'stretch' is unknown; use one of"):
      image_arrays.square(image, 4, 'stretch')
    for crop in (0, 1.5):
      with self.assertRaisesRegex(ValueError, r'outside \(0, 1\]'):
        image_arrays.square(image, 4, crop=crop)


class DownsampleTest(parameterized.TestCase):
  def test_uint8_is_the_rounded_mean(self):
    rng = np.random.default_rng(0)
    batch = rng.integers(0, 256, (70, 64, 64, 3), np.uint8)
    exact = batch.reshape(70, 4, 16, 4, 16, 3).mean((2, 4))
    result = image_arrays.downsample(batch, 4)
    self.assertEqual(result.dtype, np.uint8)
    np.testing.assert_array_equal(result, np.floor(exact + 0.5))

  def test_golden_numbers(self):
    batch = np.array([[0, 1], [2, 3]], np.uint8)[None, :, :, None]
    self.assertEqual(
      image_arrays.downsample(batch, 1).item(), 2
    )  # 1.5, half up
    self.assertEqual(
      image_arrays.downsample(batch.astype(np.float32), 1).item(), 1.5
    )

  def test_stages_agree(self):
    batch = np.random.default_rng(0).uniform(-1, 1, (2, 32, 32, 3))
    np.testing.assert_allclose(
      image_arrays.downsample(image_arrays.downsample(batch, 16), 4),
      image_arrays.downsample(batch, 4),
      atol=1e-12,
    )

  def test_full_white_does_not_overflow(self):
    batch = np.full((1, 256, 256, 3), 255, np.uint8)
    np.testing.assert_array_equal(image_arrays.downsample(batch, 4), 255)

  def test_nothing_to_do(self):
    batch = np.zeros((1, 8, 8, 3), np.uint8)
    self.assertIs(image_arrays.downsample(batch, 8), batch)

  @parameterized.parameters(
    ((1, 12, 12, 3), 4),
    ((1, 8, 16, 3), 4),
    ((1, 8, 8, 3), 16),
    ((1, 8, 8, 3), 0),
  )
  def test_bad_sizes(self, shape, resolution):
    with self.assertRaisesRegex(ValueError, 'times a power of two'):
      image_arrays.downsample(np.zeros(shape, np.uint8), resolution)


class ConvertTest(absltest.TestCase):
  def test_round_trip(self):
    every = np.arange(256, dtype=np.uint8)
    floats = image_arrays.to_float(every)
    self.assertEqual(floats.dtype, np.float32)
    self.assertEqual((floats[0], floats[255]), (-1, 1))
    np.testing.assert_array_equal(image_arrays.to_uint8(floats), every)

  def test_rounds_and_clips(self):
    values = np.array([-3, -1, 0.1 / 127.5, 0.9 / 127.5, 1.004, 3])
    np.testing.assert_array_equal(
      image_arrays.to_uint8(values), [0, 0, 128, 128, 255, 255]
    )

  def test_what_is_not_finite_is_no_pixel(self):
    finite = np.float32([0, 1])
    self.assertIs(image_arrays.check_finite(finite), finite)
    for value in (np.nan, np.inf, -np.inf):
      with self.assertRaisesRegex(FloatingPointError, 'has diverged.*earlier'):
        image_arrays.check_finite(np.float32([0, value]))


class CheckImagesTest(parameterized.TestCase):
  def test_images_are_returned(self):
    images = np.zeros([2, 5, 4, 3], np.uint8)
    self.assertIs(image_arrays.check_images(images), images)
    self.assertLen(image_arrays.check_images([images[0]] * 3), 3)
    self.assertEmpty(image_arrays.check_images(images[:0]))

  @parameterized.named_parameters(
    ('one', np.zeros([5, 4, 3], np.uint8), r'uint8 \[5, 4, 3\].*images\[None'),
    ('grey', np.zeros([2, 5, 4], np.uint8), r'\[2, 5, 4\].*axis=-1'),
    ('grey_channel', np.zeros([2, 5, 4, 1], np.uint8), r'repeat\(images, 3'),
    ('alpha', np.zeros([2, 5, 4, 4], np.uint8), r'images\[\.\.\., :3'),
    ('channels_first', np.zeros([2, 3, 4, 5], np.uint8), 'moveaxis'),
    ('no_pixels', np.zeros([2, 0, 4, 3], np.uint8), r'uint8 \[2, 0, 4, 3\]'),
    ('floats', np.zeros([2, 5, 4, 3]), r'are float64 .*0 to 255.*uint8'),
    ('path', 'portrait.png', 'of a file, translator.read'),
    ('nothing', [], r'are float64 \[0\]; give uint8 RGB'),
    ('none', None, r'are object \[\]; give uint8 RGB'),
  )
  def test_anything_else_is_refused(self, images, message):
    with self.assertRaisesRegex(ValueError, message):
      image_arrays.check_images(images)

  def test_a_list_of_different_sizes_is_refused(self):
    sizes = [np.zeros([size, 4, 3], np.uint8) for size in (5, 6)]
    with self.assertRaisesRegex(
      ValueError, r'\[5, 4, 3\] and \[6, 4, 3\]; give one array, uint8 RGB'
    ):
      image_arrays.check_images(sizes)


if __name__ == '__main__':
  absltest.main()
