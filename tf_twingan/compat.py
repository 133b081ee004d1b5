"""What the versions of TensorFlow and Keras spell differently.

Keras 2.15 comes with TensorFlow 2.15, Keras 3 with TensorFlow 2.16 and later.
All other code is written in what both share; what a checkpoint tells of the
version that wrote it is in `runs.checkpoint_state`.
"""

import contextlib
import warnings
from collections.abc import Iterable, Iterator
from typing import Any

import keras
import tensorflow as tf

from tf_twingan import tflite_notice

# Variables of its own came with Keras 3.
KERAS = 3 if hasattr(keras, 'Variable') else 2

# Programs see to that themselves.
if keras.backend.backend() != 'tensorflow':
  raise ImportError(
    f'Keras computes with {keras.backend.backend()} in this process, and '
    'tf_twingan with TensorFlow; set KERAS_BACKEND=tensorflow before Keras is '
    'imported'
  )


@contextlib.contextmanager
def keras_defaults() -> Iterator[None]:
  """Layers and optimizers that are made in the block compute as Keras ships.

  A user's keras.json, or the program that imports this package, may have chosen
  another type of floating-point numbers, another precision, or channels first.
  Those choices are there again afterwards.
  """
  backend, precision = keras.backend, keras.mixed_precision
  floatx, axes = backend.floatx(), backend.image_data_format()
  policy = precision.global_policy()
  is_other = policy.name != 'float32'
  if is_other:
    precision.set_global_policy('float32')
  backend.set_floatx('float32')
  backend.set_image_data_format('channels_last')
  try:
    yield
  finally:
    backend.set_image_data_format(axes)
    backend.set_floatx(floatx)
    # Only then, as one that nobody chose follows floatx.
    if is_other:
      precision.set_global_policy(policy)


def is_variable(value: Any) -> bool:
  """Whether a value is a variable: TensorFlow's own, or one of Keras 3."""
  return isinstance(value, tf.Variable) or (
    KERAS == 3 and isinstance(value, keras.Variable)
  )


def tf_variable(variable: Any) -> tf.Variable:
  """TensorFlow's variable of a variable, which Keras 3 wraps."""
  return variable if isinstance(variable, tf.Variable) else variable.value


def tf_variables(variables: Iterable[Any]) -> list[tf.Variable]:
  """TensorFlow's variables of variables; see `tf_variable`."""
  return [tf_variable(variable) for variable in variables]


def optimizer_state(optimizer: keras.optimizers.Optimizer) -> Any:
  """What a checkpoint must hold of an optimizer, as a trackable object.

  TensorFlow's checkpoints see all of an optimizer of Keras 2 and none of its
  names may change. One of Keras 3 would add the weights that it trains.
  """
  if KERAS == 2:
    return optimizer
  return {
    str(index): tf_variable(variable)
    for index, variable in enumerate(optimizer.variables)
  }


def tflite_interpreter(model: bytes, **options: Any) -> tf.lite.Interpreter:
  """Returns an interpreter of a TFLite file's content, with these options.

  TensorFlow warns from 2.19 on that LiteRT's package will have it alone. It is
  the same interpreter, and that package would come beside TensorFlow.
  """
  warnings.filterwarnings(
    'ignore', r'\s*Warning: tf\.lite\.Interpreter is deprecated'
  )
  tflite_notice.use_up()
  return tf.lite.Interpreter(model_content=model, **options)
