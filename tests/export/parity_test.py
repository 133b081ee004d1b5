"""Gates let through what is right and nothing that is planted wrong."""

import numpy as np
import tensorflow as tf
from absl.testing import parameterized

from export import parity

IMAGES = np.random.default_rng(0).uniform(-1, 1, [4, 12, 12, 3])
IMAGES = IMAGES.astype(np.float32)


class ParityTest(parameterized.TestCase, tf.test.TestCase):
  def test_figures_by_hand(self):
    reached = parity.compare(
      np.clip(IMAGES, -0.9, 0.9) + 0.02, np.clip(IMAGES, -0.9, 0.9)
    )
    self.assertAlmostEqual(reached.max_difference, 0.02, places=5)
    # An error of 0.02 in a range of 2.
    self.assertAlmostEqual(reached.psnr, 40.0, places=2)
    self.assertEqual(reached.images, 4)
    self.assertBetween(reached.ssim, 0.99, 1.0)

  def test_equal_images(self):
    reached = parity.compare(IMAGES, IMAGES)
    self.assertEqual(reached[:2], (0.0, None))
    for gate in parity.GATES.values():
      self.assertTrue(gate.passes(reached))

  @parameterized.named_parameters(
    ('swapped_channels', lambda p: p[..., ::-1]),
    ('unscaled', lambda p: p * 127.5 + 127.5),
    ('twice_scaled', lambda p: p / 127.5),
    ('another_image', lambda p: p[::-1]),
    ('flipped', lambda p: p[:, :, ::-1]),
    ('nothing', lambda p: p * np.nan),
  )
  def test_what_is_wrong_passes_no_gate(self, spoil):
    reached = parity.compare(spoil(IMAGES), IMAGES)
    for kind, gate in parity.GATES.items():
      self.assertFalse(gate.passes(reached), kind)

  def test_a_gate_says_what_it_wants(self):
    self.assertEqual(str(parity.GATES['int8']), 'PSNR at least 28 dB')
    self.assertEqual(str(parity.GATES['float32']), 'difference at most 0.0001')


if __name__ == '__main__':
  tf.test.main()
