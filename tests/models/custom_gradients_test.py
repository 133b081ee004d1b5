"""Custom gradients are there in training, and left out where none is used."""

import tensorflow as tf

from tf_twingan.models import custom_gradients


@custom_gradients.custom_gradient
def triple(inputs):
  """3 x, with the gradient of 5 x, by which it is known."""
  return 3 * inputs, lambda upstream: 5 * upstream


def gradient():
  inputs = tf.constant(2.0)
  with tf.GradientTape() as tape:
    tape.watch(inputs)
    outputs = triple(inputs)
  return tape.gradient(outputs, inputs)


class CustomGradientTest(tf.test.TestCase):
  def test_it_is_used(self):
    self.assertEqual(gradient(), 5)
    self.assertEqual(tf.function(gradient)(), 5)
    self.assertEqual(triple(tf.constant(2.0)), 6)

  def test_it_is_left_out_inside_alone(self):
    with custom_gradients.left_out():
      self.assertEqual(gradient(), 3)
      self.assertEqual(tf.function(gradient)(), 3)
    self.assertEqual(gradient(), 5)

  def test_a_graph_without_is_not_kept(self):
    traced = tf.function(lambda inputs: triple(inputs), autograph=False)
    with custom_gradients.left_out():
      graph = traced.get_concrete_function(tf.constant(2.0)).graph
    self.assertNotIn('IdentityN', [o.type for o in graph.get_operations()])


if __name__ == '__main__':
  tf.test.main()
