"""Changes by hand, their gradients, their chances, and what those follow."""

import numpy as np
import tensorflow as tf
from absl.testing import parameterized

from tf_twingan.losses import image_augmentation

SEED = tf.constant([1, 2])
ONE = tf.ones([1])


def uniform(*rows):
  return tf.constant(rows, tf.float32)[:, None]


def random_images(count=4, side=8):
  return tf.random.stateless_uniform([count, side, side, 3], [3, 4], -1.0, 1.0)


class AugmentationTest(parameterized.TestCase, tf.test.TestCase):
  def test_color_by_hand(self):
    image = tf.reshape([0.0, 0.3, 0.6, -0.3, 0.0, 0.3], [1, 1, 2, 3])
    # Half of the most brightness: plus 0.25.
    self.assertAllClose(
      image_augmentation.color(image, ONE, uniform(0.75, 0.5, 0.5)),
      image + 0.25,
    )
    # No saturation: all channels are their mean, 0.3 and 0.
    self.assertAllClose(
      image_augmentation.color(image, ONE, uniform(0.5, 0.0, 0.5))[0, 0],
      [[0.3] * 3, [0.0] * 3],
    )
    # The most contrast: half as far again from the mean, 0.15.
    self.assertAllClose(
      image_augmentation.color(image, ONE, uniform(0.5, 0.5, 1.0)),
      0.15 + 1.5 * (image - 0.15),
    )

  def test_translation_by_hand(self):
    image = tf.reshape(tf.range(1.0, 65.0), [1, 8, 8, 1])
    # An eighth is one pixel: thirds of the random number are -1, 0 and 1.
    moved = image_augmentation.translation(image, ONE, uniform(0.9, 0.1, 0.0))
    self.assertAllEqual(moved[0, :-1, 1:, 0], image[0, 1:, :-1, 0])
    self.assertAllEqual(moved[0, -1], tf.zeros([8, 1]))
    self.assertAllEqual(moved[0, :, 0], tf.zeros([8, 1]))
    same = image_augmentation.translation(image, ONE, uniform(0.5, 0.5, 0.0))
    self.assertAllEqual(same, image)

  @parameterized.parameters(
    # Corners of a hole of 2 at 4 px are -1, 0, ..., 3.
    (0.0, 0.5, [[1, 0, 0, 1], [1, 1, 1, 1], [1, 1, 1, 1], [1, 1, 1, 1]]),
    (0.5, 0.99, [[1, 1, 1, 1], [1, 1, 1, 0], [1, 1, 1, 0], [1, 1, 1, 1]]),
  )
  def test_cutout_by_hand(self, down, along, expected):
    cut = image_augmentation.cutout(
      tf.ones([1, 4, 4, 3]), ONE, uniform(down, along, 0.0)
    )
    # 0.5 of five places is the third, 1.
    self.assertAllEqual(cut[0, :, :, 0], expected)
    self.assertAllEqual(cut[0, :, :, 2], expected)

  @parameterized.parameters(*image_augmentation.KINDS)
  def test_what_is_not_to_change_does_not(self, kind):
    images = random_images(64)
    never = image_augmentation.Augmentation(kinds=[kind], probability=0.0)
    self.assertAllClose(never(images, 'photo', SEED), images, atol=1e-6)
    half = image_augmentation.Augmentation(kinds=[kind], probability=0.5)
    changes = np.abs(half(images, 'photo', SEED) - images).max((1, 2, 3)) > 1e-3
    # No shift at all is one translation of nine.
    self.assertBetween(changes.mean(), 0.3, 0.7)

  def test_the_same_seed_changes_alike_and_each_image_its_own_way(self):
    change = image_augmentation.Augmentation()
    images = tf.repeat(random_images(1), 4, axis=0)
    first = change(images, 'photo', SEED)
    self.assertAllEqual(first, change(images, 'photo', SEED))
    self.assertNotAllClose(first, change(images, 'photo', SEED + 1))
    self.assertNotAllClose(first[0], first[1])

  def test_gradients_pass_twice_in_a_graph_and_half_precision(self):
    change = image_augmentation.Augmentation()

    @tf.function(autograph=False)
    def gradients(x):
      with tf.GradientTape() as outer:
        outer.watch(x)
        with tf.GradientTape() as inner:
          inner.watch(x)
          y = tf.reduce_sum(change(x, 'photo', SEED) ** 2)
        first = inner.gradient(y, x)
        norm = tf.reduce_sum(tf.cast(first, tf.float32) ** 2)
      return y, first, outer.gradient(norm, x)

    x = random_images()
    y, first, second = gradients(x)
    # The change is affine, x -> Ax + b, and y quadratic in it.
    direction = 1e-2 * random_images()[::-1]
    ahead, behind = gradients(x + direction), gradients(x - direction)
    self.assertAllClose(
      (ahead[0] - behind[0]) / 2, tf.reduce_sum(first * direction), rtol=1e-3
    )
    norms = [tf.reduce_sum(g[1] ** 2) for g in (ahead, behind)]
    self.assertAllClose(
      (norms[0] - norms[1]) / 2, tf.reduce_sum(second * direction), rtol=1e-3
    )
    for each in gradients(tf.cast(x, tf.bfloat16))[1:]:
      self.assertEqual(each.dtype, tf.bfloat16)

  def test_the_chance_follows_how_much_a_discriminator_overfits(self):
    change = image_augmentation.Augmentation(
      probability=0.1, target=0.6, adjust_images=1000
    )
    self.assertEqual(change.build(['photo', 'anime']), {'augmentation': change})
    # Means of 0.7 and 0.5 over four steps of 10 images: 40 / 1000 each way.
    for photo, anime in ((1.0, 0.5), (1.0, 0.5), (0.4, 0.5), (0.4, 0.5)):
      self.assertNear(change.probability('photo'), 0.1, 1e-6)
      change.adapt([photo, anime], 10)
    self.assertNear(change.probability('photo'), 0.14, 1e-6)
    self.assertNear(change.probability('anime'), 0.06, 1e-6)
    for _ in range(400):
      change.adapt([1.0, -1.0], 10)
    self.assertEqual(change.probability('photo'), 1.0)
    self.assertEqual(change.probability('anime'), 0.0)

  def test_what_adapts_starts_with_nothing(self):
    for target, start in ((None, 1.0), (0.6, 0.0)):
      change = image_augmentation.Augmentation(target=target)
      change.build(['photo'])
      self.assertEqual(change.probability('photo'), start)

  def test_a_fixed_chance_remembers_nothing(self):
    change = image_augmentation.Augmentation(probability=0.3)
    self.assertEqual(change.build(['photo', 'anime']), {})
    self.assertEmpty(change.variables)

  @parameterized.parameters(
    (dict(kinds=('colour',)), r"kinds is \('colour',\); choose some of color"),
    (dict(kinds=()), 'kinds is'),
    (dict(probability=1.5), r'probability is 1.5; choose one in \[0, 1\]'),
    (dict(target=1.0), r'target is 1.0; choose one in \(-1, 1\)'),
    (dict(adjust_images=0), 'adjust_images is 0; at least 1'),
  )
  def test_bad_values_are_named(self, options, message):
    with self.assertRaisesRegex(ValueError, message):
      image_augmentation.Augmentation(**options)


if __name__ == '__main__':
  tf.test.main()
