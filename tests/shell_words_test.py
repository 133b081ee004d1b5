"""What a shell reads of the words of printed commands."""

import io
import os
import shutil
import subprocess
import sys
import unittest
from unittest import mock

from absl.testing import absltest, parameterized

from tf_twingan import shell_words

# What no line of text shows as it is, and what a shell or a quoting acts on.
NAMES = (
  'plain/name-1_x.png',
  '--run_dir=/it\'s my $run `x` "y" \\n !1 *',
  '家族 9/it\'s a "\\" 0',
  'line\nend\t\x1b[2J',
  os.fsdecode(b'caf\xe9 7'),
  '\u202eturned',
)


def output(encoding):
  """An output that can show what an encoding has."""
  return mock.patch.object(
    sys, 'stdout', io.TextIOWrapper(io.BytesIO(), encoding)
  )


class ShellWordsTest(parameterized.TestCase):
  @unittest.skipIf(shutil.which('bash') is None, 'needs bash')
  @parameterized.product(
    encoding=('ascii', 'cp1252', 'utf-8'), locale=('C', 'C.UTF-8')
  )
  def test_a_shell_reads_the_same_words(self, encoding, locale):
    with output(encoding):
      line = shell_words.join(NAMES)
    line.encode(encoding)
    self.assertTrue(line.isprintable())
    done = subprocess.run(
      ['bash', '-c', f"printf '%s\\0' {line}"],
      env={**os.environ, 'LC_ALL': locale},
      capture_output=True,
      check=True,
    )
    self.assertEqual(
      done.stdout, b''.join(os.fsencode(name) + b'\0' for name in NAMES)
    )

  def test_what_can_be_shown_is_quoted_as_always(self):
    with output('utf-8'):
      self.assertEqual(shell_words.quote('--to=anime'), '--to=anime')
      self.assertEqual(shell_words.quote('家族'), "'家族'")
    with output('cp1252'):
      self.assertEqual(shell_words.quote('Groß e'), "'Groß e'")
      self.assertEqual(shell_words.quote('Groß 家'), r"$'Groß \345\256\266'")

  def test_errors_are_shown_by_another_output(self):
    stream = io.TextIOWrapper(io.BytesIO(), 'ascii')
    with output('utf-8'), mock.patch.object(sys, 'stderr', stream):
      self.assertEqual(shell_words.quote('家'), r"$'\345\256\266'")

  def test_an_output_without_an_encoding_shows_everything(self):
    with mock.patch.object(sys, 'stdout', io.StringIO()):
      self.assertEqual(shell_words.quote('a b'), "'a b'")

  def test_windows_has_double_quotes_alone(self):
    with mock.patch.object(os, 'name', 'nt'):
      words = shell_words.join(['C:\\my runs', 'plain', 'x=1'])
    self.assertEqual(words, '"C:\\my runs" plain x=1')

  def test_text_that_no_file_is_named_by(self):
    self.assertEqual(shell_words.quote('a\ud800'), r"$'a\355\240\200'")


if __name__ == '__main__':
  absltest.main()
