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


def l1(a: tf.Tensor, b: tf.Tensor) -> tf.Tensor:
  """Mean absolute difference, in float32."""
  return tf.reduce_mean(tf.abs(tf.cast(a, tf.float32) - tf.cast(b, tf.float32)))
