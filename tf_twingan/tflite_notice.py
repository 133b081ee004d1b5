"""Keeps TensorFlow Lite's notice of its delegate out of a program's output.

The first interpreter of a process that has an operation to run prints "INFO:
Created TensorFlow Lite XNNPACK delegate for CPU." to the standard error stream,
and Python has no setting that turns it off. It comes once in a process: so it
is called forth by a network of one operation, and left out.
"""

import contextlib
import functools
import os
import tempfile
from collections.abc import Iterator

import flatbuffers
import tensorflow as tf
from tensorflow.lite.python import schema_py_generated as schema

_STDERR = 2  # C++ writes to the file, not to sys.stderr.
_NOTICE = b'Created TensorFlow Lite XNNPACK delegate'


@functools.cache
def use_up() -> None:
  """Lets the notice come now, unseen; once in a process."""
  with left_out():
    tf.lite.Interpreter(model_content=_absolute_value()).allocate_tensors()


@contextlib.contextmanager
def left_out() -> Iterator[None]:
  """Leaves the notice out of what the block prints to standard error."""
  try:
    aside = tempfile.TemporaryFile()
  except OSError:  # There is no folder for it, and a notice is no harm.
    yield
    return
  with aside:
    try:
      stderr = os.dup(_STDERR)
    except OSError:  # The program has none.
      yield
      return
    os.dup2(aside.fileno(), _STDERR)
    try:
      yield
    finally:
      os.dup2(stderr, _STDERR)
      os.close(stderr)
      aside.seek(0)
      for line in aside:
        if _NOTICE not in line:
          os.write(_STDERR, line)


def _absolute_value() -> bytes:
  """A TFLite file: the absolute value of one number."""
  absolute = schema.OperatorCodeT()
  absolute.builtinCode = schema.BuiltinOperator.ABS
  absolute.deprecatedBuiltinCode = schema.BuiltinOperator.ABS
  absolute.version = 1
  operator = schema.OperatorT()
  operator.opcodeIndex, operator.inputs, operator.outputs = 0, [0], [1]
  graph = schema.SubGraphT()
  graph.tensors = [schema.TensorT() for _ in range(2)]
  for tensor in graph.tensors:
    tensor.shape, tensor.type = [1], schema.TensorType.FLOAT32
  graph.inputs, graph.outputs, graph.operators = [0], [1], [operator]
  model = schema.ModelT()
  model.version = 3
  model.operatorCodes, model.subgraphs = [absolute], [graph]
  model.buffers = [schema.BufferT()]
  builder = flatbuffers.Builder(0)
  builder.Finish(model.Pack(builder), b'TFL3')
  return bytes(builder.Output())
