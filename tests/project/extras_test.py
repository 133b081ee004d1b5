"""Every package that the code imports is of the core, or its extra is named."""

import ast
import sys
from collections.abc import Iterator, Mapping

from absl.testing import absltest, parameterized

from tests import extra_packages, source_tree

# Runs in a process of its own, which is started if its package is there.
OWN_PROCESS = {'export/formats/task_library.py'}
# Parts of TensorFlow and of what it needs.
WITH_TENSORFLOW = {'tensorflow', 'keras', 'google'}

Packages = Mapping[str | None, set[str]]


def installed() -> Packages:
  """The names to import of each extra, and of the core as None."""
  names = {e: extra_packages.imported_as(e) for e in extra_packages.extras()}
  return {**names, None: extra_packages.imported_as() | WITH_TENSORFLOW}


def _extra_of(node: ast.AST) -> str | None:
  """The extra that a `with extras.needed(EXTRA)` names."""
  if isinstance(node, ast.With):
    for item in node.items:
      call = item.context_expr
      if isinstance(call, ast.Call) and (
        ast.unparse(call.func) == 'extras.needed'
      ):
        return ast.literal_eval(call.args[0])
  return None


def _goes_without(node: ast.AST) -> bool:
  """Whether a block's imports may fail, or are for type checkers alone."""
  if isinstance(node, ast.If):
    return ast.unparse(node.test) == 'TYPE_CHECKING'
  return isinstance(node, ast.Try) and any(
    handler.type is not None and ast.unparse(handler.type) == 'ImportError'
    for handler in node.handlers
  )


def _imports(
  node: ast.AST, extra: str | None = None
) -> Iterator[tuple[str, str | None]]:
  """The top names that a module imports, each with the extra around it."""
  for child in ast.iter_child_nodes(node):
    if isinstance(child, ast.Import):
      for alias in child.names:
        yield alias.name.partition('.')[0], extra
    elif isinstance(child, ast.ImportFrom) and child.module:
      yield child.module.partition('.')[0], extra
    elif not _goes_without(child):
      yield from _imports(child, _extra_of(child) or extra)


def unnamed(module: source_tree.Module, packages: Packages) -> list[str]:
  """Returns one line for every import whose extra is missing or wrong."""
  own = {*source_tree.CODE_FOLDERS, *sys.stdlib_module_names}
  lines = []
  for name, extra in _imports(module.syntax):
    if name in own or name in packages[None]:
      continue
    if extra is None or name not in packages.get(extra, ()):
      right = sorted(e for e, names in packages.items() if e and name in names)
      lines.append(
        f'{module.path} imports {name}: put that into `with extras.needed(...)`'
        f' with one of {right}'
      )
  return lines


class ExtrasTest(parameterized.TestCase):
  def test_every_import_names_its_extra(self):
    packages = installed()
    lines = []
    for module in source_tree.read_tree().values():
      if module.path.startswith(('tf_twingan/', 'export/')):
        if module.path not in OWN_PROCESS:
          lines.extend(unnamed(module, packages))
    self.assertEmpty(lines, '\n' + '\n'.join(lines))

  @parameterized.named_parameters(
    ('plain', 'import faiss', 1),
    ('late', 'def f():\n  from faiss import contrib', 1),
    ('wrong', "with extras.needed('train'):\n  import faiss", 1),
    ('unknown', "with extras.needed('search'):\n  import pandas", 1),
    ('right', "with extras.needed('search'):\n  import faiss", 0),
    ('core', 'import numpy, json', 0),
    ('types', 'if TYPE_CHECKING:\n  import faiss', 0),
    ('optional', 'try:\n  import faiss\nexcept ImportError:\n  pass', 0),
  )
  def test_a_planted_import(self, source, count):
    packages = {None: {'numpy'}, 'search': {'faiss'}, 'train': {'tensorboard'}}
    module = source_tree.tree_of({'tf_twingan/a.py': source})['tf_twingan.a']
    self.assertLen(unnamed(module, packages), count)


if __name__ == '__main__':
  absltest.main()
