"""Every gin file parses and builds what it names."""

import inspect
import pathlib
import re
import tempfile

import tensorflow as tf
from absl.testing import absltest, parameterized

import gin
from export import plan
from tests import source_tree
from tf_twingan import gin_files
from tf_twingan.losses import (
  cyclegan_objective,
  distillation_objective,
  image_augmentation,
  pggan_objective,
  pix2pix_objective,
  twingan_objective,
)
from tf_twingan.models import cyclegan, pggan, pix2pix, registry, twingan
from tf_twingan.models.discriminators import patch, progressive
from tf_twingan.training import growth_schedule, setup, strategies, trainer

FOLDER = source_tree.ROOT / 'gin'
CONFIGURABLES = {
  'train': setup.train,
  'share_cores': strategies.share_cores,
  'Growth': growth_schedule.Growth,
  'TwinGAN': twingan.TwinGAN,
  'Discriminator': progressive.Discriminator,
  'Objective': twingan_objective.Objective,
  'Augmentation': image_augmentation.Augmentation,
  'CycleGAN': cyclegan.CycleGAN,
  'Pix2Pix': pix2pix.Pix2Pix,
  'PatchDiscriminator': patch.PatchDiscriminator,
  'CycleObjective': cyclegan_objective.CycleObjective,
  'ProgressiveGAN': pggan.ProgressiveGAN,
  'NoiseObjective': pggan_objective.NoiseObjective,
  'PairedObjective': pix2pix_objective.PairedObjective,
  'DistillationObjective': distillation_objective.DistillationObjective,
  'Trainer': trainer.Trainer,
}
# Given by those that call, not by a configuration.
OWN = {
  ('TwinGAN', 'precision'),
  ('CycleGAN', 'precision'),
  ('Pix2Pix', 'precision'),
  ('ProgressiveGAN', 'precision'),
  ('train', 'seed'),
}
OTHER = {
  'name',
  'precision',
  'stop_after_images',
  'seed',
  'vector_sizes',
  'domains',
  'condition_size',  # Of a program's own training: ours gives styles.
}
EXPERIMENTS = sorted(p.name for p in FOLDER.glob('*.gin') if p.stem != 'base')
# Included after an experiment, in one of the user's own.
PARTS = sorted(str(p.relative_to(FOLDER)) for p in FOLDER.rglob('*/*.gin'))


class GinTest(parameterized.TestCase):
  def setUp(self):
    super().setUp()
    gin.clear_config()
    self.addCleanup(gin.clear_config)

  @parameterized.parameters(*EXPERIMENTS)
  def test_it_builds(self, name):
    gin_files.parse(name)
    schedule = gin.get_configurable('Growth')()
    self.assertGreater(schedule.total_images, 0)
    domains = [name for name, _ in gin.query_parameter('train.domains')]
    self.assertNotEmpty(domains)
    trainer = gin.get_configurable('Trainer')(
      domains, max_resolution=8, strategy=tf.distribute.get_strategy()
    )
    self.assertEqual(list(trainer.model.domains), domains)
    other = registry.ARCHITECTURES.get(pathlib.Path(name).stem)
    self.assertIsInstance(trainer.model, other or twingan.TwinGAN)

  @parameterized.parameters(*PARTS)
  def test_a_part_changes_an_experiment(self, name):
    path = pathlib.Path(tempfile.mkdtemp(), 'mine.gin')
    path.write_text(f"include 'distill.gin'\ninclude '{name}'\n")
    gin_files.parse(str(path))
    schedule = gin.get_configurable('Growth')()
    px = int(re.search(r'_(\d+)', name)[1])
    self.assertEqual([p.resolution for p in schedule.phases], [px])
    model = gin.get_configurable('TwinGAN')(
      ['photo', 'anime'], max_resolution=px
    )
    config = model.get_config()
    self.assertFalse(config['pixel_norm'])
    self.assertEqual(config['norm'], 'batch_renorm')
    self.assertTrue(config['smooth'])
    file = plan.convert(
      plan.untrained(px, config['channels_base'], config['channels_max']),
      'int8',
    )
    self.assertBetween(len(file), 0.4e6, 0.95e6)  # 1 MB with its metadata.

  @parameterized.parameters(*EXPERIMENTS, *PARTS)
  def test_it_says_what_it_trains(self, name):
    text = (FOLDER / name).read_text()
    self.assertStartsWith(text, '# ')
    self.assertIn('Trains:', text)

  def test_base_holds_every_default_and_says_the_same(self):
    gin_files.parse('base.gin')
    for name, configurable in CONFIGURABLES.items():
      parameters = inspect.signature(configurable).parameters
      bound = gin.get_bindings(name, resolve_references=False)
      for key, parameter in parameters.items():
        default = parameter.default
        given = key in OTHER and (name, key) not in OWN
        if default is inspect.Parameter.empty or given:
          continue
        self.assertIn(key, bound, f'{name}.{key} is not in base.gin')
        self.assertEqual(bound[key], default, f'{name}.{key}')

  def test_the_article(self):
    gin_files.parse('anime_256.gin')
    schedule = gin.get_configurable('Growth')()
    self.assertEqual(schedule.final_resolution, 256)
    # 4 px, then a fade and a hold for each of the six finer resolutions.
    self.assertEqual(schedule.total_images, 13 * 300_000)
    self.assertEqual(
      {p.resolution: p.batch_size for p in schedule.phases},
      {4: 8, 8: 8, 16: 8, 32: 8, 64: 8, 128: 4, 256: 3},
    )


if __name__ == '__main__':
  absltest.main()
