"""Seconds of operations, as the profiler records them."""

import time

import tensorflow as tf

from benchmarks import op_times


class OpTimesTest(tf.test.TestCase):
  def test_each_operation_is_named_and_timed(self):
    kernel = tf.ones([3, 3, 32, 32])

    @tf.function(autograph=False)
    def network(images):
      with tf.name_scope('layer'):
        return tf.nn.leaky_relu(tf.nn.conv2d(images, kernel, 1, 'SAME'))

    images = tf.ones([4, 32, 32, 32])
    network(images)
    begun = time.perf_counter()
    seconds = op_times.record(lambda: network(images).numpy())
    wall = time.perf_counter() - begun
    (convolution,) = (t for n, t in seconds.items() if 'Conv2D' in n)
    self.assertBetween(convolution, 1e-6, wall)
    self.assertTrue(any(n.startswith('layer/LeakyRelu') for n in seconds))

  def test_a_condition_is_timed_without_its_branches(self):
    @tf.function(autograph=False)
    def network(images, asked):
      return tf.cond(asked, lambda: images @ images, lambda: images)

    arguments = tf.ones([1024, 1024]), tf.constant(True)
    network(*arguments)
    seconds = op_times.record(lambda: network(*arguments).numpy())
    (inner,) = (t for n, t in seconds.items() if n.endswith('MatMul'))
    for name, own in seconds.items():
      self.assertGreaterEqual(own, 0, name)
      if 'cond' in name and not name.endswith('MatMul'):
        self.assertLess(own, inner)


if __name__ == '__main__':
  tf.test.main()
