"""Paster, blurrer and fresh images are as near as they deserve."""

import numpy as np
from absl.testing import absltest, parameterized

from tf_twingan.metrics import memorization


def random_images(seed, count=100):
  rng = np.random.default_rng(seed)
  return rng.integers(0, 256, [count, 4, 4, 3], np.uint8)


TRAINING = random_images(0)
HELD_OUT = random_images(1)


def figures_of(translations):
  return memorization.measure(
    translations, training=TRAINING, held_out=HELD_OUT
  )


class MemorizationTest(parameterized.TestCase):
  def test_a_paster_is_caught_with_evidence(self):
    pasted = np.random.default_rng(2).permutation(100)
    figures = figures_of(TRAINING[pasted])
    self.assertEqual(figures.ratio, 0)
    self.assertEqual(figures.share, 1)
    np.testing.assert_array_equal(figures.indices, pasted)
    np.testing.assert_array_equal(figures.distances, np.zeros(100))

  def test_fresh_images_are_as_far_as_held_out_ones(self):
    figures = figures_of(random_images(2))
    self.assertAlmostEqual(figures.ratio, 1, delta=0.05)
    self.assertLessEqual(figures.share, 0.05)

  def test_a_paster_of_some_is_caught_by_the_share(self):
    mixed = np.concatenate([TRAINING[:30], random_images(2, 70)])
    figures = figures_of(mixed)
    self.assertBetween(figures.share, 0.3, 0.35)
    self.assertGreater(figures.ratio, 0.8)
    np.testing.assert_array_equal(figures.indices[:30], np.arange(30))

  def test_a_paster_with_a_little_noise_is_caught(self):
    noise = np.random.default_rng(2).integers(-3, 4, TRAINING.shape)
    figures = figures_of(TRAINING + noise)
    self.assertLess(figures.ratio, 0.1)
    self.assertEqual(figures.share, 1)
    np.testing.assert_array_equal(figures.indices, np.arange(100))

  def test_a_blurrer_is_nearer_to_all(self):
    # As the module says: this is not memory.
    smooth = np.broadcast_to(
      random_images(2).mean((1, 2), keepdims=True), TRAINING.shape
    )
    self.assertBetween(figures_of(smooth).ratio, 0.5, 0.95)

  def test_by_hand(self):
    # Of 101 held-out distances 0, 1, ... 100, the 1st percentile is 1 and the
    # median 50.
    figures = memorization.measure(
      np.array([[3.0, 4.0], [0.0, 1.0], [-1000.0, 0.0]]),
      training=np.array([[0.0, 0.0], [-1000.0, 25.0]]),
      held_out=np.stack([np.arange(101.0), np.zeros(101)], axis=1),
    )
    np.testing.assert_allclose(figures.distances, [5, 1, 25])
    np.testing.assert_array_equal(figures.indices, [0, 0, 1])
    self.assertAlmostEqual(figures.ratio, 0.1)
    self.assertAlmostEqual(figures.threshold, 1)
    self.assertAlmostEqual(figures.share, 1 / 3)

  def test_duplicates_held_out_do_not_hide_a_paster(self):
    held_out = np.concatenate([TRAINING[:5], HELD_OUT[5:]])
    figures = memorization.measure(
      TRAINING, training=TRAINING, held_out=held_out
    )
    self.assertEqual(figures.threshold, 0)
    self.assertEqual(figures.share, 1)

  def test_the_training_set_is_not_held_out(self):
    with self.assertRaisesRegex(ValueError, '60 of 100 held-out images'):
      memorization.measure(
        HELD_OUT,
        training=TRAINING,
        held_out=np.concatenate([TRAINING[:60], HELD_OUT[60:]]),
      )

  @parameterized.parameters(1, 48, 7 * 48, 33 * 48, 2**24)
  def test_blocks_do_not_change_the_result(self, max_elements):
    distances, indices = memorization.nearest(
      HELD_OUT, TRAINING, max_elements=max_elements
    )
    differences = HELD_OUT[:, None].astype(float) - TRAINING[None]
    matrix = np.sqrt(np.square(differences).sum((2, 3, 4)))
    np.testing.assert_array_equal(indices, matrix.argmin(axis=1))
    np.testing.assert_allclose(distances, matrix.min(axis=1))

  @parameterized.parameters(8, 7 * 8, 2**24)
  def test_far_from_the_origin(self, max_elements):
    # The expanded square would be off by about 1e-3, more than all distances.
    rng = np.random.default_rng(0)
    training, images = 1e6 + rng.normal(scale=1e-3, size=[2, 40, 8])
    distances, indices = memorization.nearest(
      images, training, max_elements=max_elements
    )
    matrix = np.linalg.norm(images[:, None] - training, axis=-1)
    np.testing.assert_array_equal(indices, matrix.argmin(axis=1))
    np.testing.assert_array_equal(distances, matrix.min(axis=1))

  @parameterized.parameters(1, 2**24)
  def test_the_first_of_equals_is_named(self, max_elements):
    twice = np.concatenate([TRAINING, TRAINING])
    _, indices = memorization.nearest(
      TRAINING, twice, max_elements=max_elements
    )
    np.testing.assert_array_equal(indices, np.arange(100))

  def test_shapes_must_agree(self):
    with self.assertRaisesRegex(ValueError, 'at the same resolution'):
      memorization.nearest(TRAINING, TRAINING[:, :3])
    with self.assertRaisesRegex(ValueError, 'at least one of each'):
      memorization.nearest(TRAINING, TRAINING[:0])


if __name__ == '__main__':
  absltest.main()
