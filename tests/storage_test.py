"""An index's files: whole or not there, checked on every read."""

import errno
import os
import pathlib
import tempfile
from unittest import mock

import numpy as np
from absl.testing import absltest

from tf_twingan.retrieval import storage


class StorageTest(absltest.TestCase):
  def setUp(self):
    super().setUp()
    self.folder = pathlib.Path(tempfile.mkdtemp(), 'index')
    self.files = storage.Storage(self.folder)

  def test_what_is_written_is_read(self):
    array = np.arange(6, dtype=np.float32).reshape(2, 3)
    entries = self.files.write('a.npy', array), self.files.write('b', b'text')
    self.files.commit({'entries': list(entries), 'é': 1.5})
    again = storage.Storage(self.folder)
    manifest = again.read_manifest()
    self.assertEqual(manifest['é'], 1.5)
    for read in (again.read_array, again.map_array, again.map_array):
      np.testing.assert_array_equal(read(manifest['entries'][0]), array)
    self.assertEqual(again.read(manifest['entries'][1]), b'text')

  def test_any_damage_is_noticed(self):
    entry = self.files.write('a.npy', np.arange(100))
    path = self.folder / 'a.npy'
    whole = path.read_bytes()
    for damaged in (whole[:-1], whole[:200] + b'\xff' + whole[201:], b''):
      path.write_bytes(damaged)
      for read in (self.files.read_array, self.files.map_array):
        with self.assertRaisesRegex(ValueError, r'a\.npy is damaged.*anew'):
          read(entry)
    path.unlink()
    with self.assertRaisesRegex(ValueError, r'a\.npy is damaged \(No such'):
      self.files.read(entry)

  def test_a_damaged_manifest_is_noticed(self):
    self.files.commit({'shards': [12]})
    path = self.folder / 'manifest.json'
    text = path.read_text()
    for damaged in (text[:-5], text.replace('12', '13'), '[]', ''):
      path.write_text(damaged)
      with self.assertRaisesRegex(ValueError, r'manifest\.json is damaged'):
        self.files.read_manifest()
    path.unlink()
    with self.assertRaisesRegex(FileNotFoundError, 'no search index.*build'):
      self.files.read_manifest()

  def test_another_format_is_named(self):
    with mock.patch.object(storage, 'FORMAT', 7):
      self.files.commit({})
    with self.assertRaisesRegex(ValueError, 'of format 7.*reads format 1'):
      self.files.read_manifest()

  def test_a_full_disk_leaves_the_last_state(self):
    self.files.commit({'state': 'before'})
    full = OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
    with mock.patch.object(os, 'fsync', side_effect=full):
      for write in (
        lambda: self.files.commit({'state': 'after'}),
        lambda: self.files.write('a.npy', np.arange(3)),
      ):
        with self.assertRaisesRegex(OSError, 'No space left.*free some space'):
          write()
    self.assertEqual(self.files.read_manifest()['state'], 'before')
    self.assertEqual(os.listdir(self.folder), ['manifest.json'])

  def test_leftovers_go_and_foreign_files_stay(self):
    self.files.commit({})
    for name in ('a.npy', 'b.npy', 'c.npz.part', 'notes.txt'):
      (self.folder / name).write_bytes(b'')
    self.files.tidy({'a.npy'})
    self.assertEqual(
      sorted(os.listdir(self.folder)), ['a.npy', 'manifest.json', 'notes.txt']
    )

  def test_one_program_writes_at_a_time(self):
    with self.files.lock():
      with self.assertRaisesRegex(OSError, 'Another program is writing'):
        with storage.Storage(self.folder).lock():
          self.fail('two hold the lock')
    with storage.Storage(self.folder).lock():
      pass


if __name__ == '__main__':
  absltest.main()
