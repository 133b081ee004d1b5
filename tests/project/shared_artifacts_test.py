"""Shared artifacts are built once, whole, and by what they are made of."""

import concurrent.futures
import pathlib
import tempfile
import time

from absl.testing import absltest

import tf_twingan
from tests import shared_artifacts


class SharedArtifactsTest(absltest.TestCase):
  def test_it_is_built_once(self):
    builds = []

    def build(path):
      builds.append(path)
      time.sleep(0.2)
      path.write_text('built')

    name = pathlib.Path(tempfile.mkdtemp()).name
    # Locks of threads exclude each other as those of processes do.
    with concurrent.futures.ThreadPoolExecutor(3) as threads:
      paths = set(
        threads.map(
          lambda _: shared_artifacts.build_once(name, build), range(6)
        )
      )
    self.assertEqual([path.read_text() for path in paths], ['built'])
    self.assertLen(builds, 1)

  def test_what_fails_is_built_by_the_next(self):
    name = pathlib.Path(tempfile.mkdtemp()).name

    def fail(path):
      path.write_text('half')
      raise OSError('full')

    with self.assertRaisesRegex(OSError, 'full'):
      shared_artifacts.build_once(name, fail)
    path = shared_artifacts.build_once(name, lambda p: p.write_text('whole'))
    self.assertEqual(path.read_text(), 'whole')

  def test_options_make_another_artifact(self):
    run = shared_artifacts.run()
    self.assertEqual(run, shared_artifacts.run())
    self.assertNotEqual(run, shared_artifacts.run(seed=2))
    self.assertEqual(tf_twingan.Translator(str(run)).resolution, 8)

  def test_a_copy_may_be_changed(self):
    run = shared_artifacts.run()
    copy = shared_artifacts.copy_of(run)
    (copy / 'model.json').unlink()
    self.assertTrue((run / 'model.json').exists())


if __name__ == '__main__':
  absltest.main()
