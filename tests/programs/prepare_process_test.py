"""Signals that reach the prepare program: what is done stays done."""

import contextlib
import pathlib
import signal
import subprocess
import sys
import tempfile
import time

import numpy as np
import pytest
from absl.testing import absltest
from PIL import Image

from tests import source_tree
from tf_twingan.data.prepare import dataset_record, shards

_COUNT = 6 * shards.PHOTOS
_SECONDS = 120


class PrepareProcessTest(absltest.TestCase):
  @classmethod
  def setUpClass(cls):
    super().setUpClass()
    folder = tempfile.TemporaryDirectory()
    cls.addClassCleanup(folder.cleanup)
    cls.root = pathlib.Path(folder.name)
    cls.photos = cls.root / 'photos'
    cls.photos.mkdir()
    random = np.random.default_rng(0)
    for number in range(_COUNT):
      noise = random.integers(0, 256, [8, 8, 3], np.uint8)
      photo = Image.fromarray(noise).resize((1000, 1000))
      photo.save(cls.photos / f'{number:04}.jpg')

  def start(self, output):
    return subprocess.Popen(
      [
        sys.executable,
        '-m',
        'tf_twingan.prepare',
        f'--input={self.photos}',
        f'--output={output}',
        '--faces=none',
        '--blur=0',
        # Slow enough that a signal after the first shard is before the last.
        '--workers=1',
      ],
      cwd=source_tree.ROOT,
      stdout=subprocess.PIPE,
      stderr=subprocess.STDOUT,
      text=True,
      # What a shell runs in the background ignores Ctrl-C, and so would this.
      preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),
    )

  def stop(self, output, number):
    """Starts it, and sends a signal as soon as a shard is done."""
    process = self.start(output)
    end = time.monotonic() + _SECONDS
    while not shards.path_of(output / '.unfinished', 0).exists():
      self.assertLess(time.monotonic(), end)
      self.assertIsNone(process.poll())
      time.sleep(0.01)
    process.send_signal(number)
    printed, _ = process.communicate(timeout=_SECONDS)
    self.assertFalse((output / dataset_record.NAME).exists())
    return process.returncode, printed

  def finish(self, output):
    process = self.start(output)
    printed, _ = process.communicate(timeout=_SECONDS)
    self.assertEqual(process.returncode, 0, printed)
    self.assertEmpty(dataset_record.verify(output))
    return {
      path.relative_to(output): path.read_bytes()
      for path in output.rglob('*')
      if path.is_file()
    }

  def test_ctrl_c_says_how_far_it_came(self):
    output = self.root / 'interrupted'
    code, printed = self.stop(output, signal.SIGINT)
    self.assertEqual(code, 1)
    last = printed.splitlines()[-1]
    self.assertRegex(
      last,
      rf'^Interrupted. \d+ of {_COUNT} photos are prepared and stay; the same '
      'command goes on from there.$',
    )
    self.assertNotIn('Traceback', printed)

  @pytest.mark.slow
  def test_after_a_kill_the_same_files_come_out(self):
    output = self.root / 'killed'
    self.stop(output, signal.SIGKILL)
    first = shards.path_of(output / '.unfinished', 0)
    before = first.stat().st_mtime_ns
    process = self.start(output)
    # The folder goes at the end.
    with contextlib.suppress(FileNotFoundError):
      while process.poll() is None:
        self.assertEqual(first.stat().st_mtime_ns, before)
        time.sleep(0.05)
    printed, _ = process.communicate(timeout=_SECONDS)
    self.assertEqual(process.returncode, 0, printed)
    self.assertEqual(self.finish(output), self.finish(self.root / 'whole'))


if __name__ == '__main__':
  absltest.main()
