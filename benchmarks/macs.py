"""Multiplications that a function's convolutions and matrices need.

Counted in the traced graph, where all shapes stand: for a convolution one for
each number of its output and of a kernel's window, and as many for its
gradient by the input and by the kernel. Additions, norms and activations are
not counted.
"""

import math
from collections.abc import Callable
from typing import Any

import tensorflow as tf


def count(function: Callable[..., Any], *arguments: tf.TensorSpec) -> int:
  """Multiply-accumulates of one call.

  Args:
    function: of tensors; its shapes must follow from those of its arguments.
    *arguments: their shapes and dtypes.
  """
  graph = (
    tf.function(function, autograph=False)
    .get_concrete_function(*arguments)
    .graph
  )
  return sum(_of(operation) for operation in graph.get_operations())


def _of(operation) -> int:
  kind = operation.type
  if kind in ('Conv2D', 'DepthwiseConv2dNative'):
    return _window(operation, operation.outputs[0], operation.inputs[1].shape)
  if kind in ('Conv2DBackpropInput', 'DepthwiseConv2dNativeBackpropInput'):
    return _window(operation, operation.inputs[2], operation.inputs[1].shape)
  if kind in ('Conv2DBackpropFilter', 'DepthwiseConv2dNativeBackpropFilter'):
    return _window(operation, operation.inputs[2], operation.outputs[0].shape)
  if kind in ('MatMul', 'BatchMatMulV2'):
    transposed = 'transpose_a' if kind == 'MatMul' else 'adj_x'
    left = operation.inputs[0].shape
    inner = left[-2 if operation.get_attr(transposed) else -1]
    return math.prod(operation.outputs[0].shape) * inner
  return 0


def _window(operation, outputs, kernel) -> int:
  """Numbers of the forward output, each by those it is made of."""
  height, width, channels, _ = kernel
  if operation.type.startswith('Depthwise'):
    channels = 1
  return math.prod(outputs.shape) * height * width * channels
