"""The cache of decoded images: its names, and a disk that is full."""

import errno
import os
import pathlib
import resource
import shutil
import types
from unittest import mock

import numpy as np
from absl.testing import absltest

from tests.data.sources import dataset_case
from tf_twingan.data import cache


class NoSpaceTest(dataset_case.DatasetCase):
  def test_known_beforehand(self):
    self.write(4)
    usage = types.SimpleNamespace(free=100)
    with mock.patch.object(shutil, 'disk_usage', return_value=usage):
      self.assert_one_line(
        OSError,
        r'cannot write the 4864 bytes .*/cache \(100 bytes free\); '
        'free some space, or set TF_TWINGAN_CACHE',
        self.load,
      )
    self.assertEqual(os.listdir(self.cache), [])

  def test_a_disk_that_does_not_know_its_size_is_tried(self):
    self.write(4)
    usage = types.SimpleNamespace(free=0, total=0)
    with mock.patch.object(shutil, 'disk_usage', return_value=usage):
      self.assertLen(self.load().images, 3)

  def test_while_writing(self):
    self.write(20)
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    # A ceiling on file sizes fails a write just as a full disk does.
    resource.setrlimit(resource.RLIMIT_FSIZE, (3000, limits[1]))
    try:
      self.assert_one_line(
        OSError, r'cannot write .*/cache \(File too large\)', self.load
      )
    finally:
      resource.setrlimit(resource.RLIMIT_FSIZE, limits)
    self.assertEqual(os.listdir(self.cache), [])
    self.assertLen(self.load().images, 20 - len(self.load(split='test').images))

  def test_cache_that_cannot_be_made(self):
    self.write(3)
    self.cache.write_text('a file in its place')
    self.assert_one_line(
      OSError, 'set TF_TWINGAN_CACHE to a folder with room', self.load
    )

  def test_full_while_renaming(self):
    self.write(3)
    full = OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
    with mock.patch.object(cache.os, 'replace', side_effect=full):
      # Only the cache's own renames fail: the images are written already.
      self.assert_one_line(OSError, 'No space left on device', self.load)
    self.assertEqual(os.listdir(self.cache), [])


class OtherProgramsTest(dataset_case.DatasetCase):
  """Programs that read the same folder while its images change."""

  def test_what_another_one_removes_is_decoded_again(self):
    self.write(4)
    load, removed = np.load, []

    def load_after_another_tidied(path, **kwargs):
      if not removed:
        os.remove(path)
        removed.append(path)
      return load(path, **kwargs)

    with mock.patch.object(cache.np, 'load', load_after_another_tidied):
      self.assertLen(self.load().images, 3)
    self.assertLen(removed, 1)

  def test_one_that_always_removes_it_is_named(self):
    self.write(4)
    with mock.patch.object(cache.np, 'load', side_effect=FileNotFoundError):
      self.assert_one_line(
        OSError,
        'other programs removed .*/cache 5 times.* set TF_TWINGAN_CACHE to',
        self.load,
      )

  def test_an_array_that_another_one_is_about_to_finish_stays(self):
    self.write(4)
    self.load()
    (array,) = self.cache.glob('*.npy')
    prefix, _ = array.stem.split('-')
    new, old = (self.cache / f'{prefix}-{name}.npy' for name in ('new', 'old'))
    for path in (new, old):
      path.touch()
    os.utime(old, (1, 1))
    self.write(5)
    self.load()
    self.assertTrue(new.exists())
    self.assertFalse(old.exists())
    self.assertFalse(array.exists())

  def test_what_cannot_be_removed_stays(self):
    self.write(4)
    self.load()
    self.write(5)
    # As of another user, or in use on a system that keeps what is.
    with mock.patch.object(pathlib.Path, 'unlink', side_effect=PermissionError):
      self.assertLen(self.load().images, 4)
    self.assertLen(list(self.cache.glob('*.npy')), 2)


class NoHomeTest(dataset_case.DatasetCase):
  def test_the_variable_is_named(self):
    self.write(3)
    with (
      mock.patch.dict(os.environ),
      # What a number without an account has.
      mock.patch('pwd.getpwuid', side_effect=KeyError),
    ):
      del os.environ['HOME'], os.environ['TF_TWINGAN_CACHE']
      self.assert_one_line(
        OSError,
        'HOME is not set; set TF_TWINGAN_CACHE to a folder that can be',
        self.load,
      )


class NamesTest(dataset_case.DatasetCase):
  def test_arrays_of_earlier_versions_are_found(self):
    found = cache.decode(
      'folder:photos',
      read=lambda color: np.full([4, 4, 3], color, np.uint8),
      resolution=4,
      fit='crop',
      crop=1.0,
      location='/photos',
      content=[('a.png', 1, 2)],
      count=1,
      images=lambda: [('a.png', 7)],
    )
    # A digest of resolution, fit, crop and place, and one of what was there.
    name = '314020d87eeffa55-3cccb82b20020821'
    self.assertEqual(found.record, self.cache / f'{name}.json')
    self.assertTrue((self.cache / f'{name}.npy').exists())
    np.testing.assert_array_equal(found.images, np.full([1, 4, 4, 3], 7))


if __name__ == '__main__':
  absltest.main()
