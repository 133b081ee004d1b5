"""Names of weights, by paths of attributes."""

import keras
import tensorflow as tf
from absl.testing import parameterized

from tf_twingan.models import (
  cyclegan,
  named_weights,
  pggan,
  pix2pix,
  twingan,
)
from tf_twingan.models.discriminators import patch, progressive

NETWORKS = {
  'twingan': lambda: twingan.TwinGAN(['photo', 'a.b'], max_resolution=8),
  'renorm': lambda: twingan.TwinGAN(
    ['photo', 'anime'],
    max_resolution=8,
    norm='batch_renorm',
    renorm_ramp_steps=5,
  ),
  'styles': lambda: twingan.TwinGAN(
    ['photo', 'anime'], max_resolution=8, style_size=3
  ),
  'nothing shared': lambda: twingan.TwinGAN(
    ['photo', 'anime'], max_resolution=8, sharing='nothing'
  ),
  'attention': lambda: twingan.TwinGAN(
    ['photo', 'anime'],
    max_resolution=8,
    residual=True,
    spectral_norm=True,
    attention_resolution=4,
  ),
  'pggan': lambda: pggan.ProgressiveGAN(['photo'], max_resolution=8),
  'cyclegan': lambda: cyclegan.CycleGAN(['a', 'b'], max_resolution=16),
  'pix2pix': lambda: pix2pix.Pix2Pix(['a', 'b'], max_resolution=16),
  'discriminator': lambda: progressive.Discriminator(
    8, domains=['a', 'b'], spectral_norm=True
  ),
  'patch': lambda: patch.PatchDiscriminator(16, field=16),
}


class NamedWeightsTest(parameterized.TestCase, tf.test.TestCase):
  @parameterized.parameters(*NETWORKS)
  def test_every_variable_has_one_name(self, kind):
    network = NETWORKS[kind]()
    named = named_weights.by_name(network)
    shapes = sorted(tuple(v.shape) for v in network.variables)
    self.assertEqual(sorted(tuple(v.shape) for v in named.values()), shapes)
    self.assertLen({id(v) for v in named.values()}, len(network.variables))

  def test_names_are_paths_of_attributes(self):
    named = named_weights.by_name(NETWORKS['twingan']())
    for name, shape in {
      'generator/to_rgb/8px/bias': [3],
      'encoder/blocks/8px/0/norm/photo_scale': [256],
      'encoder/blocks/8px/0/norm/a..b_moving_mean': [256],
    }.items():
      self.assertEqual(named[name].shape, shape)

  def test_an_assignment_reaches_the_network(self):
    network = NETWORKS['twingan']()
    variable = named_weights.by_name(network)['generator/to_rgb/8px/bias']
    variable.assign([1.0, 2.0, 3.0])
    self.assertAllEqual(network.generator.to_rgb['8px'].bias, [1.0, 2.0, 3.0])

  def test_a_variable_that_no_attribute_leads_to_is_refused(self):
    class Hiding(keras.layers.Layer):
      @property
      def variables(self):
        return [*super().variables, hidden]

    hidden = NETWORKS['patch']().variables[0]
    for network in (Hiding(name='it'), {'one': [Hiding(name='it')]}):
      with self.assertRaisesRegex(ValueError, 'No attribute of it leads to'):
        named_weights.by_name(network)

  def test_several_networks(self):
    named = named_weights.by_name(
      {'one': keras.layers.Layer(), 'other': [NETWORKS['patch']()]}
    )
    self.assertTrue(all(name.startswith('other/0/') for name in named))
    self.assertNotEmpty(named)


if __name__ == '__main__':
  tf.test.main()
