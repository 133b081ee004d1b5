"""Blur and plain colour are told from what is sharp but smooth or flat."""

import numpy as np
from absl.testing import absltest, parameterized
from PIL import Image, ImageDraw, ImageFilter

from tests.data.prepare import drawn_faces
from tf_twingan.data.prepare import quality
from tf_twingan.data.prepare.options import Options

OPTIONS = Options(faces='none')


def flat_drawing(side: int = 256) -> np.ndarray:
  """Plain colours with hard edges, as a cartoon."""
  image = Image.new('RGB', (4 * side, 4 * side), '#f4d8c0')
  draw = ImageDraw.Draw(image)
  for x, y, radius, colour in (
    (2.0, 2.0, 1.3, '#705040'),
    (1.5, 1.8, 0.3, 'white'),
    (2.5, 1.8, 0.3, 'white'),
    (2.0, 2.8, 0.4, '#c03030'),
  ):
    box = [side * (x - radius), side * (y - radius)]
    box += [side * (x + radius), side * (y + radius)]
    draw.ellipse(box, colour)
  return np.asarray(image.resize((side, side), Image.Resampling.BOX))


def blurred(image: np.ndarray, share: float) -> np.ndarray:
  radius = share * image.shape[0]
  return np.asarray(
    Image.fromarray(image).filter(ImageFilter.GaussianBlur(radius))
  )


def reason(image: np.ndarray) -> str | None:
  found = quality.problem(quality.measure(image), OPTIONS)
  return found and found[0]


class QualityTest(parameterized.TestCase):
  @parameterized.product(
    make=(drawn_faces.fur, flat_drawing), side=(32, 64, 128, 512), dim=(1, 0.5)
  )
  def test_blur_is_told_whatever_the_image_shows(self, make, side, dim):
    image = (100 * (1 - dim) + make(side) * dim).astype(np.uint8)
    self.assertIsNone(reason(image))
    # What blurs less than a pixel of the size at which it is measured is left.
    self.assertEqual(reason(blurred(image, max(0.02, 1.3 / side))), 'blurred')

  def test_an_enlarged_image_is_blurred(self):
    small = Image.fromarray(drawn_faces.fur(24))
    large = small.resize((256, 256), Image.Resampling.BICUBIC)
    self.assertEqual(reason(np.asarray(large)), 'blurred')

  def test_nearly_one_colour_is_uniform(self):
    random = np.random.default_rng(0)
    page = random.normal(128, 2, [128, 128, 3]).astype(np.uint8)
    self.assertEqual(reason(page), 'uniform')
    page[40:60, 40:60] = random.integers(0, 255, [20, 20, 3])
    self.assertEqual(reason(page), 'uniform')
    self.assertGreater(quality.measure(page).uniform, 0.97)
    page[20:100, 20:100] = drawn_faces.fur(80)
    self.assertIsNone(reason(page))
    self.assertEqual(reason(np.zeros([64, 64, 3], np.uint8)), 'uniform')

  def test_contrast_is_the_deviation_of_the_brightness(self):
    image = np.zeros([64, 64, 3], np.uint8)
    image[:, ::2] = 100
    self.assertAlmostEqual(quality.measure(image).contrast, 50, delta=0.1)


if __name__ == '__main__':
  absltest.main()
