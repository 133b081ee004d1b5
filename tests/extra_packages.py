"""The packages of pyproject.toml's extras, by the names they are imported by.

Packages are known to the import system by other names than to pip; which ones
the installed packages say themselves.
"""

import functools
import re
from collections.abc import Iterator
from importlib import metadata

import tomli

from tests import source_tree


@functools.cache
def _project() -> dict:
  path = source_tree.ROOT / 'pyproject.toml'
  return tomli.loads(path.read_text(encoding='utf-8'))['project']


def requirements(extra: str | None = None) -> Iterator[str]:
  """The requirements of the core, or of an extra and those that it names."""
  if extra is None:
    yield from _project()['dependencies']
    return
  for line in _project()['optional-dependencies'][extra]:
    others = re.fullmatch(r'tf_twingan\[([\w,]+)\]', line)
    if others:
      for name in others[1].split(','):
        yield from requirements(name)
    else:
      yield line


def extras() -> list[str]:
  """The names of the extras that a user may install."""
  return [e for e in _project()['optional-dependencies'] if e != 'dev']


def imported_as(extra: str | None = None) -> set[str]:
  """The names to import of what an extra installs, or the core, here.

  Args:
    extra: one of the extras; None for the core.
  """
  wanted = {re.match(r'[\w.-]+', line).group() for line in requirements(extra)}
  return {
    name
    for name, distributions in metadata.packages_distributions().items()
    # Some install their `tests`, too.
    if name not in source_tree.CODE_FOLDERS
    and wanted & {d.lower().replace('_', '-') for d in distributions}
  }


def optional() -> set[str]:
  """The names to import of what the core does without."""
  return imported_as('all') - imported_as()
