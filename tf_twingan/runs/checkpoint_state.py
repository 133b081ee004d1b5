"""What a checkpoint holds of networks and optimizers, by names of our own.

TensorFlow names the values of a checkpoint by how objects refer to each other,
and the layers and optimizers of Keras 3 do so otherwise than those of Keras 2:
what they keep in lists and dicts would be left out without a word. Here they
are replaced by plain dicts of their variables, so that the weights of networks
have the same names everywhere.
"""

import re
from collections.abc import Iterable, Mapping
from typing import Any

import keras

from tf_twingan import compat
from tf_twingan.models import named_weights

# How the name of an optimizer's value begins: in Keras 2 an attribute follows,
# and in Keras 3 the number that `compat.optimizer_state` gives it.
_OF_OPTIMIZERS = {
  2: re.compile(r'^\w+_adam/_'),
  3: re.compile(r'^\w+_adam/\d'),
}


def optimizers_keras(names: Iterable[str]) -> int | None:
  """The version of Keras that optimizers in a checkpoint are of.

  Args:
    names: of the checkpoint's values.

  Returns:
    2 or 3; None if it holds no optimizer.
  """
  for name in names:
    for version, pattern in _OF_OPTIMIZERS.items():
      if pattern.match(name):
        return version
  return None


def trackable(state: Any) -> Any:
  """Replaces networks and optimizers by dicts of their variables.

  Args:
    state: trackable objects by name, in any nesting of mappings and sequences.

  Returns:
    The same with dicts, for `tf.train.Checkpoint`. Whatever else is no variable
    stays as it is.
  """
  if isinstance(state, keras.layers.Layer):
    return _nested(named_weights.by_path(state))
  if isinstance(state, keras.optimizers.Optimizer):
    return compat.optimizer_state(state)
  if compat.is_variable(state):
    return compat.tf_variable(state)
  if isinstance(state, Mapping):
    return {str(key): trackable(value) for key, value in state.items()}
  if isinstance(state, (list, tuple)):
    return {str(index): trackable(value) for index, value in enumerate(state)}
  return state


def _nested(variables: Mapping[named_weights.Path, Any]) -> dict[str, Any]:
  nested: dict[str, Any] = {}
  for (*parents, last), variable in variables.items():
    branch = nested
    for parent in parents:
      branch = branch.setdefault(parent, {})
    branch[last] = variable
  return nested
