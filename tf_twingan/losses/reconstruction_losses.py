"""Distances that a generator is trained to make small: L1 and cosine."""

import tensorflow as tf


def cosine(a: tf.Tensor, b: tf.Tensor) -> tf.Tensor:
  """Mean cosine distance of rows, 1 - a b / (|a| |b|), in float32.

  Args:
    a: vectors [batch, size], of any length: only their direction counts. A row
      of zeros is at a distance of 1 from any other.
    b: likewise.

  Returns:
    A float32 scalar in [0, 2].
  """
  a, b = (tf.math.l2_normalize(tf.cast(v, tf.float32), axis=-1) for v in (a, b))
  return tf.reduce_mean(1 - tf.reduce_sum(a * b, axis=-1))


def l1(a: tf.Tensor, b: tf.Tensor, where: tf.Tensor | None = None) -> tf.Tensor:
  """Mean absolute difference, in float32.

  Args:
    a: a tensor.
    b: another one of the same shape.
    where: None, or for images [batch, height, width, channels] the pixels that
      count, float32 [batch, height, width, 1] of 0 and 1.
  """
  difference = tf.abs(tf.cast(a, tf.float32) - tf.cast(b, tf.float32))
  if where is None:
    return tf.reduce_mean(difference)
  pixels = tf.reduce_mean(difference, axis=-1, keepdims=True)
  return tf.math.divide_no_nan(
    tf.reduce_sum(pixels * where), tf.reduce_sum(where)
  )
