"""Loss scaling: keeps float16's small gradients from becoming zero.

Micikevicius et al., "Mixed Precision Training" (2018), section 3.2: losses are
multiplied before the backward pass and gradients divided after it. The scale
grows until a gradient overflows, and that step is left out. Other precisions
have float32's range and need none.
"""

from collections.abc import Sequence
from typing import Any

import tensorflow as tf

_START = 2.0**10
_GROWTH_STEPS = 1000


class LossScale:
  """What losses are multiplied by.

  Attributes:
    active: whether it is anything but 1.
    value: float32 scalar, a variable.
    good_steps: int64 scalar, a variable: steps since it last changed.
  """

  def __init__(self, precision: str):
    """Makes the variables, for a checkpoint to hold.

    Args:
      precision: dtype of the convolutions.
    """
    self.active = precision == 'float16'
    self.value = tf.Variable(_START if self.active else 1.0, trainable=False)
    self.good_steps = tf.Variable(0, dtype=tf.int64, trainable=False)

  def apply_settings(self) -> None:
    """Makes it 1 where it is not active, whatever was restored."""
    if not self.active:
      self.value.assign(1.0)

  def unscale(
    self,
    gradients: Sequence[Sequence[tuple[tf.Tensor, Any]]],
    replicas: int,
  ) -> tuple[list[list[tuple[tf.Tensor, Any]]], tf.Tensor]:
    """Divides gradients by the scale; zeroes them all if one overflowed.

    Zero gradients leave the weights where they are if beta_1 is 0, as by
    default; with momentum they would still drift.

    Args:
      gradients: (gradient, variable) pairs of each optimizer, on this replica.
      replicas: number of devices that train together.

    Returns:
      The same, and float32 1.0 if all were finite on every replica, else 0.0.
    """
    finite = tf.reduce_all(
      [
        tf.reduce_all(tf.math.is_finite(gradient))
        for pairs in gradients
        for gradient, _ in pairs
      ]
    )
    finite = tf.cast(finite, tf.float32)
    if replicas > 1:
      finite = tf.distribute.get_replica_context().all_reduce(
        tf.distribute.ReduceOp.MEAN, finite
      )
    finite = tf.cast(finite == 1, tf.float32)
    unscaled = [
      [
        (tf.where(finite == 1, g / self.value, tf.zeros_like(g)), variable)
        for g, variable in pairs
      ]
      for pairs in gradients
    ]
    return unscaled, finite

  def follow(self, finite: tf.Tensor) -> None:
    """Halves on overflow, doubles after a run of good steps.

    Args:
      finite: bool scalar, whether the step was good; outside of replicas.
    """
    good = tf.where(finite, self.good_steps + 1, 0)
    grow = good >= _GROWTH_STEPS
    factor = tf.where(finite, tf.where(grow, 2.0, 1.0), 0.5)
    self.value.assign(tf.maximum(self.value * factor, 1.0))
    self.good_steps.assign(tf.where(grow, tf.zeros_like(good), good))
