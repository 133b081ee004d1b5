"""Moves images by whole pixels: by tensorflow-addons, or without it.

tensorflow-addons has ended, and there is none for new versions of Python and
TensorFlow. Where it is not installed, the operation of TensorFlow that it calls
is called here: the results and their gradients are the same bits.
"""

import functools
from collections.abc import Callable

import tensorflow as tf


def shift(images: tf.Tensor, offsets: tf.Tensor) -> tf.Tensor:
  """Moves each image by its own offset; zeros come in.

  Args:
    images: float32 or float16 [batch, height, width, channels].
    offsets: float32 [batch, 2], whole pixels to the right and downward.

  Returns:
    A tensor like `images`.
  """
  return _implementation()(images, offsets)


@functools.cache
def _implementation() -> Callable[[tf.Tensor, tf.Tensor], tf.Tensor]:
  # Imported late: on import it warns that its development ends, which those
  # that do not augment need not see.
  try:
    import tensorflow_addons as tfa
  except ImportError:
    return shift_without_addons
  return tfa.image.translate


def shift_without_addons(images: tf.Tensor, offsets: tf.Tensor) -> tf.Tensor:
  """Does the same as `shift`, by TensorFlow alone."""
  x, y = tf.unstack(-offsets, axis=1)
  zero, one = tf.zeros_like(x), tf.ones_like(x)
  return tf.raw_ops.ImageProjectiveTransformV3(
    images=images,
    # A pixel of the output is that of the input (x, y) further on.
    transforms=tf.stack([one, zero, x, zero, one, y, zero, zero], axis=1),
    output_shape=tf.shape(images)[1:3],
    fill_value=0.0,
    interpolation='NEAREST',
    fill_mode='CONSTANT',
  )
