"""Finds the files of models inside of packages that are never imported."""

import importlib.util
import pathlib

from tf_twingan import extras


def path(package: str, name: str) -> pathlib.Path:
  """Returns the path of a file in an installed package.

  Args:
    package: what `import` would call it.
    name: path of the file inside of the package.

  Raises:
    MissingPackage: the package is not installed, or lacks the file.
  """
  with extras.needed('prepare'):
    spec = importlib.util.find_spec(package)
    for folder in (spec and spec.submodule_search_locations) or ():
      file = pathlib.Path(folder, name)
      if file.is_file():
        return file
    raise ModuleNotFoundError(name=package)
