"""Runs the Python that a bundle's README tells people to paste."""

import os
import pathlib
import sys
import types
from unittest import mock

import numpy as np
import tensorflow as tf


def drawn_by(readme: str, folder: pathlib.Path) -> np.ndarray:
  """What the README's Python draws in the bundle's folder, int [px, px, 3]."""
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
    drawn = tf.io.decode_png(pathlib.Path('drawn.png').read_bytes())
    pathlib.Path('drawn.png').unlink()
  finally:
    os.chdir(before)
  return drawn.numpy().astype(int)
