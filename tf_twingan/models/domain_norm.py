"""Per-domain normalization: the only weights that a domain owns.

Twin-GAN shares every convolution between the domains and gives each domain
its own normalization parameters, after the conditional instance norm of
Dumoulin et al., "A Learned Representation for Artistic Style" (2017). Here
the condition is the domain's name, a Python constant, so a traced graph holds
the parameters of the domains it runs for and no others.

Batch norm (Ioffe & Szegedy 2015) normalizes with the moments of the batch
while training, so in a small batch an image's colours depend on its
neighbours'. Batch renorm (Ioffe 2017) corrects the values to what the moving
statistics would give, within limits, and lets gradients flow as in batch norm.

Instance norm (Ulyanov et al. 2016) measures each channel of each image;
layer norm (Ba et al. 2016) all channels of an image at once, over height,
width and channels: those are the units of a layer, and they keep what one
channel or one place has more of than another. Over the channels of a single
pixel it would nearly be what pixel norm does already. 'none' measures
nothing, but still multiplies and adds: without a scale and an offset a domain
would own nothing, and all domains would be drawn alike.

tensorflow_addons has instance and group norm, but with one scale and offset and
for one domain a call; here a packed batch holds several, each with its own.

A condition (a style code, attributes) may move scale and offset further, by a
dense layer on its direction, as in adaptive instance norm (Huang & Belongie
2017), but beside the domain's own: the layer starts at zero, so that without a
condition, or before any training, a domain is drawn as ever. It is shared by
the domains, as a condition means the same in each.

The statistics used for inference are estimated when they are needed, with the
weights that will be used (`statistics_update`), because those of averaged
(EMA) weights are not the average of the live ones.
"""

import functools
from collections.abc import Sequence

import keras
import tensorflow as tf

from tf_twingan.models import gradient_checkpointing

KINDS = ('batch', 'batch_renorm', 'instance', 'layer', 'none')
# Those that keep moving statistics.
_BATCH_KINDS = ('batch', 'batch_renorm')
# What the others measure, of [parts, batch, h, w, c].
_AXES = {'instance': [2, 3], 'layer': [2, 3, 4]}

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


