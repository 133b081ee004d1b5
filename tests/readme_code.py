"""Runs the Python that a bundle's README tells people to paste."""

import os
import pathlib
import sys
import types
from unittest import mock

import numpy as np
import tensorflow as tf


def translation_by(readme: str, folder: pathlib.Path) -> np.ndarray:
  """The image that the README's Python writes, int [px, px, 3].

  Args:
    readme: Text of the README.
    folder: Folder of the bundle, in which the code runs.
  """
  # tf.lite's interpreter is the one that ai_edge_litert has, too.
  litert = types.ModuleType('ai_edge_litert.interpreter')
  litert.Interpreter = tf.lite.Interpreter
  stubs = {
    'ai_edge_litert': types.ModuleType('ai_edge_litert'),
    'ai_edge_litert.interpreter': litert,
  }
  code = readme.split('```python\n')[1].split('```')[0]
  before = os.getcwd()
  os.chdir(folder)
  try:
    with mock.patch.dict(sys.modules, stubs):
      exec(code, {})
    path = pathlib.Path('translation.png')
    translation = tf.io.decode_png(path.read_bytes())
    path.unlink()
  finally:
    os.chdir(before)
  return translation.numpy().astype(int)
