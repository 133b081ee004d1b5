"""A run knows where it began, and says when it goes on elsewhere."""

import os
import pathlib
import tempfile
from unittest import mock

from absl.testing import absltest, parameterized

from tf_twingan import json_files
from tf_twingan.runs import environment


class EnvironmentTest(parameterized.TestCase):
  def setUp(self):
    super().setUp()
    self.run_dir = tempfile.mkdtemp()
    self.path = pathlib.Path(self.run_dir, 'environment.json')

  def recorded(self):
    return json_files.read(self.path, environment.Environment, remedy='')

  def elsewhere(self, **changes):
    other = environment.here().model_copy(update=changes)
    return mock.patch.object(environment, 'here', return_value=other)

  def test_it_says_on_how_many_threads(self):
    with mock.patch.dict(
      os.environ, TF_NUM_INTRAOP_THREADS='3', TF_NUM_INTEROP_THREADS='5'
    ):
      here = environment.here()
    self.assertEqual((here.intra_op_threads, here.inter_op_threads), (3, 5))
    self.assertNotEmpty(here.processor)
    with mock.patch.dict(os.environ, TF_NUM_INTRAOP_THREADS='x'):
      self.assertGreaterEqual(environment.here().intra_op_threads, 1)

  def test_going_on_in_the_same_one_says_nothing(self):
    with self.assertNoLogs(level='WARNING'):
      environment.record(self.run_dir, begins=True)
      environment.record(self.run_dir, begins=False)
    self.assertEqual(self.recorded(), environment.here())

  def test_going_on_on_more_threads_is_said(self):
    with self.elsewhere(intra_op_threads=1, inter_op_threads=2):
      environment.record(self.run_dir, begins=True)
    with self.elsewhere(intra_op_threads=4, inter_op_threads=2):
      with self.assertLogs(level='WARNING') as logs:
        environment.record(self.run_dir, begins=False)
    (line,) = logs.output
    self.assertIn('intra_op_threads was 1 and is 4 here', line)
    self.assertNotIn('inter_op_threads was', line)
    self.assertIn('TF_NUM_INTRAOP_THREADS=1 TF_NUM_INTEROP_THREADS=2', line)
    # It stays what the run began with.
    self.assertEqual(self.recorded().intra_op_threads, 1)

  def test_a_start_anew_is_recorded_anew(self):
    with self.elsewhere(intra_op_threads=1):
      environment.record(self.run_dir, begins=True)
    with self.elsewhere(intra_op_threads=4):
      environment.record(self.run_dir, begins=True)
    self.assertEqual(self.recorded().intra_op_threads, 4)

  def test_an_older_run_is_recorded_when_it_goes_on(self):
    environment.record(self.run_dir, begins=False)
    self.assertEqual(self.recorded(), environment.here())

  def test_a_damaged_file_is_named_and_written_anew(self):
    self.path.write_text('{"tensorflow": 2}')
    with self.assertLogs(level='WARNING') as logs:
      environment.record(self.run_dir, begins=False)
    self.assertIn(f'{self.path} is damaged', logs.output[0])
    self.assertEqual(self.recorded(), environment.here())


if __name__ == '__main__':
  absltest.main()
