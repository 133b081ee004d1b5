"""Skips tests of what only some of the supported sets of packages can do."""

import importlib.util
import unittest
from collections.abc import Callable

import keras

from tf_twingan import compat


def needs(package: str) -> Callable:
  """A decorator of tests, and classes of them, that use a package.

  Args:
    package: its name in `import`, without a dot.
  """
  return unittest.skipUnless(
    importlib.util.find_spec(package), f'the package {package} is missing'
  )


def needs_keras(version: int) -> Callable:
  """A decorator of tests, and classes of them, of one version of Keras.

  Args:
    version: 2 or 3.
  """
  return unittest.skipUnless(
    compat.KERAS == version,
    f'of Keras {version}, and this is {keras.__version__}',
  )
