"""What reaches `call`, and under which names operations stand in a graph."""

import tensorflow as tf

from tf_twingan.models import base_layer


class Recorder(base_layer.BaseLayer):
  """Returns the arguments that it is called with."""

  def call(self, inputs, names, *, training=False, **mode):
    return inputs, names, training, mode


class Outer(base_layer.BaseLayer):
  """Has an inner layer."""

  def __init__(self):
    super().__init__(name='outer')
    self.inner = Recorder(name='inner')

  def call(self, inputs, *, training):
    del training
    return self.inner(tf.identity(inputs, name='same'), ['photo'])


class BaseLayerTest(tf.test.TestCase):
  def test_arguments_reach_call_as_they_are(self):
    images = tf.zeros([2, 3], tf.bfloat16)
    limits = (tf.ones([]), 2.0)
    inputs, names, training, mode = Recorder()(
      images, ['photo', 'anime'], training=True, limits=limits, update=0.0
    )
    self.assertIs(inputs, images)
    self.assertEqual(names, ['photo', 'anime'])
    self.assertIs(training, True)
    self.assertIs(mode['limits'], limits)
    self.assertIs(type(mode['update']), float)

  def test_an_inner_layer_is_given_nothing_of_the_outer_one(self):
    _, _, training, mode = Outer()(tf.zeros([1]), training=True)
    self.assertIs(training, False)
    self.assertEqual(mode, {})

  def test_operations_are_named_by_the_layers_that_they_are_in(self):
    layer = Outer()

    @tf.function
    def twice(inputs):
      with tf.name_scope('update'):
        return [layer(inputs, training=True)[0] for _ in range(2)]

    graph = twice.get_concrete_function(tf.TensorSpec([1])).graph
    names = [operation.name for operation in graph.get_operations()]
    # Of one scope: the bits of a training depend on it.
    self.assertContainsSubset(
      ['update/outer/same', 'update/outer/same_1'], names
    )

  def test_it_counts_as_built(self):
    self.assertTrue(Outer().built)


if __name__ == '__main__':
  tf.test.main()
