"""Tiles: no seams, images of any size, bounded memory."""

import tracemalloc

import numpy as np
from absl.testing import absltest, parameterized
from PIL import Image

from tests import shared_artifacts
from tf_twingan import inference
from tf_twingan.inference import tiles, upscaling

_SIDE = 16


def noise(height, width):
  return np.random.default_rng(0).integers(
    0, 256, [height, width, 3], dtype=np.uint8
  )


def means(squares):
  """Fills each square with its mean: no two tiles fit together."""
  mean = squares.mean(axis=(1, 2), keepdims=True)
  return np.broadcast_to(np.rint(mean), squares.shape).astype(np.uint8)


def doubled(squares):
  return squares.repeat(2, axis=1).repeat(2, axis=2)


class Fake:
  """A translator that gives a constant for each domain, or its images."""

  resolution = _SIDE

  def __init__(self):
    self.styles = []

  def translate(self, images, to, source=None, *, style=None):
    self.styles.append(style)
    assert images.shape[1:] == (_SIDE, _SIDE, 3), images.shape
    return images if to == 'same' else np.full_like(images, 77)


class TilesTest(parameterized.TestCase):
  @parameterized.product(
    size=((16, 16), (61, 40), (37, 90), (9, 5), (3, 50), (1, 1)),
    overlap=(0.1, 0.5, 2 / 3, 0.9),
  )
  def test_the_identity_gives_the_image(self, size, overlap):
    image = noise(*size)
    result = tiles.apply(lambda x: x, image, _SIDE, overlap=overlap)
    np.testing.assert_allclose(result, image.astype(int), atol=1)
    self.assertEqual(result.dtype, np.uint8)
    self.assertTrue(result.flags.c_contiguous)
    larger = tiles.apply(doubled, image, _SIDE, overlap=overlap)
    np.testing.assert_allclose(
      larger, doubled(image[None])[0].astype(int), 0, 1
    )

  @parameterized.parameters((37, 90), (90, 37), (5, 5))
  def test_a_constant_stays_one(self, height, width):
    result = tiles.translate(Fake(), noise(height, width), 'constant')
    np.testing.assert_array_equal(result, np.full([height, width, 3], 77))

  def test_no_step_between_tiles_that_differ(self):
    side = 64
    ramp = np.linspace(0, 255, 400)[:, None] * np.linspace(0, 1, 300)
    image = np.rint(ramp)[..., None].repeat(3, axis=-1).astype(np.uint8)
    result = tiles.apply(means, image, side, overlap=0.5).astype(int)
    # Means of neighbouring tiles differ by up to 32 * 255 / 300.
    between = 32 * 255 / 300
    for axis in (0, 1):
      steps = np.abs(np.diff(result, axis=axis)).max()
      self.assertLessEqual(steps, np.ceil(between * np.pi / 2 / 32) + 1)
      self.assertGreater(between, 5 * steps)

  def test_a_smooth_function_has_no_larger_step_at_borders(self):
    side = 32
    wave = np.sin(np.arange(200) / 20)[:, None] * np.cos(np.arange(131) / 15)
    image = np.rint(127 + 90 * wave)[..., None].repeat(3, -1).astype(np.uint8)

    def darker(squares):
      # As by a network that pads with zeros: wrong at the border.
      distance = np.minimum(np.arange(side) + 1, np.arange(side, 0, -1))
      light = np.minimum(distance / 3, 1)
      return (squares * np.outer(light, light)[..., None]).astype(np.uint8)

    result = tiles.apply(darker, image, side).astype(int)
    for axis in (0, 1):
      steps = np.abs(np.diff(result, axis=axis)).max()
      own = np.abs(np.diff(image.astype(int), axis=axis)).max()
      self.assertLessEqual(steps, own + 2)

  def test_memory_is_that_of_a_band(self):
    for height, width in ((2400, 1200), (150, 19200)):
      image = np.zeros([height, width, 3], np.uint8)
      tracemalloc.start()
      tiles.apply(lambda x: x, image, 32, overlap=0.2)
      _, peak = tracemalloc.get_traced_memory()
      tracemalloc.stop()
      # Beside the result, no more than a fifth of the image.
      self.assertLess(peak, 1.2 * image.nbytes)

  def test_larger_tiles_show_more_of_the_image(self):
    image = np.zeros([64, 96, 3], np.uint8)
    image[:, 48:] = 200
    seen = []

    class Recording(Fake):
      def translate(self, images, *arguments, **options):
        seen.append(images)
        return images

    result = tiles.translate(Recording(), image, 'same', tile=64)
    self.assertEqual(result.shape, image.shape)
    np.testing.assert_allclose(result[:, :40], 0, atol=12)
    np.testing.assert_allclose(result[:, 56:], 200, atol=12)
    expected = Image.fromarray(image).resize((24, 16), Image.Resampling.LANCZOS)
    # Tiles begin a quarter before the image.
    np.testing.assert_array_equal(
      seen[0][0, :, 4:], np.asarray(expected)[:, :12]
    )
    # And smaller ones show less of it, enlarged.
    seen.clear()
    result = tiles.translate(Recording(), image, 'same', tile=8)
    self.assertEqual(result.shape, image.shape)
    expected = Image.fromarray(image).resize(
      (192, 128), Image.Resampling.LANCZOS
    )
    np.testing.assert_array_equal(
      seen[0][0, 4:, 4:], np.asarray(expected)[:12, :12]
    )

  def test_upscaled(self):
    image = noise(40, 53)
    result = tiles.translate(Fake(), image, 'same', upscale=doubled)
    np.testing.assert_allclose(
      result, doubled(image[None])[0].astype(int), 0, 1
    )
    self.assertEqual(
      tiles.translate(Fake(), image, 'same', upscale=doubled, tile=20).shape,
      (80, 106, 3),
    )

  def test_style_codes_pass_through(self):
    translator, image = Fake(), noise(20, 20)
    tiles.translate(translator, image, 'same', style=np.float32([[1, 2]]))
    np.testing.assert_array_equal(translator.styles[0], [1, 2])

  def test_a_model(self):
    translator = inference.Translator(str(shared_artifacts.run()))
    image = noise(8, 8)
    np.testing.assert_array_equal(
      tiles.translate(translator, image, 'anime'),
      translator.translate(image[None], 'anime')[0],
    )
    self.assertEqual(
      tiles.translate(translator, noise(21, 34), 'anime', 'photo').shape,
      (21, 34, 3),
    )

  def test_what_is_wrong_is_named(self):
    translate, fake = tiles.translate, Fake()
    for image, options, message in (
      (noise(4, 4) / 255, {}, r'uint8 \[height, width, 3\]; got float64'),
      (noise(0, 4), {}, r'no pixels: it is \[0, 4, 3\]'),
      (noise(4, 4), {'tile': 0}, 'tiles cannot have 0 px; give 1 or more'),
      (noise(4, 4), {'overlap': 1}, 'overlap by 1; give 0.1 to 0.9'),
      (
        np.zeros([4000, 3000, 3], np.uint8),
        {'tile': 2},
        'in tiles of 2 px, its 3000x4000 px are enlarged to 24000x32000 for a '
        'model of 16 px, over .* choose larger tiles',
      ),
      (
        np.broadcast_to(np.uint8(0), [8000, 8000, 3]),
        {'upscale': upscaling.load('4')},
        '4 times as large, its 8000x8000 px are over the limit of 268435456 ',
      ),
    ):
      with self.assertRaisesRegex(ValueError, message):
        translate(fake, image, 'same', **options)

  def test_small_tiles_that_are_enlarged_are_limited(self):
    # The result would have a 16th of the pixels.
    with self.assertRaisesRegex(
      ValueError,
      'in tiles of 4 px and 4 times as large, its 2000x1900 px are enlarged to '
      '32000x30400, over the limit of .*; choose larger tiles or enlarge',
    ):
      tiles.seen_size(1900, 2000, 16, tile=4, factor=4)
    self.assertEqual(
      tiles.seen_size(950, 1000, 16, tile=4, factor=4), (3800, 4000)
    )


if __name__ == '__main__':
  absltest.main()
