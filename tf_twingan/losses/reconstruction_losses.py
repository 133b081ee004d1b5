"""Distances that a generator is trained to make small: L1 and cosine."""

import tensorflow as tf


def cosine(a: tf.Tensor, b: tf.Tensor) -> tf.Tensor:
  """Mean over rows of 1 - a b / (|a| |b|), of [batch, size]; in [0, 2].

  What one vector says of another's direction, whatever their lengths; in
  float32. A row of zeros is at a distance of 1 from any.
  """
  a, b = (tf.math.l2_normalize(tf.cast(v, tf.float32), axis=-1) for v in (a, b))
  return tf.reduce_mean(1 - tf.reduce_sum(a * b, axis=-1))


def l1(a: tf.Tensor, b: tf.Tensor) -> tf.Tensor:
  """Mean absolute difference, in float32."""
  return tf.reduce_mean(tf.abs(tf.cast(a, tf.float32) - tf.cast(b, tf.float32)))
