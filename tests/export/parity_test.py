"""Gates pass what is right and nothing that is planted wrong."""

import numpy as np
import tensorflow as tf
from absl.testing import parameterized

from export import parity

IMAGES = np.random.default_rng(0).uniform(-1, 1, [4, 12, 12, 3])
IMAGES = IMAGES.astype(np.float32)
IMAGE_KINDS = set(parity.GATES) - {'embed', 'search'}


class ParityTest(parameterized.TestCase, tf.test.TestCase):
  def test_figures_by_hand(self):
    found = parity.compare(
      np.clip(IMAGES, -0.9, 0.9) + 0.02, np.clip(IMAGES, -0.9, 0.9)
    )
    self.assertAlmostEqual(found.max_difference, 0.02, places=5)
    # An error of 0.02 in a range of 2.
    self.assertAlmostEqual(found.psnr, 40.0, places=2)
    self.assertEqual(found.images, 4)
    self.assertBetween(found.ssim, 0.99, 1.0)
    # Manifests of version 0.1.0 named the count so.
    self.assertEqual(
      list(found.to_json()), ['max_difference', 'psnr', 'ssim', 'pictures']
    )

  def test_equal_images(self):
    found = parity.compare(IMAGES, IMAGES)
    self.assertEqual(found[:2], (0.0, None))
    for kind in IMAGE_KINDS:
      self.assertTrue(parity.GATES[kind].passes(found), kind)

  @parameterized.named_parameters(
    ('swapped_channels', lambda p: p[..., ::-1]),
    ('unscaled', lambda p: p * 127.5 + 127.5),
    ('twice_scaled', lambda p: p / 127.5),
    ('another_image', lambda p: p[::-1]),
    ('flipped', lambda p: p[:, :, ::-1]),
    ('nothing', lambda p: p * np.nan),
  )
  def test_what_is_wrong_passes_no_gate(self, spoil):
    found = parity.compare(spoil(IMAGES), IMAGES)
    for kind in IMAGE_KINDS:
      self.assertFalse(parity.GATES[kind].passes(found), kind)

  def test_each_condition_counts(self):
    found = parity.compare(IMAGES, IMAGES)._replace(pixel_difference=2)
    self.assertFalse(parity.GATES['saved_model'].passes(found))
    self.assertEqual(
      parity.GATES['saved_model'].failures(found), ['pixel_difference']
    )
    for cosine, passes in ((0.9995, True), (0.998, False), (np.nan, False)):
      found = parity.EmbeddingParity(cosine, 32)
      self.assertEqual(parity.GATES['embed'].passes(found), passes)
    for share, passes in ((0.9, True), (0.8, False)):
      found = parity.SearchParity(share, 32, [])
      self.assertEqual(parity.GATES['search'].passes(found), passes)

  def test_the_worst_of_several_directions(self):
    found = [
      parity.ImageParity(0.1, None, 0.9, 2, 0),
      parity.ImageParity(0.2, 30.0, 0.95, 3, 1),
    ]
    self.assertEqual(
      parity.worst(found), parity.ImageParity(0.2, 30.0, 0.9, 5, 1)
    )

  def test_a_gate_names_its_conditions(self):
    self.assertEqual(str(parity.GATES['int8']), 'PSNR at least 28 dB')
    self.assertEqual(str(parity.GATES['float32']), 'difference at most 0.0001')
    self.assertEqual(str(parity.GATES['embed']), 'cosine at least 0.999')
    self.assertEqual(
      str(parity.GATES['search']), 'the same neighbour for 90% at least'
    )
    self.assertEqual(
      str(parity.GATES['saved_model']),
      'difference at most 0.0001 and PNGs within 1 of 255',
    )


if __name__ == '__main__':
  tf.test.main()
