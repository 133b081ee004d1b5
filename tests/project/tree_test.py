"""Holds the files around the code together: versions, pins, lists, sizes."""

import ast
import re
from collections.abc import Iterable, Mapping

import tomli
from absl.testing import absltest

from tests import source_tree

MAX_BYTES = 10_000_000


def read(path: str) -> str:
  return (source_tree.ROOT / path).read_text(encoding='utf-8')


def pyproject() -> dict:
  return tomli.loads(read('pyproject.toml'))


def constant(module: source_tree.Module, name: str) -> object:
  """Returns what a module assigns to a name, without importing it."""
  for statement in module.syntax.body:
    if isinstance(statement, ast.Assign):
      if [ast.unparse(target) for target in statement.targets] == [name]:
        return ast.literal_eval(statement.value)
  raise ValueError(f'{module.path} does not assign {name}: add it.')


def pin(requirement: str) -> tuple[str, str]:
  """Splits `name[extra]==version ; marker` into name and version."""
  match = re.match(r'([\w.-]+)(\[[\w,-]+\])?==([^\s;]+)', requirement)
  if not match:
    raise ValueError(f'{requirement!r} is not pinned: write NAME==VERSION.')
  return match.group(1), match.group(3)


def unlocked(requirements: Iterable[str], lock: str) -> list[str]:
  """Returns the requirements whose exact version the lock does not hold."""
  locked = {pin(line) for line in lock.splitlines() if re.match(r'[\w]', line)}
  return [line for line in requirements if pin(line) not in locked]


def list_errors(readme: str, gin_files: Iterable[str]) -> list[str]:
  """Compares the gin files with those that gin/README.md names.

  Args:
    readme: Text of gin/README.md; a file is named by its path below `gin/`.
    gin_files: Paths from the root, such as `gin/datasets/cats.gin`.
  """
  named = set(re.findall(r'[\w./-]+\.gin\b', readme))
  named = {name.removeprefix('gin/') for name in named}
  present = {path.removeprefix('gin/') for path in gin_files}
  return [
    f'gin/README.md does not list {name}: add its row.'
    for name in sorted(present - named)
  ] + [
    f'gin/README.md lists {name}, which does not exist.'
    for name in sorted(named - present)
  ]


def file_errors(files: Mapping[str, int]) -> list[str]:
  """Returns one line for each file that must not be in the tree."""
  errors = []
  for path, size in files.items():
    if path.startswith('gin/') and path.endswith('.py'):
      errors.append(f'{path}: a .py in gin/ would shadow gin-config; move it.')
    if size > MAX_BYTES:
      errors.append(
        f'{path} has {size:,} bytes, more than {MAX_BYTES:,}: keep it out of '
        'the checkout, or in a folder that .gitignore names.'
      )
  return errors


class VersionTest(absltest.TestCase):
  def test_the_version_is_the_same_everywhere(self):
    version = pyproject()['project']['version']
    package = source_tree.read_tree()['tf_twingan']
    self.assertEqual(constant(package, '__version__'), version)
    self.assertIn(f'version = "{version}"', read('MODULE.bazel'))
    self.assertIn(f'## [{version}]', read('CHANGELOG.md'))

  def test_a_missing_version_is_caught(self):
    tree = source_tree.tree_of({'a.py': "version = '1'\n"})
    with self.assertRaisesRegex(ValueError, 'does not assign __version__'):
      constant(tree['a'], '__version__')


class LockTest(absltest.TestCase):
  def test_the_lock_holds_every_direct_pin(self):
    project = pyproject()['project']
    requirements = list(project['dependencies'])
    for extra in project['optional-dependencies'].values():
      # An extra may be made of others.
      requirements.extend(
        line for line in extra if not line.startswith('tf_twingan[')
      )
    lines = unlocked(requirements, read('requirements_lock.txt'))
    self.assertEmpty(lines, f'not in the lock, run `make lock`: {lines}')

  def test_the_lock_names_no_machine(self):
    self.assertNotRegex(
      read('requirements_lock.txt'), r'(?m)^--|https?://|file:|@ |-r /'
    )

  def test_a_stale_lock_is_caught(self):
    lock = '# by hand\nkeras==2.14.0\n    # via tensorflow\nnumpy==1.26.4 ; x\n'
    self.assertEqual(
      unlocked(['keras==2.15.0', "numpy==1.26.4; python_version < '4'"], lock),
      ['keras==2.15.0'],
    )

  def test_a_loose_requirement_is_caught(self):
    with self.assertRaisesRegex(ValueError, 'not pinned'):
      pin('numpy<2')


class ProgramsTest(absltest.TestCase):
  def test_every_program_is_a_console_script(self):
    tree = source_tree.read_tree()
    programs = [
      module
      for module in tree.values()
      if module.package in ('tf_twingan', 'export') and module.is_program
    ]
    scripts = {
      'tf_twingan-'
      + module.name.removesuffix('.__main__').rpartition('.')[2]: (
        f'{module.name}:run'
      )
      for module in programs
    }
    self.assertEqual(pyproject()['project']['scripts'], scripts)
    for module in programs:
      functions = [
        node.name
        for node in module.syntax.body
        if isinstance(node, ast.FunctionDef)
      ]
      self.assertIn('run', functions, module.path)


class FilesTest(absltest.TestCase):
  def test_gin_readme_lists_every_gin_file(self):
    gin_files = [
      path.relative_to(source_tree.ROOT).as_posix()
      for path in (source_tree.ROOT / 'gin').rglob('*.gin')
    ]
    self.assertNotEmpty(gin_files)
    errors = list_errors(read('gin/README.md'), gin_files)
    self.assertEmpty(errors, '\n' + '\n'.join(errors))

  def test_an_unlisted_and_a_missing_gin_file_are_caught(self):
    readme = '| [`cats.gin`](cats.gin) | cats |\n| datasets/dogs.gin | dogs |\n'
    errors = list_errors(readme, ['gin/cats.gin', 'gin/datasets/cats.gin'])
    self.assertEqual(
      errors,
      [
        'gin/README.md does not list datasets/cats.gin: add its row.',
        'gin/README.md lists datasets/dogs.gin, which does not exist.',
      ],
    )

  def test_no_file_is_out_of_place(self):
    files = source_tree.files()
    self.assertIn('pyproject.toml', files)
    errors = file_errors(files)
    self.assertEmpty(errors, '\n' + '\n'.join(errors))

  def test_python_in_gin_is_caught(self):
    errors = file_errors({'gin/__init__.py': 0, 'gin/base.gin': 1})
    self.assertLen(errors, 1)
    self.assertIn('shadow', errors[0])

  def test_a_large_file_is_caught(self):
    errors = file_errors({'a.h5': MAX_BYTES + 1, 'b.h5': MAX_BYTES})
    self.assertLen(errors, 1)
    self.assertStartsWith(errors[0], 'a.h5 has 10,000,001 bytes')


if __name__ == '__main__':
  absltest.main()
