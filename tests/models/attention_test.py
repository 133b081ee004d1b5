"""Self-attention by hand, and its place in the networks."""

import math

import tensorflow as tf

from tf_twingan.models import attention, twingan
from tf_twingan.models.discriminators import progressive


def by_hand():
  """One channel; keys are such that logits are powers of two."""
  layer = attention.SelfAttention(1)
  for conv, value in (
    (layer.query, 1.0),
    (layer.key, math.log(2)),
    (layer.value, 1.0),
    (layer.output_conv, 3.0),
  ):
    conv.kernel.assign(tf.fill([1, 1, 1, 1], value))
  return layer, tf.reshape([1.0, 2.0], [1, 1, 2, 1])


def build(**options):
  return twingan.TwinGAN(
    ('photo', 'anime'),
    max_resolution=16,
    channels_base=32,
    channels_max=16,
    **options,
  )


class AttentionTest(tf.test.TestCase):
  def test_a_map_by_hand(self):
    layer, x = by_hand()
    # exp(x_i x_j log 2): 2, 4 in the first row, 4, 16 in the second.
    self.assertAllClose(layer.map(x), [[[1 / 3, 2 / 3], [1 / 5, 4 / 5]]])

  def test_the_sum_by_hand(self):
    layer, x = by_hand()
    layer.gamma.assign(0.5)
    # 1/3 * 1 + 2/3 * 2 = 5/3 and 1/5 * 1 + 4/5 * 2 = 9/5, times 3, times 1/2.
    self.assertAllClose(layer(x)[0, 0, :, 0], [1 + 2.5, 2 + 2.7])

  def test_it_starts_without_effect(self):
    layer = attention.SelfAttention(16)
    x = tf.random.stateless_normal([2, 4, 4, 16], [1, 2])
    with tf.GradientTape() as tape:
      outputs = layer(x)
      loss = tf.reduce_sum(outputs**2)
    self.assertAllEqual(outputs, x)
    self.assertNotEqual(float(tape.gradient(loss, layer.gamma)), 0.0)
    self.assertEqual(layer.query.kernel.shape, [1, 1, 16, 2])

  def test_half_precision_stays_and_maps_are_float32(self):
    layer = attention.SelfAttention(8)
    x = tf.ones([1, 4, 4, 8], tf.bfloat16)
    self.assertEqual(layer(x).dtype, tf.bfloat16)
    self.assertEqual(layer.map(x).dtype, tf.float32)

  def test_maps_of_generator_and_discriminator(self):
    x = tf.random.stateless_uniform([2, 16, 16, 3], [1, 2], -1.0, 1.0)
    discriminator = progressive.Discriminator(
      16, channels_base=32, channels_max=16, attention_resolution=8
    )
    for attention_map in (
      build(attention_resolution=8).attention_map(
        x, 'photo', 'anime', resolution=16
      ),
      discriminator.attention_map(x, resolution=16),
    ):
      self.assertEqual(attention_map.shape, [2, 64, 64])
      self.assertAllClose(tf.reduce_sum(attention_map, 2), tf.ones([2, 64]))
      self.assertGreater(float(tf.math.reduce_std(attention_map)), 1e-6)

  def test_a_map_of_a_stage_that_fades_in_and_trains(self):
    x = tf.random.stateless_uniform([2, 16, 16, 3], [1, 2], -1.0, 1.0)
    model = build(attention_resolution=8, renorm_ramp_steps=10)
    model.start_step(3)
    stage = dict(resolution=16, training=True)
    direction = ('photo', 'anime')
    faded = model.attention_map(x, *direction, alpha=0.5, **stage)
    self.assertEqual(faded.shape, [2, 64, 64])
    # The encoder then has another input.
    whole = model.attention_map(x, *direction, alpha=1.0, **stage)
    self.assertNotAllClose(faded, whole)

  def test_attention_changes_the_output(self):
    model = build(attention_resolution=8)
    x = tf.random.stateless_uniform([2, 16, 16, 3], [1, 2], -1.0, 1.0)
    stage = dict(resolution=16)
    before = model.translate(x, 'photo', 'anime', **stage)
    model.generator.attention.gamma.assign(1.0)
    after = model.translate(x, 'photo', 'anime', **stage)
    self.assertNotAllClose(before, after, atol=1e-3)
    # Attention comes in a later stage than this.
    small = tf.nn.avg_pool2d(x, 4, 4, 'VALID')
    before = model.translate(small, 'photo', 'anime', resolution=4)
    model.generator.attention.gamma.assign(0.0)
    after = model.translate(small, 'photo', 'anime', resolution=4)
    self.assertAllEqual(before, after)

  def test_resolutions_without_it_are_refused(self):
    with self.assertRaisesRegex(ValueError, 'is 32, above the 16 px'):
      build(attention_resolution=32)
    with self.assertRaisesRegex(ValueError, '12 is not a power of two'):
      build(attention_resolution=12)
    x = tf.zeros([1, 4, 4, 3])
    for resolution in (None, 8):
      with self.assertRaisesRegex(ValueError, f'at 4 px.* is {resolution}'):
        build(attention_resolution=resolution).attention_map(
          x, 'photo', 'anime', resolution=4
        )


if __name__ == '__main__':
  tf.test.main()
