"""The base of every layer: a Keras layer that is called as its `call` is.

All layers make their weights when they are constructed and know the dtype that
they compute in, so that nothing is left for what Keras does around `call`:
building, casting, masks, handing `training` on to inner layers. Keras 3 does
other things there than Keras 2 does (it traces each layer once more to build
it, and takes apart keyword arguments that are handed on), so none of it is
used.
"""

from typing import Any

import keras
import tensorflow as tf


class BaseLayer(keras.layers.Layer):
  """Calls `call` with the arguments that it is given, in a scope of its name.

  Weights stay in float32, see `layers`, whatever the process or a user's
  keras.json has chosen for layers of Keras.
  """

  def __init__(self, name: str | None = None):
    """Names the layer; subclasses add its weights."""
    super().__init__(name=name, autocast=False, dtype='float32')
    self.built = True

  def add_named_weight(self, name: str, **options: Any) -> Any:
    """Adds a weight that is an attribute of its name, whatever else holds it.

    So `named_weights` calls it by its name, as checkpoints always have.

    Args:
      name: of the weight.
      **options: the other arguments of `add_weight`.
    """
    weight = self.add_weight(name=name, **options)
    setattr(self, name, weight)
    return weight

  def __call__(self, *args, **kwargs) -> Any:
    """Returns what `call` returns."""
    # The slash goes on in the scope of earlier calls, as Keras 2 does: on names
    # depends how TensorFlow rewrites sums, and so the last bits of a training.
    outer = tf.get_current_name_scope()
    with tf.name_scope(f'{outer}/{self.name}/' if outer else f'{self.name}/'):
      return self.call(*args, **kwargs)
