"""Files: whole or not there, known by checksum, and one program at a time."""

import errno
import fcntl
import json
import multiprocessing
import os
import pathlib
import stat
import tempfile
from unittest import mock

import filelock
from absl.testing import absltest, parameterized

from tf_twingan import files


def _hold(path, ready, stop):
  with files.lock(path):
    ready.set()
    stop.wait(60)


class FilesTest(parameterized.TestCase):
  def setUp(self):
    super().setUp()
    self.folder = pathlib.Path(tempfile.mkdtemp(), 'new')
    self.path = self.folder / 'file'

  def test_bytes_and_text_are_written(self):
    files.atomic_write(self.path, 'é')
    self.assertEqual(self.path.read_bytes(), b'\xc3\xa9')
    files.atomic_write(self.path, json.dumps('\udce9', ensure_ascii=False))
    self.assertEqual(json.loads(self.path.read_text()), '\udce9')
    files.atomic_write(str(self.path), b'\xff\r\n')
    self.assertEqual(self.path.read_bytes(), b'\xff\r\n')
    self.assertEqual(os.listdir(self.folder), ['file'])

  def test_a_failed_write_leaves_the_old_file_alone(self):
    files.atomic_write(self.path, 'old')
    full = OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
    for call in ('fsync', 'replace'):
      with mock.patch.object(os, call, side_effect=full):
        with self.assertRaisesRegex(OSError, 'No space'):
          files.atomic_write(self.path, 'new')
      self.assertEqual(self.path.read_text(), 'old')
      self.assertEqual(os.listdir(self.folder), ['file'])

  def test_an_interrupted_block_leaves_nothing(self):
    with self.assertRaises(KeyboardInterrupt):
      with files.atomic_path(self.path) as unfinished:
        self.assertFalse(unfinished.exists())
        unfinished.write_text('half')
        raise KeyboardInterrupt
    self.assertEmpty(os.listdir(self.folder))

  def test_a_folder_appears_at_once(self):
    with files.atomic_path(self.path) as unfinished:
      (unfinished / 'deep').mkdir(parents=True)
      self.assertFalse(self.path.exists())
    self.assertTrue((self.path / 'deep').is_dir())
    with self.assertRaises(ZeroDivisionError):
      with files.atomic_path(self.folder / 'other') as unfinished:
        unfinished.mkdir()
        _ = 1 / 0
    self.assertEqual(os.listdir(self.folder), ['file'])

  def test_a_name_may_be_as_long_as_the_disk_allows(self):
    for name in ('a' * 251 + '.png', 'é' * 125 + '.png'):
      files.atomic_write(self.folder / name, 'content')
      self.assertEqual((self.folder / name).read_text(), 'content')
    self.assertLen(os.listdir(self.folder), 2)

  def test_a_folder_that_can_be_written_to_is_left_as_it_was(self):
    files.check_writable(self.folder / 'deeper')
    self.assertFalse(self.folder.exists())
    self.folder.mkdir()
    self.path.write_text('old')
    files.check_writable(self.folder, 'file', 'another')
    self.assertEqual(os.listdir(self.folder), ['file'])
    self.assertEqual(self.path.read_text(), 'old')

  def test_a_folder_that_cannot_be_written_to_is_named(self):
    self.folder.mkdir()
    self.path.write_text('a file')
    dangling = self.folder / 'dangling'
    dangling.symlink_to('/no/such')
    for folder, obstacle in (
      (self.path, self.path),
      (self.path / 'in' / 'it', self.path),
      (dangling, dangling),
      (dangling / 'in', dangling),
    ):
      with self.assertRaisesRegex(
        NotADirectoryError, f'^{obstacle}: no folder'
      ):
        files.check_writable(folder)
    with self.assertRaisesRegex(OSError, 'nothing can be written .*too long'):
      files.check_writable(self.folder / ('a' * 300))
    with self.assertRaisesRegex(IsADirectoryError, 'new: a folder, where'):
      files.check_writable(self.folder.parent, 'new')
    for code in (errno.EROFS, errno.EACCES, errno.ENOSPC):
      failing = OSError(code, os.strerror(code))
      with mock.patch.object(os, 'mkdir', side_effect=failing):
        with self.assertRaisesRegex(
          OSError, f'new: nothing can be .*{failing.strerror}.*choose another'
        ):
          files.check_writable(self.folder)
    self.assertEqual(sorted(os.listdir(self.folder)), ['dangling', 'file'])

  def test_the_disk_has_the_content_before_the_name(self):
    calls = []
    fsync, replace = os.fsync, os.replace

    def note_fsync(descriptor):
      calls.append(os.fstat(descriptor).st_ino)
      fsync(descriptor)

    def note_replace(old, new):
      calls.append('replace')
      replace(old, new)

    self.folder.mkdir()
    with (
      mock.patch.object(os, 'fsync', note_fsync),
      mock.patch.object(os, 'replace', note_replace),
    ):
      with files.atomic_path(self.path) as unfinished:
        (unfinished / 'deep').mkdir(parents=True)
        (unfinished / 'deep' / 'file').write_text('new')
    written = (self.path, self.path / 'deep', self.path / 'deep' / 'file')
    self.assertCountEqual(calls[:3], [p.stat().st_ino for p in written])
    self.assertEqual(calls[3:], ['replace', self.folder.stat().st_ino])
    with mock.patch.object(os, 'fsync') as never:
      with files.atomic_path(self.folder / 'quick', durable=False) as part:
        part.write_text('new')
    never.assert_not_called()
    self.assertEqual((self.folder / 'quick').read_text(), 'new')

  def test_file_systems_that_cannot_wait_are_written_to(self):
    cannot = OSError(errno.EINVAL, os.strerror(errno.EINVAL))
    with mock.patch.object(os, 'fsync', side_effect=cannot):
      files.atomic_write(self.path, 'new')
    self.assertEqual(self.path.read_text(), 'new')

  def test_checksums_are_those_of_the_standard(self):
    # FIPS 180-2, appendix B.1.
    expected = (
      'ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad'
    )
    self.assertEqual(files.sha256(b'abc'), expected)
    self.assertEqual(files.sha256('abc'), expected)

  @parameterized.parameters((0o755, 0o644), (0o2775, 0o664), (0o700, 0o600))
  def test_a_lock_is_for_all_who_can_write_to_its_folder(self, folder, mode):
    shared = self.folder / 'shared'
    shared.mkdir(parents=True)
    shared.chmod(folder)
    with files.lock(shared / 'lock'):
      pass
    self.assertEqual(stat.S_IMODE((shared / 'lock').stat().st_mode), mode)

  def test_a_file_system_without_locks_is_told(self):
    # Not replaced by a file that stays when its process is killed.
    self.folder.mkdir()
    unknown = OSError(errno.ENOSYS, os.strerror(errno.ENOSYS))
    with mock.patch.object(fcntl, 'flock', side_effect=unknown):
      with self.assertRaises(OSError) as raised:
        with files.lock(self.folder / 'lock'):
          self.fail('it is held')
    self.assertIn(raised.exception.errno, files.NO_LOCKS)

  def test_a_lock_of_another_user_says_what_to_do(self):
    self.folder.mkdir()
    denied = PermissionError(errno.EACCES, 'Permission denied')
    with mock.patch.object(filelock.FileLock, 'acquire', side_effect=denied):
      with self.assertRaisesRegex(PermissionError, '^/.*lock is of another us'):
        with files.lock(self.folder / 'lock'):
          self.fail('it is held')

  def test_a_lock_that_is_a_link_says_what_to_do(self):
    # As in a run that `cp -as` copied.
    self.folder.mkdir()
    (self.folder / 'held').touch()
    (self.folder / 'lock').symlink_to(self.folder / 'held')
    with self.assertRaisesRegex(OSError, '^/.*lock is a link.*; delete it$'):
      with files.lock(self.folder / 'lock'):
        self.fail('it was taken')

  def test_a_lock_has_one_holder_and_ends_with_its_process(self):
    self.folder.mkdir()
    path = self.folder / 'lock'
    spawn = multiprocessing.get_context('spawn')
    ready, stop = spawn.Event(), spawn.Event()
    other = spawn.Process(target=_hold, args=(path, ready, stop))
    other.start()
    self.assertTrue(ready.wait(60))
    with self.assertRaises(files.Locked):
      with files.lock(path):
        self.fail('two hold the lock')
    other.kill()
    other.join()
    with files.lock(path), self.assertRaises(files.Locked):
      with files.lock(path):
        self.fail('two hold the lock')
    with files.lock(path):
      pass

  def test_a_lock_that_cannot_be_written_is_an_os_error(self):
    self.folder.write_text('a file')
    with self.assertRaises(OSError):
      with files.lock(self.folder / 'lock'):
        self.fail('there is no folder')


if __name__ == '__main__':
  absltest.main()
