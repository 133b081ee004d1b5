"""Schedules of equal length in seconds, and counted multiplications."""

import tensorflow as tf

from benchmarks import budget, macs
from tf_twingan.training import growth_schedule


def growth():
  return growth_schedule.Growth(
    start_resolution=8,
    final_resolution=16,
    fade_images=80,
    stable_images={8: 160, 16: 240},
    batch_size=8,
    decay_images=120,
  )


class BudgetTest(tf.test.TestCase):
  def test_a_schedule_costs_its_images_and_its_set_up(self):
    cost = budget.Cost(10.0, {8: 0.1, 16: 0.5}, growth())
    self.assertNear(cost.seconds, 10 + 0.1 * 160 + 0.5 * 320, 1e-9)
    self.assertNear(cost.factor(10 + 2 * 176), 2.0, 1e-9)
    with self.assertRaisesRegex(ValueError, '9 s is not even the 10 s'):
      cost.factor(9.0)

  def test_a_stretched_schedule_has_whole_batches_of_every_phase(self):
    self.assertEqual(
      budget.stretched(growth(), 1.26),
      [
        'Growth.fade_images={16: 104, 4: 0, 8: 0}',
        'Growth.stable_images={8: 200, 16: 304, 4: 0}',
        'Growth.decay_images=151',
      ],
    )
    self.assertIn('16: 8', budget.stretched(growth(), 1e-3)[1])


class MacsTest(tf.test.TestCase):
  def test_convolutions_and_matrices_by_hand(self):
    kernel, matrix = tf.ones([3, 3, 2, 5]), tf.ones([5, 7])
    depthwise = tf.ones([3, 3, 5, 1])

    def network(images):
      features = tf.nn.conv2d(images, kernel, 1, 'SAME')
      features = tf.nn.depthwise_conv2d(features, depthwise, [1] * 4, 'SAME')
      return tf.reduce_mean(features, axis=[1, 2]) @ matrix

    shape = tf.TensorSpec([4, 6, 6, 2])
    pixels = 4 * 6 * 6
    forward = pixels * 5 * 18 + pixels * 5 * 9 + 4 * 5 * 7
    self.assertEqual(macs.count(network, shape), forward)

  def test_a_gradient_costs_as_much_by_each_of_the_two(self):
    kernel = tf.Variable(tf.ones([3, 3, 2, 5]))

    def gradients(images):
      with tf.GradientTape() as tape:
        tape.watch(images)
        outputs = tf.nn.conv2d(images, kernel, 1, 'SAME')
      return tape.gradient(outputs, [images, kernel])

    self.assertEqual(
      macs.count(gradients, tf.TensorSpec([1, 4, 4, 2])), 2 * 16 * 5 * 18
    )

  def test_an_unused_gradient_is_not_counted(self):
    kernel = tf.Variable(tf.ones([3, 3, 2, 5]))

    def gradient(images):
      with tf.GradientTape() as tape:
        tape.watch(images)
        outputs = tf.nn.conv2d(images, kernel, 1, 'SAME')
      return tape.gradient(outputs, images)

    # Neither the forward pass, which is linear, nor the other gradient.
    self.assertEqual(
      macs.count(gradient, tf.TensorSpec([1, 4, 4, 2])), 16 * 5 * 18
    )

  def test_a_condition_counts_its_share_of_calls(self):
    kernel = tf.ones([3, 3, 2, 5])

    def network(images, asked):
      return tf.cond(
        asked,
        lambda: tf.nn.conv2d(images, kernel, 1, 'SAME'),
        lambda: tf.zeros([1, 4, 4, 5]),
      )

    shapes = tf.TensorSpec([1, 4, 4, 2]), tf.TensorSpec([], tf.bool)
    self.assertEqual(
      macs.count(network, *shapes, taken=0.25), 0.25 * 16 * 5 * 18
    )

  def test_a_loop_counts_each_iteration(self):
    kernel = tf.ones([3, 3, 2, 2])

    def network(images):
      return tf.while_loop(
        lambda turn, _: turn < 3,
        lambda turn, seen: (turn + 1, tf.nn.conv2d(seen, kernel, 1, 'SAME')),
        (0, images),
      )

    images = tf.TensorSpec([1, 4, 4, 2])
    self.assertEqual(macs.count(network, images, turns=3), 3 * 16 * 2 * 18)


if __name__ == '__main__':
  tf.test.main()
