"""The macros of a gin file as flags of a program."""

import contextlib
import functools
import io
import os
import pathlib
import subprocess
import sys
import tempfile
from unittest import mock

from absl import flags
from absl.testing import absltest, flagsaver, parameterized

from tests import source_tree
from tf_twingan import cli, gin_flags

# Names that no program which other tests import has flags of.
GIN_FILE = """
my_photo = 'folder:data/portraits'
my_size = 64
my_rate = 0.5
my_smooth = False
my_steps = {8: 100}
my_same = %my_photo
seed_of_test = 7
"""

FLAGS = flags.FLAGS


class GinFlagsTest(parameterized.TestCase):
  def setUp(self):
    super().setUp()
    if not FLAGS.is_parsed():
      self.addCleanup(FLAGS.unparse_flags)
    # It removes the flags that are defined from here on, too.
    self.enter_context(flagsaver.flagsaver())
    flags.DEFINE_integer('seed_of_test', 1, 'Has the name of a macro.')
    if gin_flags.FILE not in FLAGS:
      cli.define_path(gin_flags.FILE, 'The gin file.')
    self.path = pathlib.Path(tempfile.mkdtemp(), 'mine.gin')
    self.path.write_text(GIN_FILE)

  def bindings(self, *arguments, params=()):
    gin_flags.parse(['program', f'--gin_file={self.path}', *arguments])
    return gin_flags.bindings(params)

  @parameterized.parameters(
    ('--my_photo=folder:/my/portraits', "my_photo='folder:/my/portraits'"),
    ("--my_photo='folder:/x'", "my_photo='folder:/x'"),
    ("--my_photo=folder:/it's \\n", 'my_photo="folder:/it\'s \\\\n"'),
    ('--my_size=32', 'my_size=32'),
    ('--my_rate=1e-3', 'my_rate=0.001'),
    ('--my_size=0.5', 'my_size=0.5'),
    ('--my_smooth', 'my_smooth=True'),
    ('--nomy_smooth', 'my_smooth=False'),
    ('--my_steps={8: 5}', 'my_steps={8: 5}'),
    ("--my_same='folder:/y'", "my_same='folder:/y'"),
  )
  def test_a_flag_sets_its_macro(self, argument, binding):
    self.assertEqual(self.bindings(argument), [binding])

  def test_flags_that_are_not_given_set_nothing(self):
    self.assertEqual(self.bindings(params=['my_size=8']), ['my_size=8'])

  @parameterized.parameters(
    ('--my_size=large', 'it is no number'),
    ('--my_steps=8: 5', 'it is no value of Python; strings need quotes'),
    ('--my_steps=large', 'it is no value of Python; strings need quotes'),
  )
  def test_a_value_that_cannot_be_read(self, argument, message):
    with contextlib.redirect_stderr(io.StringIO()) as printed:
      with self.assertRaises(SystemExit):
        self.bindings(argument)
    self.assertIn(f'flag {argument}: {message}', printed.getvalue())

  def test_the_home_folder_is_replaced(self):
    home = os.path.expanduser('~')
    self.assertEqual(
      self.bindings('--my_photo=~/runs'), [f"my_photo='{home}/runs'"]
    )

  def test_a_macro_with_the_name_of_a_flag_leaves_it_alone(self):
    self.assertEqual(self.bindings('--seed_of_test=3'), [])
    self.assertEqual(FLAGS.seed_of_test, 3)

  def test_flags_before_the_file_and_without_an_equals_sign(self):
    gin_flags.parse(
      ['program', '--my_size', '32', '--gin_file', str(self.path)]
    )
    self.assertEqual(gin_flags.bindings([]), ['my_size=32'])

  def test_another_file_has_other_flags(self):
    self.bindings('--my_size=32')
    self.path.write_text('width = 3\n')
    self.assertEqual(self.bindings('--width=4'), ['width=4'])
    self.assertNotIn('my_size', FLAGS)

  def test_one_macro_set_twice_is_refused(self):
    with self.assertRaisesRegex(ValueError, 'keep one'):
      self.bindings('--my_size=32', params=['my_size = 8'])

  def test_a_missing_file_is_named(self):
    with self.assertRaisesRegex(SystemExit, "no gin file 'nothing.gin'"):
      gin_flags.parse(['program', '--gin_file=nothing.gin'])


class InitTest(parameterized.TestCase):
  def bindings(self, *arguments):
    values = flags.FlagValues()
    with mock.patch.object(flags, 'FLAGS', values):
      define = [flags.DEFINE, flags.DEFINE_list]
      with (
        mock.patch.object(
          flags, 'DEFINE', functools.partial(define[0], flag_values=values)
        ),
        mock.patch.object(
          flags, 'DEFINE_list', functools.partial(define[1], flag_values=values)
        ),
      ):
        bindings = gin_flags.define_init()
    values(['train', *arguments])
    return bindings()

  def test_what_a_run_starts_from_is_bound_like_other_values(self):
    self.assertEqual(self.bindings(), [])
    self.assertEqual(
      self.bindings("--init_from=it's", '--init_domains=cat=anime, b = a'),
      [
        'train.init_from="it\'s"',
        "train.init_domains={'cat': 'anime', 'b': 'a'}",
      ],
    )

  @parameterized.parameters('cat', 'cat=', '=anime')
  def test_a_domain_without_its_pair_is_named(self, text):
    with self.assertRaisesRegex(ValueError, f"'{text}' is no pair; write NEW="):
      self.bindings('--init_from=a', f'--init_domains={text}')


class ProgramTest(parameterized.TestCase):
  def run_train(self, *arguments):
    done = subprocess.run(
      [sys.executable, '-m', 'tf_twingan.train', *arguments],
      cwd=source_tree.ROOT,
      capture_output=True,
      text=True,
      check=False,
    )
    return done.stdout + done.stderr

  def test_help_lists_the_macros_of_the_file(self):
    printed = self.run_train('--gin_file=photos.gin', '--help')
    self.assertRegex(
      printed,
      r"--photo: A value of photos.gin.\n +\(default: 'folder:data/portraits'",
    )
    self.assertNotIn('--photo:', self.run_train('--help'))

  def test_a_misspelt_macro_is_told(self):
    self.assertIn(
      "Unknown command line flag 'phoot'. Did you mean: photo ?",
      self.run_train('--gin_file=photos.gin', '--phoot=folder:/x'),
    )


if __name__ == '__main__':
  absltest.main()
