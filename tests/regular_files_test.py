"""Regular files are read; whatever could hang or act is not opened."""

import os
import pathlib
import socket
import tempfile
from unittest import mock

from absl.testing import absltest, parameterized

from tf_twingan import regular_files


class RegularFilesTest(parameterized.TestCase):
  def setUp(self):
    super().setUp()
    self.folder = pathlib.Path(tempfile.mkdtemp())
    self.file = self.folder / 'file'
    self.file.write_bytes(b'content')

  def test_files_and_links_to_them(self):
    link = self.folder / 'link'
    link.symlink_to(self.file)
    for path in (self.file, str(link)):
      self.assertEqual(regular_files.read(path), b'content')
      self.assertEqual(regular_files.read(path, at_most=7), b'content')
      with regular_files.open_binary(path) as file:
        self.assertEqual(file.read(3), b'con')
    with self.assertRaisesRegex(ValueError, '^7 bytes, over the limit of 6$'):
      regular_files.read(self.file, at_most=6)
    with self.assertRaises(FileNotFoundError):
      regular_files.read(self.folder / 'missing')

  @parameterized.parameters('a FIFO', 'a socket', 'a device', 'a folder')
  def test_all_else_stays_unopened(self, kind):
    path = self.folder / 'other'
    if kind == 'a FIFO':
      os.mkfifo(path)
    elif kind == 'a socket':
      # A relative path, as that of a socket may have some 100 bytes only.
      listener = socket.socket(socket.AF_UNIX)
      self.addCleanup(listener.close)
      self.addCleanup(os.chdir, os.getcwd())
      os.chdir(self.folder)
      listener.bind('other')
    elif kind == 'a device':
      path.symlink_to('/dev/null')
    else:
      path.mkdir()
    with mock.patch.object(os, 'open') as opened:
      with self.assertRaisesRegex(
        regular_files.NotRegular, f'^no regular file but {kind}$'
      ) as caught:
        regular_files.read(path)
    self.assertEqual(caught.exception.kind, kind)
    opened.assert_not_called()

  def test_a_file_that_becomes_a_fifo_does_not_hang(self):
    status = os.stat(self.file)
    self.file.unlink()
    os.mkfifo(self.file)
    with mock.patch.object(os, 'stat', return_value=status):
      with self.assertRaises(regular_files.NotRegular):
        regular_files.read(self.file)


if __name__ == '__main__':
  absltest.main()
