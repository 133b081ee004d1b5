"""Gradient checkpointing: equal results, one update, really two passes."""

import keras
import numpy as np
import pytest
import tensorflow as tf

from tf_twingan.models import gradient_checkpointing, pggan, twingan

DOMAINS = ('photo', 'anime')
STAGE = dict(resolution=8, alpha=0.5, training=True)
SIZES = dict(max_resolution=8, channels_base=16, channels_max=8)


def optimized(run):
  """The nodes of an optimized graph of a block and its gradient."""
  with tf.Graph().as_default() as graph:
    images = tf.compat.v1.placeholder(tf.float32, [2, 8, 8, 3])
    kernel = tf.compat.v1.placeholder(tf.float32, [3, 3, 3, 3])

    def block(images, kernel, run_once):
      del run_once
      for _ in range(3):
        images = tf.nn.tanh(tf.nn.conv2d(images, kernel, 1, 'SAME'))
      return images

    with tf.GradientTape() as tape:
      tape.watch([images, kernel])
      loss = tf.reduce_sum(tf.square(run(block, images, kernel)))
    gradient = tape.gradient(loss, kernel)
    metadata = tf.compat.v1.RunMetadata()
    with tf.compat.v1.Session(graph=graph) as session:
      session.run(
        [loss, gradient],
        {t: np.ones(t.shape) for t in (images, kernel)},
        options=tf.compat.v1.RunOptions(output_partition_graphs=True),
        run_metadata=metadata,
      )
  return {n.name: n for g in metadata.partition_graphs for n in g.node}


def convolutions(nodes):
  """Names of the convolutions of forward passes."""
  return [
    name
    for name, node in nodes.items()
    if 'Conv2D' in node.op and 'Backprop' not in node.op
  ]


def before(nodes, name):
  """Names of all nodes that one depends on."""
  ancestors, left = set(), [name]
  while left:
    inputs = {i.strip('^').split(':')[0] for i in nodes[left.pop()].input}
    left += inputs - ancestors
    ancestors |= inputs
  return ancestors


class GradientCheckpointingTest(tf.test.TestCase):
  def test_optimized_graphs_compute_twice_and_late(self):
    nodes = optimized(lambda block, *inputs: block(*inputs, run_once=None))
    self.assertLen(convolutions(nodes), 3)
    nodes = optimized(gradient_checkpointing.run)
    ordered = sorted(
      convolutions(nodes), key=lambda name: len(before(nodes, name))
    )
    self.assertLen(ordered, 6)
    # The second pass waits for the whole first one.
    for name in ordered[3:]:
      self.assertContainsSubset(ordered[:3], before(nodes, name))

  def test_results_of_run_once_are_there_in_each_backward_pass(self):
    count = tf.Variable(0.0, trainable=False)
    weight = tf.Variable(3.0)

    def block(inputs, run_once):
      first = run_once(lambda: count.assign_add(1.0) + 0.0)
      second = run_once(lambda: count.assign_add(10.0) + 0.0)
      return inputs * weight * first * second

    @tf.function(autograph=False)
    def gradients(inputs):
      with tf.GradientTape(persistent=True) as tape:
        tape.watch(inputs)
        output = gradient_checkpointing.run(block, inputs)
        doubled = 2 * output
      return (
        tape.gradient(output, [inputs, weight]),
        tape.gradient(doubled, [inputs, weight]),
      )

    one, other = gradients(tf.constant(5.0))
    self.assertAllEqual(count, 11.0)
    self.assertAllClose(one, [3 * 1 * 11.0, 5 * 1 * 11.0])
    self.assertAllClose(other, [2 * 3 * 1 * 11.0, 2 * 5 * 1 * 11.0])

  @pytest.mark.slow
  def test_a_twin_network_trains_alike(self):
    reals = {
      d: tf.random.stateless_uniform([4, 8, 8, 3], [i, 0], -1.0, 1.0)
      for i, d in enumerate(DOMAINS)
    }

    def make(recompute):
      return twingan.TwinGAN(
        DOMAINS,
        norm='batch_renorm',
        residual=True,
        attention_resolution=8,
        style_size=4,
        renorm_ramp_steps=3,
        recompute=recompute,
        **SIZES,
      )

    def generate(model):
      outputs = model.reconstruct_and_translate(reals, **STAGE)
      return outputs.reconstructions, outputs.translations

    self.assert_alike(make, generate)

  def test_a_network_of_noise_trains_alike(self):
    def make(recompute):
      return pggan.ProgressiveGAN(
        DOMAINS,
        latent_size=4,
        norm='batch',
        recompute=recompute,
        **SIZES,
      )

    def generate(model):
      return [model.generate(model.noise(4, [1, 2]), DOMAINS, **STAGE)]

    self.assert_alike(make, generate)

  def assert_alike(self, make, generate):
    results = []
    for recompute in (False, True):
      keras.utils.set_random_seed(1)
      model = make(recompute)
      for index, variable in enumerate(model.trainable_variables):
        # Weights that start at zero are to have an effect, too.
        variable.assign_add(
          0.3 * tf.random.stateless_normal(variable.shape, [index, 0])
        )

      @tf.function(autograph=False)
      def gradients(model=model):
        with tf.GradientTape() as tape:
          loss = tf.add_n(
            [tf.reduce_mean(tf.abs(d - 0.3)) for d in generate(model)]
          )
        return tape.gradient(loss, model.trainable_variables)

      results.append([gradients(), [v.numpy() for v in model.variables]])
    (plain, kept), (again, moved) = results
    for a, b in zip(kept, moved, strict=True):
      np.testing.assert_array_equal(a, b)  # Statistics above all.
    flat = tf.nest.flatten(plain)
    self.assertNotEmpty(flat)
    for a, b in zip(flat, tf.nest.flatten(again), strict=True):
      self.assertAllClose(a, b, rtol=1e-5, atol=1e-6)

  def test_model_json_does_not_hold_how_it_was_trained(self):
    model = twingan.TwinGAN(DOMAINS, recompute=True, **SIZES)
    self.assertNotIn('recompute', model.get_config())
    self.assertTrue(model.config.recompute)


if __name__ == '__main__':
  tf.test.main()
