"""Flow of images that were moved by known amounts, and what it hides."""

import numpy as np
from absl.testing import absltest

from tf_twingan import optical_flow


def texture(height=64, width=96, seed=0):
  """A smooth random image, uint8 [height, width, 3]."""
  import cv2

  spots = np.random.default_rng(seed).integers(
    0, 256, [height // 4, width // 4]
  )
  grey = cv2.resize(
    spots.astype(np.uint8), (width, height), interpolation=cv2.INTER_CUBIC
  )
  return np.repeat(grey[..., None], 3, axis=2)


class OpticalFlowTest(absltest.TestCase):
  def test_equal_images_have_no_flow_at_all(self):
    image = texture()
    field = optical_flow.flow(image, image.copy())
    self.assertEqual(field.shape, (64, 96, 2))
    self.assertFalse(field.any())
    np.testing.assert_array_equal(optical_flow.warp(image, field), image)
    self.assertTrue(optical_flow.visible(field, field).all())

  def test_points_to_where_a_pixel_has_gone(self):
    image = texture()
    moved = np.roll(image, (2, 3), axis=(0, 1))  # Down by 2, right by 3.
    field = optical_flow.flow(image, moved)
    inner = field[12:-12, 12:-12].reshape(-1, 2)
    np.testing.assert_allclose(np.median(inner, axis=0), [3, 2], atol=0.05)
    # The flow leads to what shows the same.
    back = optical_flow.warp(moved, field)[12:-12, 12:-12]
    self.assertLess(np.abs(back - image[12:-12, 12:-12]).mean(), 1)

  def test_what_left_the_image_is_not_visible(self):
    wide = texture(64, 128)
    before, after = wide[:, :96], wide[:, 6:102]
    forth = optical_flow.flow(before, after)
    seen = optical_flow.visible(forth, optical_flow.flow(after, before))
    self.assertLess(seen[:, :5].mean(), 0.1)
    self.assertGreater(seen[:, 12:].mean(), 0.9)

  def test_what_was_covered_is_not_visible(self):
    before = texture()
    after = before.copy()
    after[20:44, 30:60] = texture(24, 30, seed=1)
    seen = optical_flow.visible(
      optical_flow.flow(before, after), optical_flow.flow(after, before)
    )
    self.assertLess(seen[24:40, 34:56].mean(), 0.5)
    self.assertGreater(seen[:, 70:].mean(), 0.95)

  def test_refuses_what_has_no_flow(self):
    for second in (texture(64, 92), texture()[..., :2]):
      with self.assertRaisesRegex(ValueError, 'two of one shape'):
        optical_flow.flow(texture(), second)
    with self.assertRaisesRegex(ValueError, 'at least 16'):
      optical_flow.flow(texture(12, 96), texture(12, 96))


if __name__ == '__main__':
  absltest.main()
