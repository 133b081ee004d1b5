"""Reads the contents of a TFLite file: operations, memory, inputs, outputs.

All of it is read from the file's flatbuffer, and nothing from the network that
was converted.
"""

import collections
from typing import Any, NamedTuple

import numpy as np
from tensorflow.lite.python import schema_py_generated as schema

_OPERATORS = {
  code: name
  for name, code in vars(schema.BuiltinOperator).items()
  if not name.startswith('_')
}
_TYPES = {
  code: name.lower()
  for name, code in vars(schema.TensorType).items()
  if not name.startswith('_')
}
_BYTES = {
  'float16': 2,
  'int16': 2,
  'int8': 1,
  'uint8': 1,
  'bool': 1,
  'int64': 8,
}


class Contents(NamedTuple):
  """The contents of a file.

  Attributes:
    operations: {built-in operation: count}, the most frequent first.
    custom: names of operations that are not built in.
    gmacs: 1e9 multiplications and additions for one image.
    peak_memory: bytes of all activations alive at once, at most; where each
      operation's inputs and output have memory of their own, as in TFLite.
    inputs: shape, dtype and, of 8-bit numbers, scale and zero_point of each
      input.
    outputs: the same of each output.
  """

  operations: dict[str, int]
  custom: list[str]
  gmacs: float
  peak_memory: int
  inputs: list[dict[str, Any]]
  outputs: list[dict[str, Any]]


def read(model: bytes) -> Contents:
  """Reads a file with one graph."""
  parsed = schema.ModelT.InitFromObj(schema.Model.GetRootAsModel(model, 0))
  graph = parsed.subgraphs[0]
  operations, custom, macs = collections.Counter(), [], 0
  for operator in graph.operators:
    code = parsed.operatorCodes[operator.opcodeIndex]
    # Codes beyond 127 came later, in a field of their own.
    number = max(code.builtinCode, code.deprecatedBuiltinCode)
    operations[_OPERATORS[number]] += 1
    if code.customCode:
      custom.append(code.customCode.decode())
    macs += _macs(_OPERATORS[number], operator, graph)
  return Contents(
    dict(operations.most_common()),
    sorted(set(custom)),
    macs / 1e9,
    _peak_memory(graph, parsed.buffers),
    [_tensor(graph.tensors[i]) for i in graph.inputs],
    [_tensor(graph.tensors[i]) for i in graph.outputs],
  )


def _macs(name, operator, graph):
  if name not in ('CONV_2D', 'DEPTHWISE_CONV_2D', 'FULLY_CONNECTED'):
    return 0
  kernel = graph.tensors[operator.inputs[1]].shape
  output = int(np.prod(graph.tensors[operator.outputs[0]].shape))
  # A kernel is [out, height, width, in]; a depthwise one is [1, h, w, out].
  if name == 'DEPTHWISE_CONV_2D':
    return output * int(kernel[1] * kernel[2])
  return output * int(np.prod(kernel[1:]))


def _peak_memory(graph, buffers):
  """The most bytes that are alive while an operation runs."""
  constant = {
    i
    for i, tensor in enumerate(graph.tensors)
    if buffers[tensor.buffer].data is not None
  }
  # Weights in 16 bits are converted to 32 bits once, when the file is loaded.
  for operator in graph.operators:
    if set(operator.inputs) <= constant:
      constant |= set(operator.outputs)
  last = {i: len(graph.operators) for i in graph.outputs}
  for step, operator in enumerate(graph.operators):
    for i in operator.inputs:
      last[i] = max(step, last.get(i, 0))
  alive, peak = set(graph.inputs), 0
  for step, operator in enumerate(graph.operators):
    alive |= set(operator.outputs)
    activations = [i for i in alive - constant if i >= 0]
    peak = max(peak, sum(_size(graph.tensors[i]) for i in activations))
    alive = {i for i in alive if last.get(i, -1) > step}
  return peak


def _size(tensor):
  return int(np.prod(tensor.shape)) * _BYTES.get(_TYPES[tensor.type], 4)


def _tensor(tensor) -> dict[str, Any]:
  """Shape and dtype of a tensor, and scale and zero point of 8-bit numbers."""
  description = dict(shape=tensor.shape.tolist(), dtype=_TYPES[tensor.type])
  quantization = tensor.quantization
  if quantization is not None and quantization.scale is not None:
    description.update(
      scale=float(quantization.scale[0]),
      zero_point=int(quantization.zeroPoint[0]),
    )
  return description
