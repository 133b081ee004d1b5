"""Formulas of batch norm, batch renorm, instance norm and layer norm.

Batch norm (Ioffe & Szegedy 2015) normalizes with the moments of the batch
while training, so in a small batch an image's colours depend on its
neighbours'. Batch renorm (Ioffe 2017) corrects the values to what the moving
statistics would give, within limits, and lets gradients flow as in batch norm.

Instance norm (Ulyanov et al. 2016) takes the moments of each channel of each
image; layer norm (Ba et al. 2016) of all channels of an image together, over
height, width and channels: those are the units of a layer, and their relative
sizes stay. Over the channels of a single pixel it would nearly be what pixel
norm does already.

Whose scales, offsets and moving statistics they are is `domain_norm`'s matter.
"""

from collections.abc import Mapping
from typing import Any

import tensorflow as tf

from tf_twingan import compat

# Of [parts, batch, h, w, c], the axes of the moments.
IMAGE_AXES = {'instance': [2, 3], 'layer': [2, 3, 4]}
_BATCH_AXES = [0, 1, 2]

# Batch renorm: how far it may correct (its r_max and d_max), and how many
# batches its moving statistics go back. They are the plain average of the
# first batches, so a new block starts as batch norm, and no schedule of the
# limits is needed. The original's goes from the first to the last of these.
_RENORM_SCALE_MAX = 3.0
_RENORM_SHIFT_MAX = 1.0
_RENORM_SCALES_MAX = (1.1, 4.0)
_RENORM_SHIFTS_MAX = (0.1, 1.0)
_RENORM_BATCHES = 50.0


