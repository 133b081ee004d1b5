"""Output files: what ends the work, and what is known then."""

import errno
import os
import pathlib
import tempfile
from unittest import mock

import numpy as np
from absl.testing import absltest, parameterized
from PIL import Image

from tf_twingan import image_io, photo_files, provenance
from tf_twingan.inference import output_files

IMAGE = np.zeros([2, 2, 3], np.uint8)


class OutputFilesTest(parameterized.TestCase):
  def setUp(self):
    super().setUp()
    self.folder = pathlib.Path(tempfile.mkdtemp())
    self.files = output_files.OutputFiles(self.folder, 3, 'translated')

  def test_one_name_that_cannot_be_written_is_one_reason(self):
    (self.folder / 'folder.png').mkdir()
    with self.files:
      for name, message in (
        ('a' * 300 + '.png', 'cannot be written .*too long'),
        ('folder.png', 'cannot be written .*directory'),
      ):
        self.assertRegex(self.files.write(self.folder / name, IMAGE), message)
      self.assertIsNone(self.files.write(self.folder / 'in' / 'a.png', IMAGE))
    self.assertTrue((self.folder / 'in' / 'a.png').exists())

  @parameterized.parameters(errno.ENOSPC, errno.EROFS, errno.EDQUOT)
  def test_a_full_or_read_only_disk_ends_the_work(self, code):
    failing = OSError(code, os.strerror(code))
    with self.assertRaisesRegex(
      OSError, f'b.png: {failing.strerror}. 1 of 3 images are translated and'
    ):
      with self.files:
        self.files.write(self.folder / 'a.png', IMAGE)
        with mock.patch.object(
          pathlib.Path, 'write_bytes', side_effect=failing
        ):
          self.files.write(self.folder / 'b.png', IMAGE)
    self.assertEqual(os.listdir(self.folder), ['a.png'])

  def test_a_folder_that_is_no_longer_writable_ends_the_work(self):
    self.folder.rmdir()
    self.folder.write_text('a file')
    with self.assertRaisesRegex(OSError, 'no folder.* 0 of 3 images'):
      with self.files:
        self.files.write(self.folder / 'a.png', IMAGE)

  def test_an_interruption_says_how_far_it_came(self):
    with self.assertRaisesRegex(KeyboardInterrupt, '^1 of 3 images are transl'):
      with self.files:
        self.files.write(self.folder / 'a.png', IMAGE)
        raise KeyboardInterrupt

  def test_earlier_outputs_and_no_other_files_may_be_replaced(self):
    paths = [self.folder / f'{name}.png' for name in 'abcde']
    image_io.write_png(paths[0], np.zeros([8, 8, 3], np.uint8))
    origin = provenance.Provenance('m', '0' * 64, '0.1.0')
    image = np.zeros([8, 16, 3], np.uint8)
    photo_files.write(paths[1], image, origin=origin)
    paths[2].touch()
    paths[3].mkdir()
    output_files.check_replaced(paths)
    for content in (
      lambda path: image_io.write_png(path, np.zeros([8, 9, 3], np.uint8)),
      lambda path: image_io.write_png(path, np.zeros([9, 9, 3], np.uint8)),
      lambda path: Image.new('RGBA', (8, 8)).save(path),
      lambda path: Image.new('RGB', (8, 8)).save(path, 'JPEG'),
      lambda path: path.write_bytes(b'notes'),
    ):
      content(paths[4])
      with self.assertRaisesRegex(ValueError, 'e.png is there, is no earlier'):
        output_files.check_replaced(paths)


if __name__ == '__main__':
  absltest.main()
