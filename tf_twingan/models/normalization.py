"""Per-domain normalization: the only weights that a domain owns.

Twin-GAN shares every convolution between the domains and gives each domain
its own normalization parameters, after the conditional instance norm of
Dumoulin et al., "A Learned Representation for Artistic Style" (2017). Here
the condition is the domain's name, a Python constant, so a traced graph holds
the parameters of the domains it runs for and no others.

Batch norm (Ioffe & Szegedy 2015) normalizes with the moments of the batch
while training. Its moving statistics are not updated by training steps: they
are estimated when they are needed, with the weights that will be used
(`statistics_update`), because those of averaged (EMA) weights are not the
average of the live ones.
"""

from collections.abc import Sequence

import keras
import tensorflow as tf

from tf_twingan.models import layers

KINDS = ('batch', 'instance')


class DomainNorm(keras.layers.Layer):
  """Normalizes a packed batch, each domain's part by its own parameters.

  Attributes:
    parameters: {domain: {'scale', 'offset'[, 'moving_mean',
      'moving_variance']}}, float32 [channels] each; the moving statistics
      exist for kind 'batch' and are not trainable.
  """

  def __init__(
    self,
    domains: Sequence[str],
    channels: int,
    *,
    kind: str = 'batch',
    epsilon: float = 1e-4,
    name: str | None = None,
  ):
    super().__init__(name=name, autocast=False)
    if kind not in KINDS:
      raise ValueError(
        f'Unknown normalization {kind!r}; choose one of {", ".join(KINDS)}.'
      )
    self._kind = kind
    self._epsilon = epsilon
    self.parameters = {d: self._make(d, channels) for d in domains}

  def _make(self, domain, channels):
    roles = {'scale': ('ones', True), 'offset': ('zeros', True)}
    if self._kind == 'batch':
      roles['moving_mean'] = ('zeros', False)
      roles['moving_variance'] = ('ones', False)
    return {
      role: self.add_weight(
        shape=(channels,),
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
  ) -> tf.Tensor:
    """Normalizes, scales and shifts.

    Args:
      inputs: NHWC; the batch is len(domains) equal parts, one after another.
      domains: the domain of each part, static; a name may come twice.
      training: use the moments of each part (batch norm). Instance norm does
        the same in both modes.
      statistics_update: batch norm in training only. Moves the moving
        statistics by this fraction toward the moments of the batch: 1/n on
        the n-th batch makes them the plain average of all batches.

    Returns:
      A tensor like `inputs`.
    """
    if self._kind == 'instance':
      parts = self._parts(inputs, domains)
      return self._affine(inputs, domains, *_moments(parts, [2, 3]))
    if not training:
      return self._affine(
        inputs,
        domains,
        self._stack(domains, 'moving_mean'),
        self._stack(domains, 'moving_variance'),
      )
    if tf.distribute.get_strategy().num_replicas_in_sync > 1:
      moments = _moments(
        self._parts(inputs, domains), [1, 2, 3], synchronize=True
      )
      return self._affine(inputs, domains, *moments)
    return self._fused(inputs, domains, statistics_update)

  def _parts(self, inputs, domains):
    """[parts * batch, h, w, c] -> [parts, batch, h, w, c]."""
    return tf.reshape(inputs, [len(domains), -1, *inputs.shape[1:]])

  def _stack(self, domains, role):
    """A parameter of each part: [parts, 1, 1, 1, channels]."""
    rows = [tf.convert_to_tensor(self.parameters[d][role]) for d in domains]
    return tf.stack(rows)[:, None, None, None, :]

  def _affine(self, inputs, domains, mean, variance):
    """One multiplication and one addition: it folds into a convolution."""
    multiplier = self._stack(domains, 'scale') * tf.math.rsqrt(
      variance + self._epsilon
    )
    shift = self._stack(domains, 'offset') - mean * multiplier
    outputs = self._parts(inputs, domains) * tf.cast(
      multiplier, inputs.dtype
    ) + tf.cast(shift, inputs.dtype)
    return tf.reshape(outputs, tf.shape(inputs))

  def _fused(self, inputs, domains, statistics_update):
    """The stock kernel, part by part: several times faster than moments."""
    outputs = []
    for domain, part in zip(domains, tf.split(inputs, len(domains))):
      own = self.parameters[domain]
      result = tf.raw_ops.FusedBatchNormV3(
        x=part,
        scale=tf.convert_to_tensor(own['scale']),
        offset=tf.convert_to_tensor(own['offset']),
        mean=[],
        variance=[],
        epsilon=self._epsilon,
        is_training=True,
      )
      outputs.append(result.y)
      if statistics_update is not None:
        for role, value in (
          ('moving_mean', result.batch_mean),
          ('moving_variance', result.batch_variance),
        ):
          old = tf.convert_to_tensor(own[role])
          own[role].assign(old + (value - old) * statistics_update)
    return tf.concat(outputs, axis=0)


class NormalizedConv(keras.layers.Layer):
  """Convolution, per-domain norm, leaky ReLU, pixel norm, in this order."""

  def __init__(
    self,
    in_channels: int,
    out_channels: int,
    size: int = 3,
    *,
    domains: Sequence[str],
    norm: str,
    pixel_norm: bool,
    name: str | None = None,
  ):
    super().__init__(name=name, autocast=False)
    # The norm's offset does what a bias would.
    self.conv = layers.Conv(
      in_channels, out_channels, size, use_bias=False, name='conv'
    )
    self.norm = DomainNorm(domains, out_channels, kind=norm, name='norm')
    self._pixel_norm = pixel_norm

  def call(
    self, inputs: tf.Tensor, domains: Sequence[str], **mode
  ) -> tf.Tensor:
    """NHWC to NHWC; `domains` and `mode` as for `DomainNorm.call`."""
    outputs = layers.leaky_relu(self.norm(self.conv(inputs), domains, **mode))
    return layers.pixel_norm(outputs) if self._pixel_norm else outputs


def _moments(parts, axes, synchronize=False):
  """Mean and variance in float32; over all replicas if `synchronize`."""
  parts = tf.cast(parts, tf.float32)
  mean = tf.reduce_mean(parts, axes, keepdims=True)
  power = tf.reduce_mean(tf.square(parts), axes, keepdims=True)
  if synchronize:
    replica = tf.distribute.get_replica_context()
    mean, power = replica.all_reduce(tf.distribute.ReduceOp.MEAN, [mean, power])
  return mean, power - tf.square(mean)
