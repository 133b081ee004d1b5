"""The whole tree passes ruff and its formatter, and public types pass mypy."""

import pathlib
import re
import subprocess
import sys
import tempfile

import pytest
import tomli
from absl.testing import absltest, parameterized

from tests import source_tree

CONFIG = source_tree.ROOT / 'pyproject.toml'


def run(*command):
  """Runs a Python tool on the tree: its exit code and what it printed."""
  done = subprocess.run(
    [sys.executable, '-m', *map(str, command)],
    cwd=source_tree.ROOT,
    stdout=subprocess.PIPE,
    stderr=subprocess.STDOUT,
    text=True,
    check=False,
  )
  return done.returncode, done.stdout


class StyleTest(parameterized.TestCase):
  @parameterized.named_parameters(
    ('check', ['check']), ('format', ['format', '--check'])
  )
  def test_ruff_finds_nothing(self, command):
    code, output = run('ruff', *command, '.')
    self.assertEqual(code, 0, f'{output}\nRun `make lint`.')

  @parameterized.named_parameters(
    ('unused_import', ['check'], '"""Text."""\n\nimport os\n'),
    ('no_docstring', ['check'], 'x = 1\n'),
    ('quotes', ['format', '--check'], 'x = "1"\n'),
    ('indent', ['format', '--check'], 'if x:\n    y = 1\n'),
  )
  def test_ruff_finds_a_planted_fault(self, command, source):
    path = pathlib.Path(tempfile.mkdtemp(), 'planted.py')
    path.write_text(source)
    code, output = run('ruff', *command, f'--config={CONFIG}', path)
    self.assertEqual(code, 1, output)

  @pytest.mark.slow
  def test_mypy_finds_nothing(self):
    code, output = run('mypy')
    self.assertEqual(code, 0, output)

  def test_the_hooks_use_the_pinned_ruff(self):
    dev = tomli.loads(CONFIG.read_text())['project']['optional-dependencies']
    hooks = (source_tree.ROOT / '.pre-commit-config.yaml').read_text()
    [pinned] = [pin for pin in dev['dev'] if pin.startswith('ruff')]
    self.assertEqual(set(re.findall(r'ruff==[\w.]+', hooks)), {pinned})

  def test_types_are_published(self):
    self.assertTrue((source_tree.ROOT / 'tf_twingan' / 'py.typed').exists())


if __name__ == '__main__':
  absltest.main()
