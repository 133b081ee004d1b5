"""Command-line helpers: which errors end a program with one line."""

import os
from unittest import mock

import tensorflow as tf
from absl.testing import absltest, parameterized

from tf_twingan import cli


class ErrorsTest(parameterized.TestCase):
  @parameterized.parameters(
    (ValueError('give 2\n  In call to configurable x'), 'Error: give 2'),
    (FileNotFoundError('no such file'), 'Error: no such file'),
    (FloatingPointError('loss is NaN'), 'Error: loss is NaN'),
    (KeyboardInterrupt(), 'Interrupted.'),
    (
      tf.errors.ResourceExhaustedError(None, None, 'OOM\nat op x'),
      'Error: out of memory or disk (OOM). Lower Growth.batch_size or free '
      'some space.',
    ),
    (
      tf.errors.DataLossError(None, None, 'corrupted\nat 1'),
      'Error: corrupted',
    ),
  )
  def test_what_a_user_can_cause_is_one_line(self, error, message):
    with self.assertRaises(SystemExit) as stop, cli.report_errors():
      raise error
    self.assertEqual(stop.exception.code, message)

  def test_a_bug_keeps_its_traceback(self):
    with self.assertRaises(KeyError), cli.report_errors():
      raise KeyError('x')

  def test_variables_that_are_set_stay(self):
    names = ('TF_CPP_MIN_LOG_LEVEL', 'TF_ENABLE_ONEDNN_OPTS')
    with mock.patch.dict(os.environ, {names[0]: '0'}):
      del os.environ[names[1]]
      cli.prepare_tensorflow()
      self.assertEqual([os.environ[name] for name in names], ['0', '1'])


if __name__ == '__main__':
  absltest.main()
