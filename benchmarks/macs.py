"""Multiply-accumulates of the convolutions and matrix products of a function.

They are counted in the traced graph, where all shapes are known: for a
convolution one for each number of its output and of the kernel's window, and as
many for its gradient by the input and by the kernel. Additions, norms and
activations are not counted. Operations that no result depends on are not
counted either, as a graph is pruned before it runs: both gradients of a
convolution are traced, even if only one is used.
"""

import math
from collections.abc import Callable
from typing import Any

import tensorflow as tf

_CONVOLUTIONS = ('Conv2D', 'DepthwiseConv2dNative')
_MATRICES = ('MatMul', 'BatchMatMulV2')
_CALLS = ('PartitionedCall', 'StatefulPartitionedCall')
_CONDITIONALS = ('If', 'StatelessIf')
_LOOPS = ('While', 'StatelessWhile')


def count(
  function: Callable[..., Any],
  *arguments: Any,
  taken: float = 1.0,
  turns: int = 1,
) -> float:
  """Multiply-accumulates of one call.

  Args:
    function: function of tensors; all shapes must follow from its arguments'.
    *arguments: shapes and dtypes: TensorSpecs, or structures of them.
    taken: the share of calls in which a condition takes the branch that
      multiplies more; the result is the mean over many calls.
    turns: iterations of a loop in the graph.
  """

  # An inner function says in its signature what it returns.
  @tf.function(autograph=False)
  def called(*own):
    return tf.function(function, autograph=False)(*own)

  definition = called.get_concrete_function(*arguments).graph.as_graph_def(
    add_shapes=True
  )
  functions = {f.signature.name: f for f in definition.library.function}
  how_often = {'taken': taken, 'turns': turns}
  return _count(definition.node, {}, functions, **how_often)


def _count(nodes, arguments, functions, **how_often) -> float:
  """Multiply-accumulates of nodes and of the functions that they call."""
  shapes = dict(arguments)
  for node in nodes:
    shapes[node.name] = _shapes(node.attr)
  return sum(
    _count_node(node, shapes, functions, **how_often) for node in nodes
  )


def _count_function(function, functions, **how_often) -> float:
  arguments = {
    argument.name: _shapes(function.arg_attr[i].attr)
    for i, argument in enumerate(function.signature.input_arg)
  }
  return _count(_needed(function), arguments, functions, **how_often)


def _needed(function):
  """Nodes that the results or side effects of a function depend on."""
  nodes = {node.name: node for node in function.node_def}
  todo = [*function.ret.values(), *function.control_ret.values()]
  needed = {}
  while todo:
    name = todo.pop().removeprefix('^').split(':')[0]
    if name in nodes and name not in needed:
      needed[name] = nodes[name]
      todo += nodes[name].input
  return list(needed.values())


def _shapes(attributes):
  return [tf.TensorShape(s) for s in attributes['_output_shapes'].list.shape]


def _count_node(node, shapes, functions, *, taken, turns) -> float:
  def count_of(attribute):
    function = functions[node.attr[attribute].func.name]
    return _count_function(function, functions, taken=taken, turns=turns)

  def incoming(index):
    name, *place = node.input[index].split(':')
    return shapes[name][int(place[-1]) if place else 0]

  out = shapes[node.name]
  if node.op in _CALLS:
    return count_of('f')
  if node.op in _CONDITIONALS:
    less, more = sorted(map(count_of, ('then_branch', 'else_branch')))
    return taken * more + (1 - taken) * less
  if node.op in _LOOPS:
    return turns * count_of('body')
  if node.op in _CONVOLUTIONS:
    return _window(node, out[0], incoming(1))
  if node.op.removesuffix('BackpropInput') in _CONVOLUTIONS:
    return _window(node, incoming(2), incoming(1))
  if node.op.removesuffix('BackpropFilter') in _CONVOLUTIONS:
    return _window(node, incoming(2), out[0])
  if node.op in _MATRICES:
    transposed = 'transpose_a' if node.op == 'MatMul' else 'adj_x'
    inner = incoming(0)[-2 if node.attr[transposed].b else -1]
    return math.prod(out[0]) * inner
  return 0


def _window(node, outputs, kernel) -> int:
  """Size of the forward output times the inputs of each of its numbers."""
  height, width, channels, _ = kernel
  if node.op.startswith('Depthwise'):
    channels = 1
  return math.prod(outputs) * height * width * channels
