"""Per-domain normalization: the only weights that a domain owns.

Twin-GAN shares every convolution between the domains and gives each domain
its own normalization parameters, after the conditional instance norm of
Dumoulin et al., "A Learned Representation for Artistic Style" (2017). Here
the condition is the domain's name, a Python constant, so a traced graph holds
the parameters of the domains it runs for and no others. The formulas are those
of `norms`; the kind 'none' normalizes nothing, but still multiplies and adds:
without a scale and an offset a domain would own nothing, and all domains would
look alike.

tensorflow_addons has instance and group norm, but with one scale and offset and
for one domain a call; here a packed batch holds several, each with its own.

A condition (a style code, attributes) may move scale and offset further, by a
dense layer on its direction, as in adaptive instance norm (Huang & Belongie
2017), but beside the domain's own: the layer starts at zero, so that without a
condition, or before any training, nothing is added. It is shared by the
domains, as a condition means the same in each.

Between domains lie their mixtures: the parameters of several, averaged, make
images that have something of each, as in section 3.3 of Dumoulin et al.

The statistics used for inference are estimated when they are needed, with the
weights that will be used (`statistics_update`), because those of averaged
(EMA) weights are not the average of the live ones.
"""

import functools
from collections.abc import Mapping, Sequence

import tensorflow as tf

from tf_twingan.models import base_layer, configs, gradient_checkpointing, norms

# Those that keep moving statistics.
_BATCH_KINDS = ('batch', 'batch_renorm')


