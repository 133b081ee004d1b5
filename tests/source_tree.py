"""The checkout's modules, what they import, and its files.

Sources are read with `ast`, never imported, so that a check over the whole tree
takes milliseconds and sees imports inside functions, too. Every function takes
its tree as an argument; a test can plant one that breaks a rule.
"""

import ast
import dataclasses
import functools
import os
import pathlib
import subprocess
from collections.abc import Mapping

ROOT = pathlib.Path(__file__).resolve().parents[1]
CODE_FOLDERS = ('tf_twingan', 'export', 'benchmarks', 'tests')


@dataclasses.dataclass(frozen=True)
class Module:
  """One Python file.

  Attributes:
    name: Dotted name; a package's is its folder's.
    path: Path from the checkout's root, with forward slashes.
    source: The file's text.
  """

  name: str
  path: str
  source: str

  @functools.cached_property
  def syntax(self) -> ast.Module:
    return ast.parse(self.source, filename=self.path)

  @functools.cached_property
  def imports(self) -> list[tuple[str, tuple[str, ...]]]:
    """Imported modules, each with the names that are imported from it."""
    found = []
    for node in ast.walk(self.syntax):
      if isinstance(node, ast.Import):
        found.extend((alias.name, ()) for alias in node.names)
      elif isinstance(node, ast.ImportFrom):
        base = node.module or ''
        if node.level:
          above = self.package.split('.')
          above = above[: len(above) - node.level + 1]
          base = '.'.join(above + [base] if base else above)
        found.append((base, tuple(alias.name for alias in node.names)))
    return found

  @property
  def package(self) -> str:
    """The package that relative imports start from."""
    if self.path.endswith('__init__.py'):
      return self.name
    return self.name.rpartition('.')[0]

  @property
  def is_test(self) -> bool:
    return self.path.endswith('_test.py')

  @property
  def is_program(self) -> bool:
    """Whether `python -m` runs it: an edge, which nobody may import."""
    if self.is_test:
      return False
    return self.path.endswith('__main__.py') or any(
      isinstance(statement, ast.If)
      and ast.unparse(statement.test) == "__name__ == '__main__'"
      for statement in self.syntax.body
    )


Tree = Mapping[str, Module]


def tree_of(sources: Mapping[str, str]) -> dict[str, Module]:
  """Builds a tree from `{path: source}`; paths are relative to the root."""
  modules = {}
  for path, source in sources.items():
    parts = list(pathlib.PurePosixPath(path).with_suffix('').parts)
    if parts[-1] == '__init__':
      parts.pop()
    name = '.'.join(parts)
    modules[name] = Module(name=name, path=path, source=source)
  return modules


@functools.cache
def read_tree(root: pathlib.Path = ROOT) -> Mapping[str, Module]:
  """Reads every Python file of the checkout's code folders."""
  return tree_of(
    {
      path.relative_to(root).as_posix(): path.read_text(encoding='utf-8')
      for folder in CODE_FOLDERS
      for path in sorted((root / folder).rglob('*.py'))
    }
  )


def imports_of(module: Module, tree: Tree) -> set[str]:
  """Returns the dotted names that a module imports, wherever it does so.

  `from package import name` counts as the module `package.name` where the tree
  has one, else as `package`. Names from outside the tree come back as written.
  """
  names = set()
  for base, imported in module.imports:
    if not imported:
      names.add(base)
    for name in imported:
      name = f'{base}.{name}'
      names.add(name if name in tree else base)
  return names


def own_imports(module: Module, tree: Tree) -> set[str]:
  """Returns the imports that name this project's code, existing or not."""
  return {
    name
    for name in imports_of(module, tree)
    if name.split('.')[0] in CODE_FOLDERS
  }


def files(root: pathlib.Path = ROOT) -> dict[str, int]:
  """Returns `{path: bytes}` of the files that belong to the checkout.

  Git knows them. An unpacked archive has no git: there every file counts that
  is in no hidden folder and not in `runs/`.
  """
  listing = subprocess.run(
    ['git', '-C', str(root), 'ls-files', '-z', '--cached', '--others']
    + ['--exclude-standard'],
    capture_output=True,
    check=False,
  )
  if listing.returncode == 0:
    paths = [root / name for name in os.fsdecode(listing.stdout).split('\0')]
  else:
    paths = []
    for folder, below, names in os.walk(root):
      below[:] = [
        name for name in below if not name.startswith('.') and name != 'runs'
      ]
      paths.extend(pathlib.Path(folder, name) for name in names)
  return {
    path.relative_to(root).as_posix(): path.stat().st_size
    for path in paths
    if path.is_file()
  }
