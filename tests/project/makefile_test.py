"""`make` takes the newest Python that fits, and CI tests both lanes.

Run with programs in the place of Python and uv that note what they are asked.
"""

import os
import pathlib
import platform
import re
import shutil
import subprocess
import sys
import tempfile
from unittest import mock

from absl.testing import absltest

from tests import source_tree

# A Python that fits; asked for an environment, it makes one of itself.
_PYTHON = """#!/bin/sh
echo "$(basename "$0") $*" >> "$NOTES"
case "$1 $2" in
  '-m venv')
    for folder; do :; done
    mkdir -p "$folder/bin" && cp "$0" "$folder/bin/python";;
  '-m pip')
    # As pip would: uv beside the Python that installs it.
    for package; do :; done
    case "$package" in uv==*) cp "$INSTALLED" "$(dirname "$0")/uv";; esac;;
  '--version ') echo "$(basename "$0") the stub";;
esac
"""
_FAILS = '#!/bin/sh\nexit 127\n'
_UV = """#!/bin/sh
echo "uv $*" >> "$NOTES"
if [ "$2" = find ]; then echo "$BROUGHT"; fi
"""


@absltest.skipUnless(shutil.which('make'), 'make is not installed')
class MakefileTest(absltest.TestCase):
  def setUp(self):
    super().setUp()
    self.folder = pathlib.Path(tempfile.mkdtemp())
    for name in ('Makefile', 'requirements_lock.txt'):
      shutil.copy(source_tree.ROOT / name, self.folder)
    self.programs = self.folder / 'programs'
    self.programs.mkdir()
    self.notes = self.folder / 'notes'
    for version in ('3.13', '3.12', '3.11', '3.10', '3'):
      self.put(f'python{version}', _FAILS)

  def put(self, name, script, folder=None):
    path = (folder or self.programs) / name
    path.write_text(script, encoding='utf-8')
    path.chmod(0o755)
    return path

  def test_which_pythons_fit(self):
    makefile = (source_tree.ROOT / 'Makefile').read_text(encoding='utf-8')
    source = re.search(r'^FITS := ((?:.*\\\n)*.*)$', makefile, re.MULTILINE)[1]
    source = re.sub(r'\\\n\s*', '', source)
    for version, machine, fits in [
      ((3, 9), ('Linux', 'x86_64'), False),
      ((3, 10), ('Linux', 'x86_64'), True),
      ((3, 13), ('Darwin', 'arm64'), True),
      ((3, 14), ('Linux', 'x86_64'), False),
      ((3, 11), ('Darwin', 'x86_64'), True),
      ((3, 12), ('Darwin', 'x86_64'), False),
    ]:
      with (
        self.subTest(version=version, machine=machine),
        mock.patch.object(sys, 'version_info', (*version, 1)),
        mock.patch.object(platform, 'system', return_value=machine[0]),
        mock.patch.object(platform, 'machine', return_value=machine[1]),
        self.assertRaises(SystemExit) as left,
      ):
        exec(source)
      self.assertEqual(not left.exception.code, fits)

  def make(self, *arguments, **environment):
    """Runs make: its exit code, what it printed, and what was noted."""
    done = subprocess.run(
      ['make', *arguments],
      cwd=self.folder,
      env={
        'PATH': f'{self.programs}{os.pathsep}{os.defpath}',
        'NOTES': str(self.notes),
        **environment,
      },
      stdout=subprocess.PIPE,
      stderr=subprocess.STDOUT,
      text=True,
      check=False,
    )
    notes = self.notes.read_text('utf-8') if self.notes.exists() else ''
    return done.returncode, done.stdout, notes.splitlines()

  def test_the_newest_that_fits_is_taken(self):
    for version in ('3.12', '3.11', '3'):
      self.put(f'python{version}', _PYTHON)
    code, output, notes = self.make('setup')
    self.assertEqual(code, 0, output)
    self.assertIn('Creating .venv with python3.12 the stub', output)
    self.assertIn('python3.12 -m venv --clear .venv', notes)
    self.assertEqual(
      notes[-1],
      'python -m pip install --quiet --requirement requirements_lock.txt',
    )
    self.assertTrue((self.folder / '.venv' / '.ready').exists())

  def test_a_named_python_is_taken(self):
    self.put('python3.13', _PYTHON)
    mine = self.put('mine', _PYTHON)
    code, output, notes = self.make(
      'setup', f'PYTHON={mine}', 'VENV=.venv-other'
    )
    self.assertEqual(code, 0, output)
    self.assertIn('mine -m venv --clear .venv-other', notes)

  def test_without_a_python_one_line_says_what_to_do(self):
    self.put('uv', _UV)
    code, output, notes = self.make('setup')
    self.assertNotEqual(code, 0)
    said = [line for line in output.splitlines() if 'make:' not in line]
    self.assertLen(said, 1, output)
    self.assertIn(
      'found none as: python3.13 python3.12 python3.11 python3.10 python3.',
      said[0],
    )
    self.assertEndsWith(said[0], ', or let uv bring one: make UV=1.')
    self.assertEmpty(notes)

  def test_without_uv_it_is_not_offered(self):
    code, output, _ = self.make('setup', 'PYTHON=no-such-python')
    self.assertNotEqual(code, 0)
    self.assertIn('found none as: no-such-python. Install one', output)
    self.assertNotIn('UV=1', output)

  def test_uv_brings_a_python(self):
    self.put('uv', _UV)
    brought = self.put('brought', _PYTHON)
    code, output, notes = self.make('setup', 'UV=1', BROUGHT=str(brought))
    self.assertEqual(code, 0, output)
    self.assertEqual(
      notes[:2],
      [
        'uv python install 3.13',
        'uv python find --managed-python 3.13',
      ],
    )
    self.assertIn('brought -m venv --clear .venv', notes)

  def test_uv_is_installed_if_need_be(self):
    self.put('python3', _PYTHON)
    uv = self.put('another_name', _UV)
    brought = self.put('brought', _PYTHON)
    code, output, notes = self.make(
      'setup',
      'PYTHON=no-such-python',
      'UV=1',
      INSTALLED=str(uv),
      BROUGHT=str(brought),
    )
    self.assertEqual(code, 0, output)
    self.assertEqual(notes[0], 'python3 -m venv --clear .venv-uv')
    self.assertRegex(notes[1], r'^python -m pip install --quiet uv==[\d.]+$')
    self.assertIn('uv python install 3.13', notes)
    self.assertIn('brought -m venv --clear .venv', notes)

  def test_a_uv_that_brings_nothing_is_said(self):
    self.put('uv', _FAILS)
    code, output, _ = self.make('setup', 'UV=1')
    self.assertNotEqual(code, 0)
    self.assertIn('uv brings no Python 3.13', output)

  @absltest.skipUnless(
    (platform.system(), platform.machine()) == ('Linux', 'x86_64'),
    'there is one lane',
  )
  def test_ci_tests_both_lanes_and_fails_if_one_does(self):
    ci = self.folder / '.ci'
    ci.mkdir()
    shutil.copy(source_tree.ROOT / '.ci/run', ci)
    (self.folder / '.venv/bin').mkdir(parents=True)
    (self.folder / '.venv/bin/python').symlink_to(sys.executable)
    # Fails but for the other lane.
    self.put(
      'make',
      '#!/bin/sh\necho "make $*" >> "$NOTES"\n'
      'case "$*" in *other-lane*) exit 0;; *) exit 1;; esac\n',
    )
    other = '3.11' if sys.version_info >= (3, 12) else '3.13'
    home = self.folder / 'home'
    folder = home / f'.pyenv/versions/{other}.5/bin'
    folder.mkdir(parents=True)
    python = self.put('python', _PYTHON, folder)
    done = subprocess.run(
      [ci / 'run'],
      env={
        'PATH': f'{self.programs}{os.pathsep}{os.defpath}',
        'HOME': str(home),
        'NOTES': str(self.notes),
      },
      capture_output=True,
      text=True,
      check=False,
    )
    self.assertEqual(done.returncode, 1, done.stderr)
    self.assertEqual(
      [n for n in self.notes.read_text('utf-8').splitlines() if 'make' in n],
      ['make test', f'make test VENV=.venv-other-lane PYTHON={python}'],
    )


if __name__ == '__main__':
  absltest.main()
