"""Flicker of films whose motion is known, and what must not count."""

import math

import numpy as np
from absl.testing import absltest
from PIL import Image

from tf_twingan.metrics import flicker


def texture(height=64, width=96, seed=0):
  """A smooth random image, uint8 [height, width, 3]."""
  spots = np.random.default_rng(seed).integers(
    60, 200, [height // 8, width // 8, 3], np.uint8
  )
  return np.asarray(
    Image.fromarray(spots).resize((width, height), Image.Resampling.BICUBIC)
  )


def pan(count=4, step=3, seed=0):
  """Frames of a camera that moves to the right, by whole pixels."""
  wide = texture(64, 96 + 8 * count, seed)
  return [wide[:, step * i : step * i + 96] for i in range(count)]


class FlickerTest(absltest.TestCase):
  def test_a_still_film_has_exactly_none(self):
    source, output = texture(), texture(seed=1)
    self.assertEqual(flicker.flicker([output] * 3, [source] * 3), 0.0)

  def test_what_changes_over_a_still_source_counts_in_full(self):
    source, grey = texture(), np.full([64, 96, 3], 100, np.uint8)
    self.assertAlmostEqual(
      flicker.flicker([grey, grey + 10, grey], [source] * 3), 10 / 255
    )

  def test_what_moves_with_the_source_costs_nearly_nothing(self):
    sources, outputs = pan(), pan(seed=1)
    moving = flicker.flicker(outputs, sources)
    standing = flicker.flicker(outputs[:1] * 4, sources)
    self.assertLess(moving, 0.003)
    # What stands still while its source moves changes, too.
    self.assertGreater(standing, 10 * moving)

  def test_a_frame_after_a_cut_has_none_before(self):
    shots = [texture()] * 2 + [texture(seed=1)] * 2
    black = np.zeros_like(shots[0])
    outputs = [black, black, black + 255, black + 255]
    self.assertEqual(flicker.flicker(outputs, shots, cuts=[2]), 0.0)
    self.assertGreater(flicker.flicker(outputs, shots), 0.0)

  def test_only_the_region_counts(self):
    source, output = texture(), texture()
    changed = output.copy()
    changed[:, :48] = 255 - changed[:, :48]
    right = np.zeros([64, 96], bool)
    right[:, 48:] = True
    films = [output, changed], [source, source]
    self.assertEqual(flicker.flicker(*films, regions=[right] * 2), 0.0)
    self.assertGreater(flicker.flicker(*films, regions=[~right] * 2), 0.05)

  def test_nothing_to_compare_is_not_a_number(self):
    image = texture()
    self.assertTrue(
      math.isnan(flicker.flicker([image] * 2, [image] * 2, cuts=[1]))
    )
    nowhere = [np.zeros([64, 96], bool)] * 2
    self.assertTrue(
      math.isnan(flicker.flicker([image] * 2, [image] * 2, regions=nowhere))
    )
    with self.assertRaisesRegex(ValueError, '1 outputs of 2 sources'):
      flicker.flicker([image], [image] * 2)

  def test_gradient_energy_by_hand_and_of_blur(self):
    steps = np.zeros([3, 3, 3], np.uint8)
    steps[:, 1:] = 51  # One step of 0.2 to the right, of two places per row.
    self.assertAlmostEqual(flicker.gradient_energy(steps), 0.2**2 / 2)
    left = np.zeros([3, 3], bool)
    left[:, 0] = True
    self.assertAlmostEqual(flicker.gradient_energy(steps, left), 0.2**2)
    image = Image.fromarray(texture())
    small = image.resize((24, 16), Image.Resampling.BOX)
    blurred = np.asarray(small.resize(image.size, Image.Resampling.BILINEAR))
    self.assertLess(
      flicker.gradient_energy(blurred),
      0.9 * flicker.gradient_energy(np.asarray(image)),
    )


if __name__ == '__main__':
  absltest.main()