def renorm_limits(progress: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
  """How far batch renorm may correct while its limits widen.

  Args:
    progress: from 0, nearly batch norm, to 1; a float32 scalar.

  Returns:
    r_max and d_max.
  """
  return tuple(
    first + (last - first) * progress
    for first, last in (_RENORM_SCALES_MAX, _RENORM_SHIFTS_MAX)
  )


def moments(
  parts: tf.Tensor, axes: list[int], *, over_replicas: bool = False
) -> tuple[tf.Tensor, tf.Tensor]:
  """Mean and variance in float32, with the axes kept.

  Args:
    parts: of any dtype.
    axes: to take them over.
    over_replicas: whether they are those of all replicas' tensors together.
  """
  mean, variance = tf.nn.moments(
    tf.cast(parts, tf.float32), axes, keepdims=True
  )
  if over_replicas:
    replica = tf.distribute.get_replica_context()
    own_mean = mean
    mean, variance = replica.all_reduce(
      tf.distribute.ReduceOp.MEAN, [mean, variance]
    )
    # Within the replicas, and between them.
    variance += replica.all_reduce(
      tf.distribute.ReduceOp.MEAN, tf.square(own_mean - mean)
    )
  return mean, variance


def batch_moments(
  inputs: tf.Tensor, epsilon: float
) -> tuple[tf.Tensor, tf.Tensor]:
  """Mean and variance of a batch over all replicas, without gradients.

  Args:
    inputs: [batch, h, w, channels].
    epsilon: of the norm.

  Returns:
    float32 [channels] each.
  """
  inputs = tf.stop_gradient(inputs)
  if tf.distribute.get_strategy().num_replicas_in_sync > 1:
    mean, variance = moments(inputs, _BATCH_AXES, over_replicas=True)
    return tf.reshape(mean, [-1]), tf.reshape(variance, [-1])
  # The fused kernel is the fastest way to the moments, too.
  ones = tf.ones([inputs.shape[-1]])
  result = _fused_batch_norm(inputs, ones, tf.zeros_like(ones), epsilon)
  # Its variance is the unbiased one; it normalizes by the other.
  count = tf.cast(tf.size(inputs) // inputs.shape[-1], tf.float32)
  return result.batch_mean, result.batch_variance * (count - 1) / count


def batch_norm(
  inputs: tf.Tensor, scale: Any, offset: Any, epsilon: float
) -> tf.Tensor:
  """Batch norm in training, with the moments over all replicas.

  Args:
    inputs: [batch, h, w, channels].
    scale: float32 [channels].
    offset: float32 [channels].
    epsilon: added to the variance.

  Returns:
    A tensor like `inputs`.
  """
  scale, offset = tf.convert_to_tensor(scale), tf.convert_to_tensor(offset)
  if tf.distribute.get_strategy().num_replicas_in_sync == 1:
    return _fused_batch_norm(inputs, scale, offset, epsilon).y
  mean, variance = moments(inputs, _BATCH_AXES, over_replicas=True)
  multiplier, shift = multiplier_and_shift(
    scale, offset, mean, variance, epsilon
  )
  outputs = tf.cast(inputs, tf.float32) * multiplier + shift
  return tf.cast(outputs, inputs.dtype)


def multiplier_and_shift(
  scale: tf.Tensor,
  offset: tf.Tensor,
  mean: tf.Tensor,
  variance: tf.Tensor,
  epsilon: float,
) -> tuple[tf.Tensor, tf.Tensor]:
  """A norm with known moments as one multiplication and one addition."""
  multiplier = scale * tf.math.rsqrt(variance + epsilon)
  return multiplier, offset - mean * multiplier


def renorm_correction(
  inputs: tf.Tensor,
  statistics: Mapping[str, Any],
  *,
  update: Any,
  limits: tuple[Any, Any] | None,
  epsilon: float,
) -> tuple[tf.Tensor, tf.Tensor]:
  """Moves the statistics and returns batch renorm's r and d.

  Ioffe 2017, algorithm 1. Unlike there the statistics are moved before they
  are used, so the very first batch is normalized by its own moments.

  Args:
    inputs: [batch, h, w, channels].
    statistics: the variables 'moving_mean', 'moving_variance' and 'batches'.
    update: fraction by which they move toward the moments of the batch; None
      for the average of the first batches, and later a moving average.
    limits: r_max and d_max, see `renorm_limits`; None for the fixed ones.
    epsilon: added to variances.

  Returns:
    r, which multiplies the normalized values, and d, which is then added:
    float32 [channels] each.
  """
  mean, variance = batch_moments(inputs, epsilon)
  if update is None:
    batches = tf.minimum(statistics['batches'] + 1.0, _RENORM_BATCHES)
    _assign(statistics['batches'], batches)
    update = 1 / batches
  if is_zero(update):
    moved_mean = tf.convert_to_tensor(statistics['moving_mean'])
    moved_variance = tf.convert_to_tensor(statistics['moving_variance'])
  else:
    moved_mean, moved_variance = move_statistics(
      statistics, mean, variance, update
    )
  scale_max, shift_max = limits or (_RENORM_SCALE_MAX, _RENORM_SHIFT_MAX)
  moved_deviation = tf.sqrt(moved_variance + epsilon)
  scale = tf.sqrt(variance + epsilon) / moved_deviation
  scale = tf.clip_by_value(scale, 1 / scale_max, scale_max)
  shift = tf.clip_by_value(
    (mean - moved_mean) / moved_deviation, -shift_max, shift_max
  )
  return scale, shift


def move_statistics(
  statistics: Mapping[str, Any],
  mean: tf.Tensor,
  variance: tf.Tensor,
  update: Any,
) -> tuple[tf.Tensor, tf.Tensor]:
  """Moves moving statistics toward new moments; returns the moved ones.

  Args:
    statistics: the variables 'moving_mean' and 'moving_variance'.
    mean: float32 [channels].
    variance: float32 [channels].
    update: fraction by which they move.
  """
  moved = []
  for role, value in (('moving_mean', mean), ('moving_variance', variance)):
    # In this form a fraction of 1 forgets the old value to the last bit.
    moved.append(statistics[role] * (1.0 - update) + value * update)
    _assign(statistics[role], moved[-1])
  return tuple(moved)


def is_zero(update: Any) -> bool:
  """Whether a fraction is known to be 0 when the graph is traced."""
  return isinstance(update, float) and update == 0.0


def _fused_batch_norm(inputs, scale, offset, epsilon):
  """The stock kernel: several times faster than separate moments."""
  return tf.raw_ops.FusedBatchNormV3(
    x=inputs,
    scale=scale,
    offset=offset,
    mean=[],
    variance=[],
    epsilon=epsilon,
    is_training=True,
  )


def _assign(variable, value):
  """Assigns a value that is the same on every replica."""
  if tf.distribute.get_strategy().num_replicas_in_sync == 1:
    variable.assign(value)
    return

  def update(strategy, variable, value):
    strategy.extended.update(
      variable, lambda own, new: own.assign(new), args=(value,)
    )

  tf.distribute.get_replica_context().merge_call(
    update, args=(compat.tf_variable(variable), value)
  )
