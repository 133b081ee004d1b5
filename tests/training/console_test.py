"""Output that no one reads any more ends no training."""

import contextlib
import io
import os
import sys
from unittest import mock

from absl.testing import absltest, parameterized

from tf_twingan.training import console


@contextlib.contextmanager
def broken_pipe(name):
  """Makes a standard stream a pipe whose reader is gone."""
  reader, writer = os.pipe()
  os.close(reader)
  with open(writer, 'w') as stream, mock.patch.object(sys, name, stream):
    yield stream


class ConsoleTest(parameterized.TestCase):
  def test_a_line_is_printed(self):
    output, errors = io.StringIO(), io.StringIO()
    with contextlib.redirect_stdout(output), contextlib.redirect_stderr(errors):
      console.say('out')
      console.say('err', to_stderr=True)
    self.assertEqual(output.getvalue(), 'out\n')
    self.assertEqual(errors.getvalue(), 'err\n')

  def test_lines_are_dropped_when_no_one_reads(self):
    with broken_pipe('stdout') as stream:
      console.say('lost')
      # What others print does not fail either.
      print('lost', file=stream, flush=True)

  def test_the_bar_goes_on_when_no_one_reads(self):
    with broken_pipe('stderr') as stream:
      with console.progress_bar(total=3, mininterval=0.0) as bar:
        for _ in range(3):
          bar.update(1)
      self.assertEqual(bar.n, 3)
      print('lost', file=stream, flush=True)

  def test_the_bar_shows_how_far_it_is(self):
    errors = io.StringIO()
    with contextlib.redirect_stderr(errors):
      with console.progress_bar(total=2, desc='4 px') as bar:
        bar.update(2)
    self.assertIn('4 px: 100%', errors.getvalue())


if __name__ == '__main__':
  absltest.main()
