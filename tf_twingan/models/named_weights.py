"""The weights of a network by names that every version of Keras agrees on.

A name is the path of attributes, keys and positions that leads to a variable,
such as `generator/blocks/8px/0/conv/kernel`. Keras 3 names variables otherwise
than Keras 2, and does not show TensorFlow's checkpoints what lists and dicts of
layers hold; walking the attributes gives the same names in both, and those that
checkpoints have always had.
"""

import collections
from collections.abc import Iterator, Mapping
from typing import Any

import keras
import tensorflow as tf

from tf_twingan import compat

Path = tuple[str, ...]

# What Keras itself keeps in every layer.
_OF_KERAS = frozenset(vars(keras.layers.Layer()))
# How the names of what TensorFlow keeps there begin.
_OF_TENSORFLOW = '_self_'


def by_name(network: Any) -> dict[str, tf.Variable]:
  """The variables of a network by name, the nearest first.

  Args:
    network: a layer, or a mapping or sequence of them.
  """
  return {name(path): variable for path, variable in by_path(network).items()}


def by_path(network: Any) -> dict[Path, tf.Variable]:
  """The variables of a network by path; one that has several by its shortest.

  Args:
    network: a layer, or a mapping or sequence of them.

  Raises:
    ValueError: a layer has a variable that no attribute leads to, which would
      be neither saved nor missed.
  """
  found: dict[Path, tf.Variable] = {}
  outermost: list[keras.layers.Layer] = []
  seen = {id(network)}
  waiting = collections.deque([((), network, False)])
  while waiting:
    path, owner, is_inner = waiting.popleft()
    if isinstance(owner, keras.layers.Layer) and not is_inner:
      outermost.append(owner)
      is_inner = True
    for key, value in _children(owner):
      if id(value) in seen:
        continue
      seen.add(id(value))
      if compat.is_variable(value):
        found[(*path, key)] = compat.tf_variable(value)
      else:
        waiting.append(((*path, key), value, is_inner))
  _check_complete(outermost, found.values())
  return found


def _check_complete(networks, variables):
  known = set(map(id, variables))
  for network in networks:
    for variable in network.variables:
      if id(compat.tf_variable(variable)) not in known:
        raise ValueError(
          f'No attribute of {network.name} leads to its variable '
          f'{variable.name}: keep what owns it in an attribute, a list or a '
          'dict of its layer.'
        )


def name(path: Path) -> str:
  """The name of a path, in which a part may hold any character."""
  return '/'.join(map(escape, path))


def escape(part: str) -> str:
  """A part of a path, such as a domain, as it stands in a name."""
  return part.replace('.', '..').replace('/', '.S')


def _children(owner: Any) -> Iterator[tuple[str, Any]]:
  if isinstance(owner, keras.layers.Layer):
    for key, value in vars(owner).items():
      if key not in _OF_KERAS and not key.startswith(_OF_TENSORFLOW):
        yield key, value
  elif isinstance(owner, Mapping):
    yield from ((str(key), value) for key, value in owner.items())
  elif isinstance(owner, (list, tuple)):
    yield from ((str(index), value) for index, value in enumerate(owner))
