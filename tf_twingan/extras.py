"""Packages that not everybody needs, by the extra that installs them.

`pip install tf_twingan` brings what a translation takes. Whatever else is
imported when it is used, inside of a `with needed(EXTRA)`, so that a missing
package becomes one line that says how to install it.
"""

import contextlib
import importlib
from collections.abc import Iterator

_OWN = ('tf_twingan', 'export')


class MissingPackage(ImportError):
  """A package is not installed; names it and the command that installs it."""


def command(extra: str) -> str:
  """The command that installs an extra of pyproject.toml."""
  return f"pip install 'tf_twingan[{extra}]'"


@contextlib.contextmanager
def needed(extra: str) -> Iterator[None]:
  """Imports of an extra's packages belong into this block.

  Args:
    extra: one of the optional dependencies of pyproject.toml.

  Raises:
    MissingPackage: one of them is not installed.
  """
  try:
    yield
  except ModuleNotFoundError as error:
    name = (error.name or str(error)).partition('.')[0]
    if name in _OWN:
      raise
    raise MissingPackage(
      f'{name} is not installed; get it by {command(extra)}'
    ) from error


def check(extra: str, *modules: str) -> None:
  """Imports modules of an extra that are needed later, when all work is done.

  Args:
    extra: see `needed`.
    *modules: their names.

  Raises:
    MissingPackage: one of them is not installed.
  """
  with needed(extra):
    for name in modules:
      importlib.import_module(name)
