"""A run whose checkpoints are gone is not begun anew in silence."""

import pathlib
import shutil
import tempfile

from absl.testing import absltest, parameterized

from tf_twingan.runs import checkpoints, fresh_start, trainable


class FreshStartTest(parameterized.TestCase):
  def setUp(self):
    super().setUp()
    self.run_dir = pathlib.Path(tempfile.mkdtemp(), 'my run')
    self.run_dir.mkdir()
    self.folder = self.run_dir / 'checkpoints'
    self.store = checkpoints.Checkpoints(str(self.folder))

  def begin(self):
    fresh_start.begin(str(self.run_dir), self.store)

  def write(self, name):
    path = self.run_dir / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text('content')

  def test_a_new_run_begins(self):
    # Empty files and folders of a start that failed are no training.
    (self.run_dir / 'samples').mkdir()
    (self.run_dir / 'metrics.jsonl').touch()
    (self.run_dir / 'model.json').write_text('{}')
    with self.assertNoLogs(level='WARNING'):
      self.begin()
    self.assertTrue(self.store.has_begun())

  def test_a_run_that_ended_before_its_first_checkpoint_begins_anew(self):
    self.begin()
    for name in ('metrics.jsonl', 'samples/1.png', 'best/checkpoints/1.index'):
      self.write(name)
    with self.assertLogs(level='WARNING') as logs:
      self.begin()
    self.assertIn('ended before its first checkpoint', logs.output[0])

  @parameterized.parameters('metrics.jsonl', 'samples/1.png', 'best/model.json')
  def test_a_run_whose_checkpoints_are_gone_is_refused(self, trace):
    self.begin()
    self.write(trace)
    for emptied in (True, False):
      shutil.rmtree(self.folder)
      if emptied:
        self.folder.mkdir()
      with self.assertRaisesRegex(
        ValueError,
        f'my run was trained before, as {trace.split("/")[0]} in it.*gone.*'
        'Copy others there.*choose another run directory.*delete',
      ):
        self.begin()
      # Before anything is loaded, too.
      with self.assertRaisesRegex(ValueError, 'was trained before'):
        trainable.check(str(self.run_dir))

  def test_the_best_one_is_offered(self):
    self.write('best/checkpoints/000000008.index')
    with self.assertRaisesRegex(
      ValueError, "`mkdir -p '.*my run/checkpoints' && cp '.*/best/checkpoint"
    ):
      self.begin()


if __name__ == '__main__':
  absltest.main()
