"""The Python rules of BUILD, derived from the imports found in the sources.

One rule a module: a `py_test` for a test, a `py_binary` for a program, else a
`py_library`, named by its dotted name. Everything in BUILD above the marker
line is written by hand; this command writes what follows it:

  make build_file

A package's `__init__.py` is a rule like any other: a module depends on it only
where it imports from it, else a package that re-exports its modules would be a
cycle.
"""

import ast
import dataclasses
import re
import sys
from collections.abc import Iterable, Mapping

import tomli

from tests import source_tree

MARKER = '# Written by `make build_file`; edit above this line only.\n'
RULE_KINDS = ('py_binary', 'py_library', 'py_test')

# Where the name to import is not the package's own, with _ for -.
DISTRIBUTIONS = {
  'PIL': 'pillow',
  'absl': 'absl-py',
  'dicebear': 'dicebear-core',
  'faiss': 'faiss-cpu',
  'gin': 'gin-config',
  'google': 'protobuf',
  'tensorflow_serving': 'tensorflow-serving-api',
  'tensorflow_lite_support': 'tflite-support',
}


@dataclasses.dataclass(frozen=True)
class Rule:
  """A call in BUILD: its kind and its keyword arguments."""

  kind: str
  attributes: Mapping[str, str | list[str]]

  @property
  def name(self) -> str:
    return self.attributes['name']

  def __str__(self) -> str:
    """Formats the rule as buildifier does."""
    lines = [f'{self.kind}(']
    for key, value in self.attributes.items():
      if isinstance(value, str):
        lines.append(f'    {key} = "{value}",')
      elif len(value) == 1:
        lines.append(f'    {key} = ["{value[0]}"],')
      else:
        lines.append(f'    {key} = [')
        lines.extend(f'        "{item}",' for item in value)
        lines.append('    ],')
    return '\n'.join(lines + [')'])


def pinned_distributions() -> set[str]:
  """Returns the names of the packages that pyproject.toml names itself."""
  text = (source_tree.ROOT / 'pyproject.toml').read_text(encoding='utf-8')
  project = tomli.loads(text)['project']
  requirements = (
    project['dependencies'] + project['optional-dependencies']['dev']
  )
  return {re.match(r'[\w.-]+', line).group() for line in requirements}


def dependencies(
  module: source_tree.Module,
  tree: source_tree.Tree,
  pinned: Iterable[str],
) -> list[str]:
  """Returns the labels a module depends on, own ones first.

  Raises:
    ValueError: If it imports a package that pyproject.toml does not pin.
  """
  own = source_tree.own_imports(module, tree)
  labels = sorted(f':{name}' for name in own - {module.name})
  tops = {
    name.split('.')[0] for name in source_tree.imports_of(module, tree) - own
  }
  packages = set()
  for top in tops - set(sys.stdlib_module_names):
    distribution = DISTRIBUTIONS.get(top, top.replace('_', '-'))
    if distribution not in pinned:
      raise ValueError(
        f'{module.path} imports {top!r}, but pyproject.toml has no '
        f'{distribution!r} among its dependencies: add it there and to '
        'DISTRIBUTIONS in tests/bazel_rules.py if it has another name.'
      )
    packages.add(f'@pypi//{distribution.replace("-", "_")}')
  return labels + sorted(packages)


def expected_rule(
  module: source_tree.Module,
  tree: source_tree.Tree,
  pinned: Iterable[str],
) -> Rule:
  """Returns the rule that BUILD should have for a module."""
  attributes = {'name': module.name, 'srcs': [module.path]}
  kind = 'py_library'
  if module.is_test or module.is_program:
    kind = 'py_test' if module.is_test else 'py_binary'
    attributes['data'] = [':data']
    attributes['main'] = module.path
  elif module.name == 'tests.source_tree':
    attributes['data'] = [':tree']
  labels = dependencies(module, tree, pinned)
  if labels:
    attributes['deps'] = labels
  return Rule(kind, attributes)


def expected_rules(
  tree: source_tree.Tree, pinned: Iterable[str]
) -> dict[str, Rule]:
  """Returns the rules for a whole tree by name, in the order to write them."""
  names = sorted(
    tree,
    key=lambda name: (source_tree.CODE_FOLDERS.index(name.split('.')[0]), name),
  )
  return {name: expected_rule(tree[name], tree, pinned) for name in names}


def parse(build: str) -> list[Rule]:
  """Returns the Python rules of a BUILD file, which is a subset of Python."""
  rules = []
  for statement in ast.parse(build, filename='BUILD').body:
    call = getattr(statement, 'value', None)
    if isinstance(call, ast.Call) and call.func.id in RULE_KINDS:
      attributes = {
        keyword.arg: ast.literal_eval(keyword.value)
        for keyword in call.keywords
      }
      rules.append(Rule(call.func.id, attributes))
  return rules


def problems(
  build: str, tree: source_tree.Tree, pinned: Iterable[str]
) -> list[str]:
  """Compares a BUILD file with the tree; each problem prints its remedy."""
  expected = expected_rules(tree, pinned)
  found = parse(build)
  messages = []
  remedy = 'run `make build_file`'
  paths = {module.path for module in tree.values()}
  owners = {}
  for rule in found:
    for source in rule.attributes['srcs']:
      if source not in paths:
        messages.append(f'{rule.name}: {source} does not exist; {remedy}.')
      if source in owners:
        messages.append(
          f'{source} is in {owners[source]} and in {rule.name}; {remedy}.'
        )
      owners[source] = rule.name
  found = {rule.name: rule for rule in found}
  for name, rule in expected.items():
    if name not in found:
      messages.append(f'BUILD has no rule {name}; {remedy}, or add:\n{rule}')
    elif found[name] != rule:
      messages.append(f'The rule {name} is stale; {remedy}, or write:\n{rule}')
  for name in found.keys() - expected.keys():
    messages.append(f'The rule {name} has no module; {remedy}.')
  return messages


def refreshed(build: str, tree: source_tree.Tree, pinned: Iterable[str]) -> str:
  """Returns a BUILD file with all rules below the marker written anew.

  Raises:
    ValueError: If the marker is missing, so that nothing is overwritten.
  """
  by_hand, marker, _ = build.partition(MARKER)
  if not marker:
    raise ValueError(f'BUILD has no line {MARKER.strip()!r}: put it back.')
  rules = expected_rules(tree, pinned).values()
  return by_hand + marker + ''.join(f'\n{rule}\n' for rule in rules)


if __name__ == '__main__':
  path = source_tree.ROOT / 'BUILD'
  path.write_text(
    refreshed(
      path.read_text(encoding='utf-8'),
      source_tree.read_tree(),
      pinned_distributions(),
    ),
    encoding='utf-8',
  )
