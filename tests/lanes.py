"""Skips tests of what only one version of Keras can do."""

import unittest
from collections.abc import Callable

import keras

from tf_twingan import compat


def needs_keras(version: int) -> Callable:
  """A decorator of tests, and classes of them, of one version of Keras.

  Args:
    version: 2 or 3.
  """
  return unittest.skipUnless(
    compat.KERAS == version,
    f'of Keras {version}, and this is {keras.__version__}',
  )
