"""Repetition costs the share it should, where a kernel distance sees none."""

import numpy as np
from absl.testing import absltest, parameterized

from tf_twingan.metrics import kernel_distance, mode_collapse


def random_images(seed=0, count=200):
  rng = np.random.default_rng(seed)
  return rng.integers(0, 256, [count, 6, 6, 3]).astype(np.uint8)


def random_features(seed=0, count=200, size=4):
  return np.random.default_rng(seed).normal(size=[count, size])


def on_circle(angles):
  return np.stack([np.cos(angles), np.sin(angles)], axis=1)


def line(values):
  return np.asarray(values, float)[:, None]


class ModeCollapseTest(parameterized.TestCase):
  @parameterized.parameters(1, 2, 3)
  def test_distinct_images(self, seed):
    self.assertGreater(
      mode_collapse.distinct_share(
        real=random_images(), fake=random_images(seed)
      ),
      0.95,
    )

  @parameterized.product(seed=[1, 2, 3], size=[1, 2, 4, 30])
  def test_distinct_features_of_any_dimension(self, seed, size):
    share = mode_collapse.distinct_share(
      real=random_features(0, size=size), fake=random_features(seed, size=size)
    )
    self.assertGreater(share, 0.9)

  def test_ten_images_repeated(self):
    share = mode_collapse.distinct_share(
      real=random_images(),
      fake=np.tile(random_images(1, 10), [20, 1, 1, 1]),
    )
    self.assertBetween(share, 0.05, 0.06)

  def test_ten_images_repeated_with_noise(self):
    fake = np.tile(random_images(1, 10), [20, 1, 1, 1]).astype(np.float64)
    fake += np.random.default_rng(2).normal(scale=8, size=fake.shape)
    self.assertLess(
      mode_collapse.distinct_share(real=random_images(), fake=fake), 0.06
    )

  @parameterized.parameters(1, 10, 50, 200)
  def test_the_share_of_evenly_repeated_images(self, kinds):
    # Whole numbers are 1 apart, so that only equal ones are the same.
    real, fake = line(range(200)), line(np.arange(200) % kinds)
    self.assertAlmostEqual(
      mode_collapse.distinct_share(real=real, fake=fake), kinds / 200
    )

  def test_a_large_group_counts_once(self):
    fake = line([*range(100), *[500] * 100])
    self.assertAlmostEqual(
      mode_collapse.distinct_share(real=line(range(200)), fake=fake), 101 / 200
    )

  def test_ten_images_that_a_kernel_distance_takes_for_real(self):
    # Ten even places on a circle have all the moments of the whole circle that
    # a cubic kernel can see.
    rng = np.random.default_rng(0)
    real = on_circle(np.arange(200) * 2 * np.pi / 200)
    ten = on_circle(np.repeat(np.arange(10), 20) * 2 * np.pi / 10)
    half = on_circle(rng.uniform(0, np.pi, 200))
    to_ten, to_half = (
      kernel_distance.distance(real=real, fake=fake) for fake in (ten, half)
    )
    self.assertLess(to_ten.mean, 2 * to_ten.standard_error)
    self.assertGreater(to_half.mean, 4 * to_half.standard_error)
    self.assertAlmostEqual(
      mode_collapse.distinct_share(real=real, fake=ten), 0.05
    )

  def test_doublets_among_the_real_images(self):
    # Their distance of 0 is no measure; the share is relative to theirs, half.
    real = line(np.arange(200) // 2)
    self.assertAlmostEqual(
      mode_collapse.distinct_share(real=real, fake=real), 1
    )
    self.assertAlmostEqual(
      mode_collapse.distinct_share(real=real, fake=line(range(200))), 1
    )
    self.assertAlmostEqual(
      mode_collapse.distinct_share(real=real, fake=line(np.arange(200) % 10)),
      0.1,
    )

  def test_a_higher_quantile_finds_looser_groups(self):
    # Half of the real ones have their nearest 1 away, the others 3. The fakes
    # are pairs 2 apart: the same only by the longer distance.
    real = line([*range(0, 100), *range(1000, 1300, 3)])
    fake = line([x for i in range(100) for x in (10 * i, 10 * i + 2)])
    self.assertAlmostEqual(
      mode_collapse.distinct_share(real=real, fake=fake), 1
    )
    # By that, 0 to 99 have four others that are the same, fewer at the ends.
    self.assertAlmostEqual(
      mode_collapse.distinct_share(real=real, fake=fake, quantile=0.9),
      100 / (96 / 5 + 2 / 4 + 2 / 3 + 100),
    )

  def test_order_does_not_matter(self):
    real, fake = random_features(), random_features(1)
    fake[::3] = fake[:1]
    self.assertAlmostEqual(
      mode_collapse.distinct_share(real=real, fake=fake),
      mode_collapse.distinct_share(real=real[::-1], fake=fake[::-1]),
    )

  @parameterized.parameters(
    ([199, 6, 6, 3], 'differ in shape; give equally many'),
    ([200, 6, 6, 1], 'differ in shape'),
  )
  def test_shapes_must_agree(self, shape, regex):
    with self.assertRaisesRegex(ValueError, regex):
      mode_collapse.distinct_share(real=random_images(), fake=np.zeros(shape))

  @parameterized.parameters((0, 6, 6, 3), (0,), (5, 0))
  def test_there_must_be_images(self, *shape):
    empty = np.zeros(shape)
    with self.assertRaisesRegex(ValueError, 'are empty; give at least two'):
      mode_collapse.distinct_share(real=empty, fake=empty)

  @parameterized.parameters(0, 1, -0.1, np.nan)
  def test_the_quantile_must_lie_between(self, quantile):
    with self.assertRaisesRegex(ValueError, f'quantile is {quantile}'):
      mode_collapse.distinct_share(
        real=random_features(), fake=random_features(1), quantile=quantile
      )

  @parameterized.parameters(1, 5)
  def test_real_images_must_differ(self, count):
    with self.assertRaisesRegex(ValueError, f'the {count} real images are'):
      mode_collapse.distinct_share(
        real=np.ones([count, 3]), fake=np.zeros([count, 3])
      )

  def test_values_must_be_finite(self):
    fake = random_features(1)
    fake[4, 1] = np.nan
    with self.assertRaisesRegex(
      ValueError, '1 of the 800 values of fake images'
    ):
      mode_collapse.distinct_share(real=random_features(), fake=fake)


if __name__ == '__main__':
  absltest.main()
