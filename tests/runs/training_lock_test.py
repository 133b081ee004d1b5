"""A run directory belongs to one training at a time."""

import contextlib
import errno
import json
import os
import pathlib
import subprocess
import sys
import tempfile
from unittest import mock

from absl.testing import absltest, parameterized

from tests import source_tree
from tf_twingan import files
from tf_twingan.runs import training_lock

# Holds the lock until it is killed or its input ends.
_HOLD = """
import sys
from tf_twingan.runs import training_lock
with training_lock.hold(sys.argv[1]):
  print('held', flush=True)
  sys.stdin.read()
"""


class TrainingLockTest(parameterized.TestCase):
  def setUp(self):
    super().setUp()
    self.run_dir = pathlib.Path(tempfile.mkdtemp(), 'a', 'run')

  def test_a_second_program_is_refused_until_the_first_is_killed(self):
    with subprocess.Popen(
      [sys.executable, '-c', _HOLD, self.run_dir],
      cwd=source_tree.ROOT,
      stdin=subprocess.PIPE,
      stdout=subprocess.PIPE,
      text=True,
    ) as process:
      self.addCleanup(process.kill)
      self.assertEqual(process.stdout.readline(), 'held\n')
      with self.assertRaisesRegex(
        OSError,
        rf'Another program trains in .*run \(process {process.pid}\); wait '
        'until it ends, or choose another --run_dir.',
      ):
        self.enter_context(training_lock.hold(str(self.run_dir)))
      process.kill()
      process.wait()
      # The dead one left its file behind, but no lock.
      self.assertTrue((self.run_dir / 'training.json').exists())
      with training_lock.hold(str(self.run_dir)):
        owner = json.loads((self.run_dir / 'training.json').read_text())
        self.assertEqual(owner['pid'], os.getpid())

  def test_another_training_of_this_process_is_refused_too(self):
    with training_lock.hold(str(self.run_dir)):
      with self.assertRaisesRegex(OSError, f'process {os.getpid()}'):
        self.enter_context(training_lock.hold(str(self.run_dir)))
    with training_lock.hold(str(self.run_dir)):
      pass

  @parameterized.parameters('', '[]', '{"pid": "x", "host": 3}')
  def test_a_damaged_owner_is_left_out_of_the_message(self, text):
    with training_lock.hold(str(self.run_dir)):
      (self.run_dir / 'training.json').write_text(text)
      with self.assertRaisesRegex(OSError, 'trains in .*run; wait until'):
        self.enter_context(training_lock.hold(str(self.run_dir)))

  def test_the_host_is_named_if_it_is_another(self):
    with training_lock.hold(str(self.run_dir)):
      (self.run_dir / 'training.json').write_text('{"pid": 7, "host": "b\x1b"}')
      with self.assertRaisesRegex(OSError, r'trains in .*run; wait'):
        self.enter_context(training_lock.hold(str(self.run_dir)))
      (self.run_dir / 'training.json').write_text(
        json.dumps({'pid': 7, 'host': 'b\x1b[1m'})
      )
      with self.assertRaisesRegex(OSError, r'\(process 7 on b\\x1b\[1m\)'):
        self.enter_context(training_lock.hold(str(self.run_dir)))

  def test_nothing_stays_of_a_start_that_wrote_nothing(self):
    with contextlib.suppress(ZeroDivisionError):
      with training_lock.hold(str(self.run_dir)):
        raise ZeroDivisionError
    self.assertFalse(self.run_dir.parent.exists())
    # What was there before stays, and so does what was written.
    self.run_dir.mkdir(parents=True)
    with training_lock.hold(str(self.run_dir)):
      pass
    self.assertTrue(self.run_dir.exists())

  def test_what_was_written_stays(self):
    with training_lock.hold(str(self.run_dir)):
      (self.run_dir / 'model.json').touch()
    self.assertTrue((self.run_dir / 'model.json').exists())

  def test_a_file_system_without_locks_is_said(self):
    unlockable = OSError(errno.ENOLCK, 'No locks available')
    with mock.patch.object(files, 'lock', side_effect=unlockable):
      with self.assertLogs(level='WARNING') as logs:
        with training_lock.hold(str(self.run_dir)):
          self.assertTrue(self.run_dir.exists())
    self.assertIn('cannot be locked', logs.output[0])
    self.assertIn('No locks available', logs.output[0])

  def test_a_lock_of_someone_else_is_no_file_system_without_locks(self):
    with mock.patch.object(
      files, 'lock', side_effect=PermissionError(errno.EACCES, 'denied')
    ):
      with self.assertRaises(PermissionError):
        self.enter_context(training_lock.hold(str(self.run_dir)))


if __name__ == '__main__':
  absltest.main()