class DomainNorm(base_layer.BaseLayer):
  """Normalizes a packed batch, each domain's part with its own parameters.

  Attributes:
    parameters: {domain: {'scale', 'offset'[, 'moving_mean',
      'moving_variance'[, 'batches']]}}, float32 [channels] each, and how many
      batches the moving statistics have seen. They exist for the batch kinds
      and are not trainable.
    kind: one of `configs.NORMS`.
    is_constant: whether inference multiplies and adds constants, rather than
      take the moments of each image.
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
    super().__init__(name=name)
    if kind not in configs.NORMS:
      raise ValueError(
        f'Unknown normalization {kind!r}; choose one of '
        f'{", ".join(configs.NORMS)}.'
      )
    self.kind = kind
    self.is_constant = kind not in norms.IMAGE_AXES
    self.epsilon = epsilon
    self.parameters = {d: self._add_parameters(d, channels) for d in domains}
    self.condition_kernel = None
    if condition_size:
      self.condition_kernel = self.add_weight(
        shape=(condition_size, 2 * channels),
        initializer='zeros',
        name='condition_kernel',
      )

  def _add_parameters(self, domain, channels):
    roles = {'scale': ('ones', True), 'offset': ('zeros', True)}
    if self.kind in _BATCH_KINDS:
      roles['moving_mean'] = ('zeros', False)
      roles['moving_variance'] = ('ones', False)
    if self.kind == 'batch_renorm':
      roles['batches'] = ('zeros', False)
    return {
      role: self.add_named_weight(
        f'{domain}_{role}',
        shape=() if role == 'batches' else (channels,),
        initializer=initializer,
        trainable=trainable,
      )
      for role, (initializer, trainable) in roles.items()
    }

  def call(
    self,
    inputs: tf.Tensor,
    *,
    domains: Sequence[str],
    training: bool = False,
    statistics_update: tf.Tensor | None = None,
    condition: tf.Tensor | None = None,
    mix: Mapping[str, tf.Tensor] | None = None,
    limits: tuple[tf.Tensor, tf.Tensor] | None = None,
    run_once: gradient_checkpointing.RunOnce = gradient_checkpointing.run_once,
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
        by `norms.renorm_correction`.
      condition: [batch, condition_size], one for each image; of any length,
        as only its direction counts. None adds nothing.
      mix: {domain: its share}, float32 scalars that sum to 1; not in training.
        Every part is normalized with the averages of these domains' parameters
        instead of with those of its own.
      limits: batch renorm in training only; see `norms.renorm_limits`. By
        default they are fixed.
      run_once: runs what changes statistics, once for both passes of a block
        that is recomputed; see `gradient_checkpointing`.

    Returns:
      A tensor like `inputs`.

    Raises:
      ValueError: the condition is not of the size that the norm was made for,
        or domains are mixed in training.
    """
    parameters = [self.parameters[d] for d in domains]
    if mix is not None:
      if training:
        raise ValueError('Domains are mixed in translations, not in training.')
      parameters = [self._mixed(mix)] * len(domains)
    mode = dict(
      training=training,
      statistics_update=statistics_update,
      limits=limits,
      run_once=run_once,
    )
    if condition is None:
      return self._normalize(inputs, parameters, **mode)
    # Each image then has a scale and an offset of its own.
    neutral = [
      {
        **part,
        'scale': tf.ones([inputs.shape[-1]]),
        'offset': tf.zeros([inputs.shape[-1]]),
      }
      for part in parameters
    ]
    outputs = self._normalize(inputs, neutral, **mode)
    scale, offset = self._conditioned(parameters, condition)
    parts = tf.cast(_split_batch(outputs, len(parameters)), tf.float32)
    outputs = tf.cast(parts * scale + offset, inputs.dtype)
    return tf.reshape(outputs, tf.shape(inputs))

  def affine(self, domain: str) -> tuple[tf.Tensor, tf.Tensor]:
    """What inference multiplies by and adds, float32 [channels] each.

    It folds into the convolution before it.

    Raises:
      ValueError: it is not constant, see `is_constant`.
    """
    if not self.is_constant:
      raise ValueError(f'{self.kind} norm is no constant affine map.')
    parameters = [self.parameters[domain]]
    multiplier, shift = self._multiplier_and_shift(
      parameters, *self._moving_statistics(parameters)
    )
    return tf.reshape(multiplier, [-1]), tf.reshape(shift, [-1])

  def _mixed(self, mix):
    """The averages of several domains' parameters."""
    roles = next(iter(self.parameters.values()))
    return {
      role: tf.add_n(
        [
          share * tf.convert_to_tensor(self.parameters[domain][role])
          for domain, share in mix.items()
        ]
      )
      for role in roles
    }

  def _conditioned(self, parameters, condition):
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
    added = tf.reshape(added, [len(parameters), -1, 1, 1, added.shape[-1]])
    return (
      _stack(parameters, role) + more
      for role, more in zip(('scale', 'offset'), tf.split(added, 2, axis=-1))
    )

  def _normalize(
    self, inputs, parameters, *, training, statistics_update, limits, run_once
  ):
    """Normalizes each part with the parameters of its domain."""
    if self.kind in norms.IMAGE_AXES:
      parts = _split_batch(inputs, len(parameters))
      moments = norms.moments(parts, norms.IMAGE_AXES[self.kind])
      return self._affine(inputs, parameters, *moments)
    if not training or self.kind == 'none':
      moments = self._moving_statistics(parameters)
      return self._affine(inputs, parameters, *moments)
    outputs = []
    for own, part in zip(parameters, tf.split(inputs, len(parameters))):
      scale, offset = own['scale'], own['offset']
      if self.kind == 'batch_renorm':
        r, d = run_once(
          functools.partial(
            norms.renorm_correction,
            part,
            own,
            update=statistics_update,
            limits=limits,
            epsilon=self.epsilon,
          )
        )
        scale, offset = scale * r, offset + scale * d
      elif statistics_update is not None and not norms.is_zero(
        statistics_update
      ):
        run_once(functools.partial(self._follow, part, own, statistics_update))
      outputs.append(norms.batch_norm(part, scale, offset, self.epsilon))
    return tf.concat(outputs, axis=0)

  def _follow(self, part, own, update):
    """Moves the statistics toward the moments of one part."""
    moments = norms.batch_moments(part, self.epsilon)
    return norms.move_statistics(own, *moments, update)

  def _moving_statistics(self, parameters):
    """Mean and variance that inference normalizes by, of each part."""
    if self.kind == 'none':
      return None, None
    return (
      _stack(parameters, 'moving_mean'),
      _stack(parameters, 'moving_variance'),
    )

  def _multiplier_and_shift(self, parameters, mean, variance):
    scale, offset = (_stack(parameters, r) for r in ('scale', 'offset'))
    if mean is None:
      return scale, offset
    return norms.multiplier_and_shift(
      scale, offset, mean, variance, self.epsilon
    )

  def _affine(self, inputs, parameters, mean, variance):
    """One multiplication and one addition."""
    multiplier, shift = self._multiplier_and_shift(parameters, mean, variance)
    # In float32: where a mean is large, the two terms nearly cancel.
    parts = tf.cast(_split_batch(inputs, len(parameters)), tf.float32)
    outputs = tf.cast(parts * multiplier + shift, inputs.dtype)
    return tf.reshape(outputs, tf.shape(inputs))


def _split_batch(inputs, parts):
  """[parts * batch, h, w, c] -> [parts, batch, h, w, c]."""
  return tf.reshape(inputs, [parts, -1, *inputs.shape[1:]])


def _stack(parameters, role):
  """One parameter of each part: [parts, 1, 1, 1, channels]."""
  rows = [tf.convert_to_tensor(own[role]) for own in parameters]
  return tf.stack(rows)[:, None, None, None, :]
