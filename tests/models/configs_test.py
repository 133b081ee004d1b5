"""Options of the networks: as arguments, in model.json, and in gin files."""

import dataclasses
import inspect

from absl.testing import absltest, parameterized

from tf_twingan.models import configs, cyclegan, pggan, pix2pix, twingan
from tf_twingan.models.discriminators import patch, progressive

CONFIGS = {
  twingan.TwinGAN: configs.TwinGANConfig,
  pggan.ProgressiveGAN: configs.ProgressiveGANConfig,
  cyclegan.CycleGAN: configs.CycleGANConfig,
  pix2pix.Pix2Pix: configs.Pix2PixConfig,
  progressive.Discriminator: configs.DiscriminatorConfig,
  patch.PatchDiscriminator: configs.PatchDiscriminatorConfig,
}


class ConfigsTest(parameterized.TestCase):
  @parameterized.parameters(*CONFIGS.items())
  def test_a_constructor_takes_every_option(self, network, config):
    parameters = inspect.signature(network).parameters
    self.assertNotIn('config', parameters)
    for field in dataclasses.fields(config):
      self.assertEqual(parameters[field.name].default, field.default)

  @parameterized.parameters(*set(CONFIGS.values()))
  def test_every_option_is_documented(self, config):
    text = ''.join(inspect.getdoc(c) or '' for c in inspect.getmro(config))
    for field in dataclasses.fields(config):
      self.assertRegex(text, rf'(?m)^  {field.name}: \w')

  @parameterized.parameters(*CONFIGS)
  def test_an_unknown_option_is_named(self, network):
    first = inspect.signature(network).parameters
    args = {'domains': ['a', 'b']} if next(iter(first)) == 'domains' else {}
    with self.assertRaisesRegex(TypeError, "argument 'chanels'"):
      network(max_resolution=16, chanels=8, **args)

  def test_options_arrive(self):
    model = cyclegan.CycleGAN(('a', 'b'), max_resolution=8, blocks=1)
    self.assertEqual(model.config.blocks, 1)
    self.assertEqual(
      model.get_config(),
      dict(
        domains=['a', 'b'],
        max_resolution=8,
        channels=64,
        blocks=1,
        precision='float32',
      ),
    )

  def test_what_only_training_needs_is_not_saved(self):
    config = configs.TwinGANConfig(recompute=True, residual=True)
    self.assertTrue(configs.saved_values(config)['residual'])
    self.assertFalse(configs.saved_defaults(config)['residual'])
    self.assertNotIn('recompute', configs.saved_values(config))
    self.assertNotIn('recompute', configs.saved_defaults(config))

  def test_a_config_cannot_be_changed(self):
    with self.assertRaises(dataclasses.FrozenInstanceError):
      configs.Pix2PixConfig().channels = 3


if __name__ == '__main__':
  absltest.main()
