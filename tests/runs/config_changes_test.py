"""What is said of a run that goes on with other values than before."""

import pathlib
import tempfile

from absl.testing import absltest

import gin
from tf_twingan import (
  configurables,  # noqa: F401 (registers what gin files name)
  gin_files,
)
from tf_twingan.runs import config_changes, config_files


class ConfigChangesTest(absltest.TestCase):
  def setUp(self):
    super().setUp()
    self.addCleanup(gin.clear_config)
    self.run_dir = pathlib.Path(tempfile.mkdtemp())

  def use(self, *params):
    gin_files.parse('tiny.gin', params)
    # What is called has its values in the operative configuration.
    gin.get_configurable('Growth')()

  def test_values_that_differ_are_said(self):
    self.use('Growth.batch_size=4', 'train.stop_after_images=8')
    config_files.write_operative(self.run_dir)
    self.assertEmpty(config_changes.describe(self.run_dir))
    self.use()
    self.assertEqual(
      config_changes.describe(self.run_dir),
      ['Growth.batch_size was 4 and is 8'],
    )

  def test_a_dataset_that_differs_is_said_by_its_macro(self):
    self.use()
    mine = self.run_dir / 'operative_config.gin'
    before = gin.operative_config_str
    self.addCleanup(setattr, gin, 'operative_config_str', before)
    mine.write_text("photo = 'folder:/my photos'\ntrain.seed = 0\n")
    gin.operative_config_str = lambda: "photo = 'avatars:toon-head'\n"
    self.assertEqual(
      config_changes.describe(self.run_dir),
      ["photo was 'folder:/my photos' and is 'avatars:toon-head'"],
    )

  def test_a_run_without_a_readable_file_says_nothing(self):
    self.use()
    self.assertEmpty(config_changes.describe(self.run_dir))
    for content in (b'\xff\xfe', b'Growth.batch_size = [', b''):
      (self.run_dir / 'operative_config.gin').write_bytes(content)
      self.assertEmpty(config_changes.describe(self.run_dir))


if __name__ == '__main__':
  absltest.main()
