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
    np.testing.assert_array_equal(
      again.read_array(manifest['entries'][0]), array
    )
    self.assertEqual(again.read(manifest['entries'][1]), b'text')

  def test_rows_are_read_alone_and_leave_no_file_open(self):
    images = np.arange(5 * 4 * 3, dtype=np.uint8).reshape(5, 4, 3)
    open_files = len(os.listdir('/proc/self/fd'))
    for array in (images, np.asfortranarray(images[..., 0]) / 2):
      entry = self.files.write('a.npy', array)
      files = storage.Storage(self.folder)
      for row in (4, 0, 2):
        read = files.read_row(entry, row)
        np.testing.assert_array_equal(read, array[row])
        self.assertEqual(read.dtype, array.dtype)
    self.assertLen(os.listdir('/proc/self/fd'), open_files)

  def test_any_damage_is_noticed(self):
    entry = self.files.write('a.npy', np.arange(100))
    path = self.folder / entry['name']
    whole = path.read_bytes()
    for damaged in (whole[:-1], whole[:200] + b'\xff' + whole[201:], b''):
      path.write_bytes(damaged)
      for read in (
        self.files.read_array,
        lambda entry: self.files.read_row(entry, 0),
      ):
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
    kept, _ = (self.files.write(f'{name}.npy', np.arange(3)) for name in 'ab')
    (self.folder / f'{kept["name"]}.part').write_bytes(b'')
    # Of a training's directory, say.
    foreign = (
      *('model.json', 'mine.npy', 'index-1.png', 'index-cards.json'),
      *('index-20241231-a.png', 'index-2024-a.npy', 'manifest.json.bak'),
    )
    # Of earlier versions.
    earlier = (
      *('index-000000.pictures.npy', 'index-001024.names.json'),
      *('index-000000.vectors.12ab.npy', 'index-embedding.0123abcd.npz'),
      *('index-0123abcd.faiss', f'manifest.json.{"a" * 32}.part'),
    )
    for name in (*foreign, *earlier):
      (self.folder / name).write_bytes(b'')
    self.files.tidy({kept['name']})
    self.assertEqual(
      sorted(os.listdir(self.folder)),
      sorted([kept['name'], 'manifest.json', *foreign]),
    )

  def test_a_file_is_no_folder_of_an_index(self):
    self.folder.write_text('mine')
    with self.assertRaisesRegex(OSError, 'a file, where the folder of an'):
      with self.files.lock():
        self.fail('it was taken for one')

  def test_only_regular_files_of_the_right_size_are_read(self):
    entry = self.files.write('a.npy', np.zeros([4, 2], np.uint8))
    path = self.folder / entry['name']
    for shape in ([4, 3], [3, 2], [8]):
      with self.assertRaisesRegex(ValueError, 'damaged .*(should|over)'):
        self.files.read_array(entry, np.uint8, shape)
    with self.assertRaisesRegex(ValueError, 'should hold float32'):
      self.files.read_array(entry, np.float32, [4, 2])
    # A sparse file takes no place on the disk, and would take all memory.
    with open(path, 'wb') as file:
      file.truncate(2**40)
    with self.assertRaisesRegex(ValueError, '1,099,511,627,776 bytes, over'):
      self.files.read_array(entry, np.uint8, [4, 2])
    path.unlink()
    os.mkfifo(path)
    with self.assertRaisesRegex(ValueError, 'no regular file'):
      self.files.read(entry)
    # It is removed all the same, and a folder of that name is left alone.
    folder = self.folder / 'index-folder'
    folder.mkdir()
    self.files.tidy(set())
    self.assertEqual(os.listdir(self.folder), ['index-folder'])

  def test_a_lock_that_is_a_link_is_not_followed(self):
    self.folder.mkdir()
    victim = self.folder.with_name('victim')
    victim.write_text('precious')
    (self.folder / 'lock').symlink_to(victim)
    with self.assertRaisesRegex(OSError, 'its lock is a link'):
      with self.files.lock():
        self.fail('it was followed')
    self.assertEqual(victim.read_text(), 'precious')

  def test_files_of_the_same_name_never_replace_each_other(self):
    first = self.files.write('a.npy', np.zeros(3))
    second = self.files.write('a.npy', np.ones(3))
    self.assertEqual(self.files.read_array(first).sum(), 0)
    self.assertEqual(self.files.read_array(second).sum(), 3)

  def test_one_program_writes_at_a_time(self):
    with self.files.lock():
      with self.assertRaisesRegex(OSError, 'Another program is writing'):
        with storage.Storage(self.folder).lock():
          self.fail('two hold the lock')
    with storage.Storage(self.folder).lock():
      pass

  def test_a_file_system_without_locks_is_said(self):
    unlockable = OSError(errno.ENOLCK, 'No locks available')
    with mock.patch.object(storage.files, 'lock', side_effect=unlockable):
      with self.assertLogs(level='WARNING') as logs, self.files.lock():
        self.assertTrue(self.folder.exists())
    self.assertIn('cannot be locked', logs.output[0])
    full = OSError(errno.ENOSPC, 'No space left on device')
    with mock.patch.object(storage.files, 'lock', side_effect=full):
      with self.assertRaisesRegex(OSError, 'No space left'):
        self.enter_context(self.files.lock())


if __name__ == '__main__':
  absltest.main()
