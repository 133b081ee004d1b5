"""Gin files: found by name, and misspelt names are named."""

import pathlib
import tempfile

from absl.testing import absltest, parameterized

import gin
from tf_twingan import (
  configurables,  # noqa: F401 (registers what gin files name)
  gin_bindings,
  gin_files,
)


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

  def test_a_second_training_of_a_process_takes_nothing_of_the_first(self):
    gin_files.parse('tiny.gin', ['Growth.fade_images=7'])
    gin_files.parse('base.gin')
    with self.assertRaises(ValueError):
      gin.query_parameter('Growth.fade_images')

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

  def test_macros_of_included_files_are_found_and_overridden(self):
    mine = self.folder / 'mine.gin'
    mine.write_text(
      "include 'tiny.gin'\nanime = %photo\nsize = 3\n"
      'Growth:\n  fade_images = 5\n',
      encoding='utf-8',
    )
    macros = gin_files.macros(mine)
    self.assertEqual(macros['photo'], 'avatars:toon-head?limit=16')
    self.assertEqual(macros['anime'], gin_bindings.Macro('photo'))
    self.assertEqual(macros['size'], 3)
    self.assertNotIn('fade_images', macros)

  @parameterized.parameters(
    (b"photo = 'folder:/x\n", 'is no gin file: .*line 1'),
    (b"include '%s'\n", 'includes itself; remove one include'),
    (b"photo = '\xff'\n", 'is no gin file: .*utf-8'),
    (b"\xef\xbb\xbfphoto = 'a'\n", 'is no gin file: .*byte order mark'),
  )
  def test_a_file_that_is_no_gin_file_is_named(self, content, message):
    mine = self.folder / 'mine.gin'
    mine.write_bytes(content.replace(b'%s', str(mine).encode()))
    with self.assertRaisesRegex(ValueError, f'mine.gin {message}'):
      gin_files.macros(mine)

  def test_parameters_override_the_file(self):
    gin_files.parse('tiny.gin', ["photo='folder:/x'", 'train.seed=9'])
    self.assertEqual(gin.query_parameter('train.seed'), 9)
    self.assertEqual(gin.query_parameter('%photo'), 'folder:/x')


if __name__ == '__main__':
  absltest.main()
