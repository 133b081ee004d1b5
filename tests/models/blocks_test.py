"""Residual sums of blocks, by hand."""

import math

import tensorflow as tf

from tf_twingan.models import blocks, twingan

DOMAINS = ('photo', 'anime')


class BlocksTest(tf.test.TestCase):
  def test_the_input_is_added(self):
    outputs = blocks.add(tf.fill([1, 2, 2, 3], 1.0), tf.fill([3], 3.0), None)
    self.assertAllClose(outputs, tf.fill([1, 2, 2, 3], 4 / math.sqrt(2)))

  def test_an_input_of_other_width_is_added_through_a_convolution(self):
    shortcut = blocks.shortcut(4, 2, spectral_norm=False, name='shortcut')
    self.assertEqual(shortcut.kernel.shape, [1, 1, 4, 2])
    shortcut.kernel.assign(tf.ones_like(shortcut.kernel))
    outputs = blocks.add(
      tf.ones([1, 1, 1, 4]), tf.zeros([1, 1, 1, 2]), shortcut
    )
    # Four inputs of 1, each times 1 / sqrt(4).
    self.assertAllClose(outputs, tf.fill([1, 1, 1, 2], 2 / math.sqrt(2)))

  def test_shortcuts_are_where_widths_differ(self):
    model = twingan.TwinGAN(
      DOMAINS,
      max_resolution=16,
      channels_base=32,
      channels_max=16,
      residual=True,
    )
    # 4 px and 8 px have 16 channels, 16 px 8; the generator reads skips, too.
    self.assertEqual(list(model.encoder.shortcuts), ['16px'])
    self.assertEqual(list(model.generator.shortcuts), ['8px', '16px'])
    kernels = [c.kernel.shape for c in model.generator.shortcuts.values()]
    self.assertEqual(kernels, [[1, 1, 32, 16], [1, 1, 32, 8]])

  def test_a_block_of_zeros_passes_its_input_on(self):
    model = twingan.TwinGAN(
      DOMAINS,
      max_resolution=4,
      channels_base=8,
      channels_max=8,
      norm='none',
      residual=True,
    )
    for conv in model.generator.blocks['4px']:
      conv.conv.kernel.assign(tf.zeros_like(conv.conv.kernel))
    x = tf.random.stateless_uniform([2, 4, 4, 3], [1, 2])
    encoding = model.encode(x, ['photo'], resolution=4)
    images = model.decode(encoding, ['anime'], resolution=4)
    self.assertAllClose(
      images,
      model.generator.to_rgb['4px'](encoding.content / math.sqrt(2)),
      atol=1e-6,
    )


if __name__ == '__main__':
  tf.test.main()
