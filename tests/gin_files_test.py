"""Configurations: misspelt names, missing files, another architecture."""

import json
import os
import pathlib
import tempfile

from absl.testing import absltest, parameterized

import gin
from tf_twingan import (
  configurables,  # noqa: F401 (registers what gin files name)
  gin_files,
)
from tf_twingan.runs import config_files


class ConfigsTest(parameterized.TestCase):
  def setUp(self):
    super().setUp()
    self.addCleanup(gin.clear_config)
    gin.clear_config()
    self.folder = pathlib.Path(tempfile.mkdtemp())

  def test_a_shipped_file_is_found_by_name(self):
    self.assertEqual(gin_files.parse('tiny.gin').name, 'tiny.gin')
    self.assertEqual(gin.query_parameter('Growth.final_resolution'), 8)

  def test_a_file_of_ones_own_may_include_a_shipped_one(self):
    mine = self.folder / 'mine.gin'
    mine.write_text("include 'tiny.gin'\nGrowth.fade_images = 5\n")
    gin_files.parse(str(mine))
    self.assertEqual(gin.query_parameter('Growth.fade_images'), 5)

  def test_a_missing_file_names_those_that_there_are(self):
    with self.assertRaisesRegex(FileNotFoundError, "'anme.gin'.*anime.gin"):
      gin_files.parse('anme.gin')

  @parameterized.parameters(
    ("phto='folder:/x'", "no macro 'phto' in tiny.gin; did you mean 'photo'"),
    ('Growth.fade_image=3', 'fade_image'),
    ('Grwth.fade_images=3', 'Grwth'),
    ('photo', 'is no binding; write NAME=VALUE'),
    ('photo=folder:/x', 'does not parse'),
  )
  def test_misspelt_parameters_are_named(self, param, message):
    with self.assertRaisesRegex(ValueError, message):
      gin_files.parse('tiny.gin', [param])

  def test_parameters_override_the_file(self):
    gin_files.parse('tiny.gin', ["photo='folder:/x'", 'train.seed=9'])
    self.assertEqual(gin.query_parameter('train.seed'), 9)
    self.assertEqual(gin.query_parameter('%photo'), 'folder:/x')

  def test_model_file_round_trip(self):
    config = {'domains': ['a', 'b'], 'max_resolution': 8}
    config_files.write_model(str(self.folder), config)
    self.assertEqual(
      config_files.read_model(str(self.folder)), {'model': 'twingan', **config}
    )
    config_files.write_model(str(self.folder), config)

  def test_another_architecture_is_refused_by_name(self):
    config_files.write_model(
      str(self.folder), {'norm': 'batch', 'channels_max': 8}
    )
    with self.assertRaisesRegex(
      ValueError, "norm is 'batch' there and 'instance' here"
    ):
      config_files.write_model(
        str(self.folder), {'norm': 'instance', 'channels_max': 8}
      )
    stored = json.loads((self.folder / 'model.json').read_text())
    self.assertEqual(stored['norm'], 'batch')

  def test_a_file_of_an_older_version_means_the_defaults(self):
    folder = str(self.folder)
    config_files.write_model(folder, {'norm': 'batch'})
    with self.assertRaisesRegex(ValueError, 'smooth is False there and True'):
      config_files.write_model(
        folder, {'norm': 'batch', 'smooth': True}, {'smooth': False}
      )
    config_files.write_model(
      folder, {'norm': 'batch', 'smooth': False}, {'smooth': False}
    )
    self.assertIs(config_files.read_model(folder)['smooth'], False)

  def test_precision_may_change(self):
    config_files.write_model(
      str(self.folder), {'precision': 'bfloat16', 'a': 1}
    )
    config_files.write_model(str(self.folder), {'precision': 'float32', 'a': 1})
    self.assertEqual(
      config_files.read_model(str(self.folder))['precision'], 'float32'
    )

  def test_no_run_and_a_damaged_run(self):
    with self.assertRaisesRegex(FileNotFoundError, 'not a run directory'):
      config_files.read_model(str(self.folder))
    (self.folder / 'model.json').write_text('{"norm": ')
    with self.assertRaisesRegex(ValueError, 'model.json is damaged'):
      config_files.read_model(str(self.folder))

  def test_nothing_is_left_half_written(self):
    config_files.write_model(str(self.folder), {'norm': 'batch'})
    self.assertEqual(os.listdir(self.folder), ['model.json'])


if __name__ == '__main__':
  absltest.main()