class DomainNorm(keras.layers.Layer):
  """Normalizes a packed batch, each domain's part by its own parameters.

  Attributes:
    parameters: {domain: {'scale', 'offset'[, 'moving_mean',
      'moving_variance'[, 'batches']]}}, float32 [channels] each, and how many
      batches the moving statistics have seen. They exist for the batch kinds
      and are not trainable.
    kind: one of KINDS.
    is_constant: whether inference multiplies and adds constants, rather than
      measuring each image.
    condition_kernel: float32 [condition_size, 2 * channels], of what is added
      to scales, then to offsets; or None.
    epsilon: added to each variance.
  """

  def __init__(
    self,
    domains: Sequence[str],
    channels: int,
    *,
    kind: str = 'batch',
    condition_size: int | None = None,
    epsilon: float = 1e-4,
    name: str | None = None,
  ):
    super().__init__(name=name, autocast=False)
    if kind not in KINDS:
      raise ValueError(
        f'Unknown normalization {kind!r}; choose one of {", ".join(KINDS)}.'
      )
    self.kind = kind
    self.is_constant = kind not in _AXES
    self.epsilon = epsilon
    self.parameters = {d: self._make(d, channels) for d in domains}
    self.condition_kernel = None
    if condition_size:
      self.condition_kernel = self.add_weight(
        shape=(condition_size, 2 * channels),
        initializer='zeros',
        name='condition_kernel',
      )

  def _make(self, domain, channels):
    roles = {'scale': ('ones', True), 'offset': ('zeros', True)}
    if self.kind in _BATCH_KINDS:
      roles['moving_mean'] = ('zeros', False)
      roles['moving_variance'] = ('ones', False)
    if self.kind == 'batch_renorm':
      roles['batches'] = ('zeros', False)
    return {
      role: self.add_weight(
        shape=() if role == 'batches' else (channels,),
        initializer=initializer,
        trainable=trainable,
        name=f'{domain}_{role}',
      )
      for role, (initializer, trainable) in roles.items()
    }

  def call(
    self,
    inputs: tf.Tensor,
    domains: Sequence[str],
    *,
    training: bool = False,
    statistics_update: tf.Tensor | None = None,
    condition: tf.Tensor | None = None,
    limits: tuple[tf.Tensor, tf.Tensor] | None = None,
    once: gradient_checkpointing.RunOnce = gradient_checkpointing.run_once,
  ) -> tf.Tensor:
    """Normalizes, scales and shifts.

    Args:
      inputs: NHWC; the batch is len(domains) equal parts, one after another.
      domains: the domain of each part, static; a name may come twice.
      training: use the moments of each part (batch norm). The kinds without
        statistics do the same in both modes.
      statistics_update: batch norm in training only. Moves the moving
        statistics by this fraction toward the moments of the batch: 1/n on
        the n-th batch makes them the plain average of all batches, 0 leaves
        them. By default batch norm leaves them, and batch renorm moves them
        as its class says.
      condition: [as many as inputs, condition_size], one for each image; of
        any length, as only its direction counts. None adds nothing.
      limits: batch renorm in training only; see `renorm_limits`. By default
        they are fixed.
      once: by which statistics are moved, and what follows from them is taken;
        see `recomputation`.

    Returns:
      A tensor like `inputs`.

    Raises:
      ValueError: the condition is not of the size that the norm was made for.
    """
    owns = [self.parameters[d] for d in domains]
    mode = dict(
      training=training,
      statistics_update=statistics_update,
      limits=limits,
      once=once,
    )
    if condition is None:
      return self._normalize(inputs, owns, **mode)
    # Each image then has a scale and an offset of its own.
    plain = [
      {
        **own,
        'scale': tf.ones([inputs.shape[-1]]),
        'offset': tf.zeros([inputs.shape[-1]]),
      }
      for own in owns
    ]
    outputs = self._normalize(inputs, plain, **mode)
    scale, offset = self._conditioned(owns, condition)
    parts = tf.cast(self._parts(outputs, owns), tf.float32)
    outputs = tf.cast(parts * scale + offset, inputs.dtype)
    return tf.reshape(outputs, tf.shape(inputs))

  def _conditioned(self, owns, condition):
    """Scale and offset, [parts, batch, 1, 1, channels] each."""
    size = 0
    if self.condition_kernel is not None:
      size = self.condition_kernel.shape[0]
    if len(condition.shape) != 2 or condition.shape[-1] != size:
      raise ValueError(
        f'A condition of shape {tuple(condition.shape)} is given to a norm of '
        f'condition_size {size or None}; give [images, condition_size], or '
        'none at all.'
      )
    direction = tf.math.l2_normalize(tf.cast(condition, tf.float32), axis=-1)
    added = tf.linalg.matmul(direction, self.condition_kernel)
    added = tf.reshape(added, [len(owns), -1, 1, 1, added.shape[-1]])
    return (
      self._stack(owns, role) + more
      for role, more in zip(('scale', 'offset'), tf.split(added, 2, axis=-1))
    )

  def _normalize(
    self, inputs, owns, *, training, statistics_update, limits, once
  ):
    """Each part by the parameters of its domain."""
    if self.kind in _AXES:
      parts = self._parts(inputs, owns)
      return self._affine(inputs, owns, *_moments(parts, _AXES[self.kind]))
    if not training or self.kind == 'none':
      return self._affine(inputs, owns, *self._constants(owns))
    outputs = []
    for own, part in zip(owns, tf.split(inputs, len(owns))):
      if self.kind == 'batch_renorm':
        scale, shift = once(
          functools.partial(
            self._correction, part, own, statistics_update, limits
          )
        )
        outputs.append(
          self._normalized(
            part, own['scale'] * scale, own['offset'] + own['scale'] * shift
          )
        )
        continue
      if statistics_update is not None and not _is_zero(statistics_update):
        once(functools.partial(self._follow, part, own, statistics_update))
      outputs.append(self._normalized(part, own['scale'], own['offset']))
    return tf.concat(outputs, axis=0)

  def _parts(self, inputs, owns):
    """[parts * batch, h, w, c] -> [parts, batch, h, w, c]."""
    return tf.reshape(inputs, [len(owns), -1, *inputs.shape[1:]])

  def _stack(self, owns, role):
    """A parameter of each part: [parts, 1, 1, 1, channels]."""
    rows = [tf.convert_to_tensor(own[role]) for own in owns]
    return tf.stack(rows)[:, None, None, None, :]

  def affine(self, domain: str) -> tuple[tf.Tensor, tf.Tensor]:
    """What inference multiplies by and adds, float32 [channels] each.

    It folds into the convolution before it.

    Raises:
      ValueError: it is not constant, see `is_constant`.
    """
    if not self.is_constant:
      raise ValueError(f'{self.kind} norm is no constant affine map.')
    owns = [self.parameters[domain]]
    multiplier, shift = self._multiplier_and_shift(owns, *self._constants(owns))
    return tf.reshape(multiplier, [-1]), tf.reshape(shift, [-1])

  def _constants(self, owns):
    """Mean and variance that inference normalizes by, of each part."""
    if self.kind == 'none':
      return None, None
    return (
      self._stack(owns, 'moving_mean'),
      self._stack(owns, 'moving_variance'),
    )

  def _multiplier_and_shift(self, owns, mean, variance):
    scale, offset = (self._stack(owns, r) for r in ('scale', 'offset'))
    if mean is None:
      return scale, offset
    multiplier = scale * tf.math.rsqrt(variance + self.epsilon)
    return multiplier, offset - mean * multiplier

  def _affine(self, inputs, owns, mean, variance):
    """One multiplication and one addition."""
    multiplier, shift = self._multiplier_and_shift(owns, mean, variance)
    # In float32: where a mean is large, the two terms nearly cancel.
    parts = tf.cast(self._parts(inputs, owns), tf.float32)
    outputs = tf.cast(parts * multiplier + shift, inputs.dtype)
    return tf.reshape(outputs, tf.shape(inputs))

  def _normalized(self, part, scale, offset):
    """Batch norm of one part, with the moments over all replicas."""
    scale, offset = tf.convert_to_tensor(scale), tf.convert_to_tensor(offset)
    if tf.distribute.get_strategy().num_replicas_in_sync == 1:
      return self._fused(part, scale, offset).y
    mean, variance = _moments(part, [0, 1, 2], synchronize=True)
    multiplier = scale * tf.math.rsqrt(variance + self.epsilon)
    shift = offset - mean * multiplier
    outputs = tf.cast(part, tf.float32) * multiplier + shift
    return tf.cast(outputs, part.dtype)

  def _correction(self, part, own, fraction, limits):
    """Batch renorm's r and d of one part (Ioffe 2017, algorithm 1).

    Unlike there the statistics are moved before they are used, so the very
    first batch is normalized by its own moments.
    """
    mean, variance = self._batch_moments(part)
    if fraction is None:
      batches = tf.minimum(own['batches'] + 1.0, _RENORM_BATCHES)
      _assign(own['batches'], batches)
      fraction = 1 / batches
    if _is_zero(fraction):
      moved_mean = tf.convert_to_tensor(own['moving_mean'])
      moved_variance = tf.convert_to_tensor(own['moving_variance'])
    else:
      moved_mean, moved_variance = _move(own, mean, variance, fraction)
    scale_max, shift_max = limits or (_RENORM_SCALE_MAX, _RENORM_SHIFT_MAX)
    moved_deviation = tf.sqrt(moved_variance + self.epsilon)
    scale = tf.sqrt(variance + self.epsilon) / moved_deviation
    scale = tf.clip_by_value(scale, 1 / scale_max, scale_max)
    shift = tf.clip_by_value(
      (mean - moved_mean) / moved_deviation, -shift_max, shift_max
    )
    return scale, shift

  def _follow(self, part, own, fraction):
    """Moves the statistics toward the moments of one part."""
    return _move(own, *self._batch_moments(part), fraction)

  def _batch_moments(self, part):
    """Mean and variance of one part, over all replicas; no gradient."""
    part = tf.stop_gradient(part)
    if tf.distribute.get_strategy().num_replicas_in_sync > 1:
      return (
        tf.reshape(m, [-1]) for m in _moments(part, [0, 1, 2], synchronize=True)
      )
    # The fused kernel is the fastest way to the moments, too.
    ones = tf.ones([part.shape[-1]])
    result = self._fused(part, ones, tf.zeros_like(ones))
    # Its variance is the unbiased one; it normalizes by the other.
    count = tf.cast(tf.size(part) // part.shape[-1], tf.float32)
    return result.batch_mean, result.batch_variance * (count - 1) / count

  def _fused(self, part, scale, offset):
    """The stock kernel: several times faster than separate moments."""
    return tf.raw_ops.FusedBatchNormV3(
      x=part,
      scale=scale,
      offset=offset,
      mean=[],
      variance=[],
      epsilon=self.epsilon,
      is_training=True,
    )


def _is_zero(fraction):
  return isinstance(fraction, float) and fraction == 0.0


def _move(own, mean, variance, fraction):
  """Moves moving statistics toward new moments; returns the moved ones."""
  moved = []
  for role, value in (('moving_mean', mean), ('moving_variance', variance)):
    # In this form a fraction of 1 forgets the old value to the last bit.
    moved.append(own[role] * (1.0 - fraction) + value * fraction)
    _assign(own[role], moved[-1])
  return moved


def _assign(variable, value):
  """Assigns a value that is the same on every replica."""
  if tf.distribute.get_strategy().num_replicas_in_sync == 1:
    variable.assign(value)
    return

  def update(strategy, variable, value):
    strategy.extended.update(
      variable, lambda own, new: own.assign(new), args=(value,)
    )

  tf.distribute.get_replica_context().merge_call(update, args=(variable, value))


def _moments(parts, axes, synchronize=False):
  """Mean and variance in float32; over all replicas if `synchronize`."""
  mean, variance = tf.nn.moments(
    tf.cast(parts, tf.float32), axes, keepdims=True
  )
  if synchronize:
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
