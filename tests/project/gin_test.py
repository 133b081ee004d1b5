"""Every gin file parses, builds what it names, and repeats no default."""

import ast
import pathlib
import re
import tempfile

import tensorflow as tf
from absl.testing import absltest, parameterized

import gin
from export import plan
from tests import source_tree
from tf_twingan import configurables, gin_files
from tf_twingan.models import registry, twingan

FOLDER = source_tree.ROOT / 'gin'
EXPERIMENTS = sorted(p.name for p in FOLDER.glob('*.gin') if p.stem != 'base')
# Included after an experiment, in one of the user's own.
PARTS = sorted(str(p.relative_to(FOLDER)) for p in FOLDER.rglob('*/*.gin'))
_INCLUDE = re.compile(r"^include '(.+)'", re.MULTILINE)
_BINDING = re.compile(r'^(\w+\.\w+) = (.+)$', re.MULTILINE)


def bindings_of(name):
  """{parameter: literal} of a file alone, and of all that it includes."""
  text, included = (FOLDER / name).read_text(), {}
  for other in _INCLUDE.findall(text):
    alone, before = bindings_of(other)
    included |= before | alone
  return dict(_BINDING.findall(text)), included


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
    self.assertFalse(model.config.pixel_norm)
    self.assertEqual(model.config.norm, 'batch_renorm')
    self.assertTrue(model.config.smooth)
    file = plan.convert(
      plan.untrained(px, model.config.channels_base, model.config.channels_max),
      'int8',
    )
    self.assertBetween(len(file), 0.4e6, 0.95e6)  # 1 MB with its metadata.

  @parameterized.parameters(*EXPERIMENTS, *PARTS)
  def test_it_says_what_it_trains(self, name):
    text = (FOLDER / name).read_text()
    self.assertStartsWith(text, '# ')
    self.assertIn('Trains:', text)

  # A part says all that it needs, whatever experiment comes before it.
  @parameterized.parameters('base.gin', *EXPERIMENTS)
  def test_it_repeats_no_default(self, name):
    alone, included = bindings_of(name)
    self.assertNotEmpty(alone)
    for parameter, text in alone.items():
      before = included.get(parameter)
      try:
        value = ast.literal_eval(text)
        previous = before and ast.literal_eval(before)
      except (SyntaxError, ValueError):  # A macro or a reference.
        continue
      if before is None:
        previous = gin_files.value_of(parameter)
      self.assertNotEqual(value, previous, f'{name}: {parameter}')

  @parameterized.parameters(*configurables.NAMES)
  def test_a_misspelt_option_is_refused(self, name):
    with self.assertRaisesRegex(ValueError, f"{name}.*parameter.*'wieght'"):
      gin_files.parse('tiny.gin', [f'{name}.wieght=1'])

  def test_base_lists_everything_that_takes_options(self):
    header = (FOLDER / 'base.gin').read_text()
    for name in configurables.NAMES:
      self.assertRegex(header, rf'\b{name}\b')
    for path in re.findall(r'tf_twingan/\S+\.py', header):
      self.assertNotEmpty(list(source_tree.ROOT.glob(path)), path)

  def test_a_run_writes_every_option_that_it_used(self):
    gin_files.parse('tiny.gin')
    gin.get_configurable('TwinGAN')(['a', 'b'], max_resolution=8)
    written = gin.operative_config_str()
    self.assertIn('TwinGAN.channels_base = 16', written)
    self.assertIn("TwinGAN.norm = 'batch_renorm'", written)

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
