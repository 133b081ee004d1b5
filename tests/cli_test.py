"""Command-line helpers: which errors end a program with one line."""

import functools
import os
import shlex
import shutil
import subprocess
import sys
import unittest
from unittest import mock

import tensorflow as tf
from absl import flags
from absl.testing import absltest, parameterized

from tests import source_tree
from tf_twingan import cli


class ErrorsTest(parameterized.TestCase):
  @parameterized.parameters(
    (ValueError('give 2\n  In call to configurable x'), 'Error: give 2'),
    (FileNotFoundError('no such file'), 'Error: no such file'),
    (FloatingPointError('loss is NaN'), 'Error: loss is NaN'),
    (KeyboardInterrupt(), 'Interrupted.'),
    (KeyboardInterrupt('In \x1b.'), r'Interrupted. In \x1b.'),
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

  def test_names_in_a_message_cannot_steer_a_terminal(self):
    with self.assertRaises(SystemExit) as stop, cli.report_errors():
      raise ValueError('no \x1b[2J\n here')
    self.assertEqual(stop.exception.code, 'Error: no \\x1b[2J\\n here')

  def test_a_bug_keeps_its_traceback(self):
    with self.assertRaises(KeyError), cli.report_errors():
      raise KeyError('x')

  def test_variables_that_are_set_stay(self):
    names = ('TF_CPP_MIN_LOG_LEVEL', 'TF_ENABLE_ONEDNN_OPTS')
    with mock.patch.dict(os.environ, {names[0]: '0'}):
      del os.environ[names[1]]
      cli.prepare_tensorflow()
      self.assertEqual([os.environ[name] for name in names], ['0', '1'])


class OutputTest(parameterized.TestCase):
  def test_commands_name_a_python_on_another_drive(self):
    with mock.patch.object(os.path, 'relpath', side_effect=ValueError):
      python, *_ = shlex.split(cli.command('m'))
    self.assertEqual(python, sys.executable)

  def test_commands_to_type_are_quoted(self):
    flag = "--run_dir=/it's my $run"
    python, *arguments = shlex.split(cli.command('tf_twingan.sample', flag))
    self.assertTrue(os.path.samefile(python, sys.executable))
    self.assertEqual(arguments, ['-m', 'tf_twingan.sample', flag])

  def test_what_a_program_prints_and_logs_cannot_steer_a_terminal(self):
    done = subprocess.run(
      [
        sys.executable,
        '-c',
        r"""
from absl import logging
from tf_twingan import cli, errors

def main(argv):
  print('one\x1b[2J \udce9', end='\n\n')
  print('\b\r\r2/2')
  # As a module of the package does.
  line = 'logging.warning("two %s", "\\x1b[2J")'
  eval(compile(line, errors.__file__, 'eval'))

cli.run(main)
""",
      ],
      cwd=source_tree.ROOT,
      capture_output=True,
      check=True,
    )
    self.assertEqual(done.stdout, b'one\\x1b[2J \\xe9\n\n\b\r\r2/2\n')
    self.assertIn(b'two \\x1b[2J', done.stderr)

  @parameterized.parameters(True, False)
  def test_a_reader_that_has_seen_enough_ends_no_program(self, unbuffered):
    code = """
import sys
from tf_twingan import cli

def main(argv):
  for _ in range(9999):
    print('a line')
  print('done', file=sys.stderr)

cli.run(main)
"""
    environment = {**os.environ, 'PYTHONUNBUFFERED': '1' if unbuffered else ''}
    with subprocess.Popen(
      [sys.executable, '-c', code],
      cwd=source_tree.ROOT,
      env=environment,
      stdout=subprocess.PIPE,
      stderr=subprocess.PIPE,
    ) as program:
      self.assertEqual(program.stdout.readline(), b'a line\n')
      program.stdout.close()
      self.assertEqual(program.stderr.read(), b'done\n')
    self.assertEqual(program.returncode, 0)

  def test_names_that_an_output_cannot_encode_are_escaped(self):
    done = subprocess.run(
      [
        sys.executable,
        '-c',
        'from tf_twingan import cli; cli.run(lambda argv: print("\u65e5.png"))',
      ],
      cwd=source_tree.ROOT,
      env={**os.environ, 'PYTHONIOENCODING': 'cp1252'},
      capture_output=True,
      check=True,
    )
    self.assertEqual(done.stdout, b'\\u65e5.png\n')

  @unittest.skipIf(shutil.which('bash') is None, 'needs bash')
  def test_commands_that_an_output_cannot_encode_can_be_pasted(self):
    code = (
      r'from tf_twingan import cli; flag = "--run_dir=\u65e5 \udce9"; '
      'cli.run(lambda argv: print(cli.command("m", flag)))'
    )
    done = subprocess.run(
      [sys.executable, '-c', code],
      cwd=source_tree.ROOT,
      env={**os.environ, 'PYTHONIOENCODING': 'cp1252'},
      capture_output=True,
      check=True,
    )
    read = subprocess.run(
      ['bash', '-c', b'printf %s ' + done.stdout.split(b' -m m ')[1]],
      capture_output=True,
      check=True,
    )
    self.assertEqual(read.stdout, b'--run_dir=\xe6\x97\xa5 \xe9')


class PathFlagsTest(parameterized.TestCase):
  def setUp(self):
    super().setUp()
    self.home = os.path.expanduser('~')

  def parse(self, define, *arguments, **options):
    self.flags = flags.FlagValues()
    # The flags of the test itself stay as they are.
    with mock.patch.object(flags, 'DEFINE', self.into(flags.DEFINE)):
      with mock.patch.object(
        flags, 'DEFINE_multi', self.into(flags.DEFINE_multi)
      ):
        define('path', 'A path.', **options)
    self.flags(['program', *arguments])
    return self.flags.path

  def into(self, define):
    return functools.partial(
      define, flag_values=self.flags, module_name='program'
    )

  def test_a_path(self):
    self.assertEqual(
      self.parse(cli.define_path, '--path=~/x'), f'{self.home}/x'
    )

  def test_its_default(self):
    self.assertEqual(self.parse(cli.define_path, default='own'), 'own')

  def test_a_user_who_is_not_there(self):
    with self.assertRaisesRegex(
      flags.IllegalFlagValueError, "flag --path=~no_one/x: .* no user 'no_one'"
    ):
      self.parse(cli.define_path, '--path=~no_one/x')

  def test_an_empty_path_is_not_the_current_folder(self):
    for define in (cli.define_path, cli.define_paths):
      with self.assertRaisesRegex(
        flags.IllegalFlagValueError, 'flag --path=: no path is given'
      ):
        self.parse(define, '--path=')

  def test_paths(self):
    self.assertEqual(
      self.parse(cli.define_paths, '--path=~/x', '--path=a=~/y'),
      [f'{self.home}/x', 'a=~/y'],
    )
    self.assertEqual(self.parse(cli.define_paths), [])

  def test_paths_behind_names(self):
    self.assertEqual(
      self.parse(
        cli.define_paths, '--path=~/a=b', '--path=photo=~/y', named=True
      ),
      [f'{self.home}/a=b', f'photo={self.home}/y'],
    )


class EveryProgramTest(parameterized.TestCase):
  @parameterized.parameters(
    ('tf_twingan.train', 'gin_file run_dir'),
    ('tf_twingan.translate', 'run_dir input output reference'),
    ('tf_twingan.sample', 'run_dir output'),
    ('tf_twingan.search', 'run_dir index image output'),
    (
      'tf_twingan.evaluate',
      'run_dir exported translations export_sources against features output',
    ),
    ('export.__main__', 'run_dir index output'),
  )
  def test_flags_that_take_paths_know_the_home_folder(self, module, names):
    done = subprocess.run(
      [
        sys.executable,
        '-c',
        f"""
import {module}
from absl import flags
for name in {names.split()!r}:
  flags.FLAGS[name].parse('~/x')
  value = flags.FLAGS[name].value
  print(*(value if isinstance(value, list) else [value]))
""",
      ],
      cwd=source_tree.ROOT,
      capture_output=True,
      text=True,
      check=True,
    )
    expected = [os.path.expanduser('~/x')] * len(names.split())
    self.assertEqual(done.stdout.split(), expected)


if __name__ == '__main__':
  absltest.main()
