"""Checks that a SavedModel only computes, before TensorFlow runs any of it.

A graph may hold operations that read, write or send files, which would run with
the rights of whoever translates with it. What a SavedModel needs for itself are
those that restore its variables and save them again; they are allowed in the
functions for that, where nothing else runs these.
Operations that are not named here may use memory and time without limit.
"""

import collections
import os
import re
from collections.abc import Iterable, Iterator

from tensorflow.core.framework import attr_value_pb2, node_def_pb2
from tensorflow.core.protobuf import meta_graph_pb2
from tensorflow.python.framework import op_def_registry
from tensorflow.python.saved_model import loader_impl

_RESTORE = {'RestoreV2', 'ShardedFilename'}
_SAVE = {'MergeV2Checkpoints', 'SaveV2', *_RESTORE}
# What operations call that reach out of the graph: to files, to Python, to
# other computers.
_REACHING_OUT = re.compile(
  'Abort|CustomCall|DataService|Debug|File|LMDB|Proto|PyFunc|Reader|Remote|'
  'Restore|Rpc|Save|Snapshot|Sql|Summary(?:Db)?Writer'
)
# And what holds operations of its own, which are not looked at here.
_GRAPHS_INSIDE = {'DatasetFromGraph', 'TRTEngineOp', 'XlaCallModule'}
# And what their arguments are called.
_ARGUMENTS = re.compile(
  r'(?:.*_)?(?:address|dir|file|filename|filenames|path|urls)|.*_prefix|'
  'checkpoint_prefixes|file_pattern|memory_region_name|output_stream|prefix|'
  'token'
)
# Arguments that are called so and are none.
_HARMLESS = {
  'ExperimentalSetStatsAggregatorDataset',
  'SetStatsAggregatorDataset',
}


class ReachesOut(ValueError):
  """A SavedModel does more than to compute; names the operations."""


def check(folder: str | os.PathLike) -> None:
  """Raises unless a SavedModel only computes.

  Args:
    folder: folder of one version; holds saved_model.pb.

  Raises:
    OSError: it does not, or the file is damaged.
    ReachesOut: it has operations that reach out of the graph; names them.
  """
  found = set()
  # As TensorFlow itself reads it.
  for graph in loader_impl.parse_saved_model(folder).meta_graphs:
    found |= _reaching_out(graph)
  if found:
    raise ReachesOut(
      f'it has the operations {", ".join(sorted(found))}, which may read or '
      'write files or run programs; save it again without them'
    )


def _reaching_out(graph: meta_graph_pb2.MetaGraphDef) -> set[str]:
  """Names of the operations that must not be there."""
  functions = {f.signature.name: f for f in graph.graph_def.library.function}
  saver = graph.saver_def
  save, restore = (
    name.removeprefix('^').split(':')[0]
    for name in (saver.save_tensor_name, saver.restore_op_name)
  )
  roots = [
    *graph.object_graph_def.concrete_functions,
    *_functions_of_objects(graph),
  ]
  roots_of_restore = []
  for node in graph.graph_def.node:
    if node.name == restore:
      roots_of_restore += _called(node)
    elif node.name != save:
      roots += _called(node)
  running = _reachable(roots, functions)
  restoring = _reachable(roots_of_restore, functions)
  # Those of TensorFlow 1 save and restore here, which signatures may run.
  found = {node.op for node in graph.graph_def.node if node.op not in functions}
  for name, function in functions.items():
    allowed = (
      set() if name in running else _RESTORE if name in restoring else _SAVE
    )
    found |= {node.op for node in function.node_def} - allowed
  return {name for name in found - set(functions) if _reaches_out(name)}


def _functions_of_objects(graph: meta_graph_pb2.MetaGraphDef) -> Iterator[str]:
  """Functions that loading an object, or a call of it, may run."""
  for node in graph.object_graph_def.nodes:
    yield from node.function.concrete_functions
    yield node.bare_concrete_function.concrete_function_name


def _called(node: node_def_pb2.NodeDef) -> Iterator[str]:
  """Names of the functions that a node may call."""
  yield node.op
  for value in node.attr.values():
    yield from _in_value(value)


def _in_value(value: attr_value_pb2.AttrValue) -> Iterator[str]:
  for function in [value.func, *value.list.func]:
    if function.name:
      yield function.name
      for inner in function.attr.values():
        yield from _in_value(inner)


def _reachable(roots: Iterable[str], functions) -> set[str]:
  reached, waiting = set(), collections.deque(roots)
  while waiting:
    name = waiting.popleft()
    if name in functions and name not in reached:
      reached.add(name)
      for node in functions[name].node_def:
        waiting.extend(_called(node))
  return reached


def _reaches_out(operation: str) -> bool:
  definition = op_def_registry.get(operation)
  if definition is None or _REACHING_OUT.search(operation):
    return True  # One that TensorFlow does not know is of a library.
  if operation in _GRAPHS_INSIDE:
    return True
  if operation in _HARMLESS:
    return False
  arguments = [*definition.input_arg, *definition.attr]
  return any(_ARGUMENTS.fullmatch(argument.name) for argument in arguments)
