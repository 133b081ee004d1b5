"""Names read from files: plain ones pass, those that lead elsewhere do not."""

import os
import pathlib
import tempfile

from absl.testing import absltest, parameterized

from tf_twingan import plain_names


class PlainNamesTest(parameterized.TestCase):
  @parameterized.parameters('a', 'A b.png', 'día', 'x..y', 'a' * 200)
  def test_plain_names_pass(self, name):
    self.assertEqual(plain_names.check_name(name), name)
    self.assertEqual(plain_names.check_path(f'f/{name}'), f'f/{name}')

  @parameterized.parameters(
    ('', 'is empty'),
    ('.', 'begins with a dot'),
    ('..', 'begins with a dot'),
    ('.hidden', 'begins with a dot'),
    ('a\\b', "has the character '\\\\\\\\'"),
    ('C:', "has the character ':'"),
    ('a\0', 'has the character'),
    ('a\x1b[2J', 'has the character'),
    ('a\u202eb', 'has the character'),
    ('a' * 201, 'over 200 bytes'),
    ('é' * 101, 'over 200 bytes'),
  )
  def test_others_are_refused(self, name, reason):
    with self.assertRaisesRegex(ValueError, reason):
      plain_names.check_name(name)
    with self.assertRaisesRegex(ValueError, reason):
      plain_names.check_path(f'f/{name}')

  @parameterized.parameters('/tmp/x', '../x', 'a/../../x', 'a//b', 'a/')
  def test_paths_that_lead_elsewhere_are_refused(self, path):
    with self.assertRaises(ValueError):
      plain_names.check_path(path)
    with self.assertRaises(ValueError):
      plain_names.check_name(path)

  def test_a_path_is_inside_its_folder_even_through_links(self):
    outside = pathlib.Path(tempfile.mkdtemp())
    folder = pathlib.Path(tempfile.mkdtemp())
    link = outside / 'link'
    os.symlink(folder, link)
    os.symlink(outside, folder / 'out')
    os.symlink('real', folder / 'within')
    self.assertEqual(plain_names.inside(link, 'a/b'), link / 'a' / 'b')
    self.assertEqual(plain_names.inside(folder, 'within'), folder / 'within')
    for path in ('out', 'out/file'):
      with self.assertRaisesRegex(ValueError, 'is a link out of'):
        plain_names.inside(folder, path)


if __name__ == '__main__':
  absltest.main()
