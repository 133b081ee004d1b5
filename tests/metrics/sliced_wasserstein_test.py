"""Equal sets are at distance 0; damage shows at the level where it is."""

import numpy as np
from absl.testing import absltest, parameterized

from tf_twingan.metrics import sliced_wasserstein


def noise(seed=0, count=16, size=32):
  rng = np.random.default_rng(seed)
  return rng.integers(0, 256, [count, size, size, 3]).astype(np.uint8)


def flat(*values, size=16):
  """Images of one grey each."""
  return np.stack([np.full([size, size, 3], v, np.uint8) for v in values])


class SlicedWassersteinTest(parameterized.TestCase):
  @parameterized.parameters((16, [16]), (64, [64, 32, 16]))
  def test_equal_sets_are_at_distance_0_at_all_levels(self, size, levels):
    images = noise(size=size, count=4)
    distances = sliced_wasserstein.distance(
      real=images, fake=images, patches=8, directions=20
    )
    self.assertEqual(list(distances), levels)
    self.assertEqual(set(distances.values()), {0.0})

  # 40 are more than are taken at once.
  @parameterized.parameters(8, 40)
  def test_the_distance_of_two_levels_of_grey(self, count):
    # Normalized, half black and half white is -1 and 1; one grey is 0. Along a
    # direction whose components sum to s, W1 is |s|, about sqrt(2 / pi).
    real = flat(*[0, 255] * (count // 2))
    grey = flat(*[77] * count)
    to_grey = sliced_wasserstein.distance(real=real, fake=grey, patches=4)[16]
    self.assertBetween(to_grey, 710, 890)
    # A quarter white is -1 / sqrt(3) and sqrt(3). The sorted values differ by
    # 1 - 1 / sqrt(3) over a half, 1 + 1 / sqrt(3) over a quarter and
    # sqrt(3) - 1 over a quarter: 0.788675 |s| in all.
    quarter = flat(*[0] * (3 * count // 4), *[255] * (count // 4))
    to_quarter = sliced_wasserstein.distance(
      real=real, fake=quarter, patches=4
    )[16]
    self.assertAlmostEqual(to_quarter / to_grey, 0.788675, places=6)

  def test_fine_damage_shows_at_the_fine_level_only(self):
    real = noise().astype(np.float64)
    rows, columns = np.indices([32, 32])
    # The finest checkerboard there is: halving takes it away without a trace.
    board = 80.0 * (1 - 2 * ((rows + columns) % 2))
    distances = sliced_wasserstein.distance(
      real=real, fake=real + board[None, :, :, None], patches=32, directions=128
    )
    self.assertGreater(distances[32], 30)
    self.assertAlmostEqual(distances[16], 0)

  def test_a_coarser_texture_is_further_away_than_a_fresh_sample(self):
    real, fresh = noise(seed=1, count=64), noise(seed=2, count=64)
    # Grey and in blocks of four pixels: one channel tells of the next, and one
    # pixel of the next.
    coarser = noise(seed=2, count=64, size=8)[..., :1].repeat(3, axis=3)
    coarser = coarser.repeat(4, axis=1).repeat(4, axis=2)
    to_fresh, to_coarser = (
      sliced_wasserstein.distance(
        real=real, fake=fake, patches=64, directions=64
      )
      for fake in (fresh, coarser)
    )
    for level in (32, 16):
      self.assertGreater(to_coarser[level], 2 * to_fresh[level])

  def test_a_common_tint_and_contrast_go_unseen(self):
    real = noise(count=4).astype(np.float64)
    distances = sliced_wasserstein.distance(
      real=real,
      fake=0.5 * real + np.array([40.0, 0.0, 90.0]),
      patches=8,
      directions=20,
    )
    for value in distances.values():
      self.assertAlmostEqual(value, 0)

  def test_flat_images_hold_no_detail(self):
    # Black and white from edge to edge: all of it is left to the last level.
    distances = sliced_wasserstein.distance(
      real=flat(0, 255, size=32), fake=flat(77, 77, size=32), patches=64
    )
    self.assertEqual(distances[32], 0)
    self.assertGreater(distances[16], 700)

  @parameterized.product(row=[0, 15], column=[0, 15])
  def test_every_corner_is_seen(self, row, column):
    real = noise(count=4, size=16)
    fake = real.copy()
    fake[:, row, column] ^= 128
    distances = sliced_wasserstein.distance(real=real, fake=fake, directions=10)
    self.assertGreater(distances[16], 0)

  def test_rounding_is_no_detail(self):
    grey = np.full([4, 32, 32, 3], 0.1)
    distances = sliced_wasserstein.distance(
      real=grey, fake=grey + 0.2, patches=8, directions=20
    )
    self.assertEqual(distances, {32: 0.0, 16: 0.0})

  def test_only_the_seed_decides(self):
    def distance(seed):
      return sliced_wasserstein.distance(
        real=noise(seed=1, count=4),
        fake=noise(seed=2, count=4),
        seed=seed,
        patches=8,
        directions=20,
      )

    self.assertEqual(distance(3), distance(3))
    self.assertNotEqual(distance(3), distance(4))

  @parameterized.named_parameters(
    ('small', [2, 8, 8, 3], 'at least 16'),
    ('no_power_of_two', [2, 24, 24, 3], '24x24 images; .* power of two'),
    ('not_square', [2, 32, 16, 3], 'must be square'),
    ('one_image', [16, 16, 3], r'give \[n, size, size, channels\]'),
    ('none', [0, 16, 16, 3], 'at least one image'),
  )
  def test_shapes_that_cannot_be_halved(self, shape, regex):
    with self.assertRaisesRegex(ValueError, regex):
      sliced_wasserstein.distance(real=np.zeros(shape), fake=np.zeros(shape))

  def test_shapes_must_agree(self):
    with self.assertRaisesRegex(ValueError, 'differ in shape'):
      sliced_wasserstein.distance(real=noise(), fake=noise(count=3))

  def test_something_must_be_sampled(self):
    with self.assertRaisesRegex(ValueError, '0 patches and 512 directions'):
      sliced_wasserstein.distance(real=noise(), fake=noise(), patches=0)


if __name__ == '__main__':
  absltest.main()
