"""What the versions of TensorFlow and Keras spell differently.

Keras 2.15 comes with TensorFlow 2.15, Keras 3 with TensorFlow 2.16 and later.
All other code is written in what both share; what a checkpoint tells of the
version that wrote it is in `runs.checkpoint_state`.
"""

import warnings
from collections.abc import Iterable
from typing import Any

import keras
import tensorflow as tf

# Variables of its own came with Keras 3.
KERAS = 3 if hasattr(keras, 'Variable') else 2


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
  return tf.lite.Interpreter(model_content=model, **options)
