"""The home folder in paths."""

import os
from unittest import mock

from absl.testing import absltest, parameterized

from tf_twingan import home_folder


class HomeFolderTest(parameterized.TestCase):
  @parameterized.parameters(
    ('~', '/home/me'),
    ('~/runs/x', '/home/me/runs/x'),
    ('./~/runs', './~/runs'),
    ('runs/~', 'runs/~'),
    ('', ''),
  )
  def test_a_tilde_at_the_beginning_is_replaced(self, path, expanded):
    with mock.patch.dict(os.environ, HOME='/home/me'):
      self.assertEqual(home_folder.expand(path), expanded)

  def test_the_home_folder_of_another_user(self):
    self.assertEqual(home_folder.expand('~root/x'), '/root/x')

  def test_no_folder_of_that_name_is_made_for_an_unknown_user(self):
    with self.assertRaisesRegex(
      ValueError, r"no user 'no_one'; .*, or \./~no_one/x for"
    ):
      home_folder.expand('~no_one/x')

  def test_without_a_home_folder_the_whole_path_is_asked_for(self):
    with (
      mock.patch.dict(os.environ),
      # What a number without an account has.
      mock.patch('pwd.getpwuid', side_effect=KeyError),
      self.assertRaisesRegex(ValueError, 'HOME is not set; give the whole'),
    ):
      del os.environ['HOME']
      home_folder.expand('~/x')


if __name__ == '__main__':
  absltest.main()
