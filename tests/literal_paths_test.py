"""Folders of any name have a path that is no pattern."""

import os
import pathlib
import tempfile
from unittest import mock

from absl.testing import absltest, parameterized

from tf_twingan import literal_paths


class LiteralPathsTest(parameterized.TestCase):
  def setUp(self):
    super().setUp()
    self.folder = pathlib.Path(tempfile.mkdtemp())

  def test_a_path_that_is_no_pattern_stays(self):
    path = str(self.folder / 'sp ace, ä~ (1)')
    with literal_paths.folder(path) as given:
      self.assertEqual(given, path)

  def test_backslashes_of_windows_are_no_pattern(self):
    with mock.patch.object(os, 'sep', '\\'):
      with literal_paths.folder('C:\\runs\\mine') as given:
        self.assertEqual(given, 'C:/runs/mine')

  @parameterized.parameters(
    'exp[1]/in', 'a*', 'a?', 'a\\b', '{a,b}', 'a\udcff', 'a://in'
  )
  def test_a_pattern_gets_another_path(self, name):
    path = f'{self.folder}/{name}'
    os.makedirs(path)
    with literal_paths.folder(path) as given:
      self.assertRegex(given, r'^[\w/.-]+$')
      pathlib.Path(given, 'file').write_text('content')
    self.assertFalse(os.path.lexists(given))
    self.assertEqual(pathlib.Path(path, 'file').read_text(), 'content')

  def test_a_pattern_that_gets_no_other_path_is_refused(self):
    temporary = self.folder / 'tmp[1]'
    temporary.mkdir()
    with mock.patch.object(tempfile, 'tempdir', str(temporary)):
      with self.assertRaisesRegex(OSError, 'exp.*set TMPDIR.*rename it'):
        with literal_paths.folder(self.folder / 'exp[1]'):
          self.fail('TensorFlow would look for a pattern')
    self.assertEqual(os.listdir(temporary), [])


if __name__ == '__main__':
  absltest.main()
