"""PGGAN's discriminator, of one domain or of several (Karras et al. 2018).

Table 2 there, without normalization. Unless domains are given it scores the
images of a single one. A discriminator of several domains shares all weights
but a vector for each domain, whose product with the features before the last
layer is added to the logit: a projection (Miyato & Koyama, "cGANs with
Projection Discriminator", 2018, equation 4).
"""

import functools
from collections.abc import Sequence
from typing import Any

import tensorflow as tf

from tf_twingan.models import (
  attention,
  base_layer,
  configs,
  layers,
  resolutions,
  stages,
)

_STDDEV_GROUP = 4


class Discriminator(base_layer.BaseLayer):
  """Scores images; every stage's block exists from the start.

  Attributes:
    domains: names of those that it tells apart, in order; empty if it is of a
      single domain.
    projection: the layer from features to a score for each domain, or None.
    attention: the SelfAttention, or None.
    attention_resolution: px; it comes before the block there. Or None.
  """

  @configs.takes_options(configs.DiscriminatorConfig)
  def __init__(
    self,
    max_resolution: int,
    *,
    config: configs.DiscriminatorConfig,
    domains: Sequence[str] = (),
    precision: str = 'float32',
    name: str | None = None,
  ):
    """Builds every block of every stage.

    Args:
      max_resolution: of the last stage, px; a power of two.
      config: its options.
      domains: names of the domains that it tells apart, if it is to score the
        images of several.
      precision: dtype of the convolutions: 'float32', 'bfloat16', 'float16'.
      name: layer name.
    """
    super().__init__(name=name or 'discriminator')
    config.check_fits(max_resolution)
    self._precision = precision
    channels = config.channels
    conv = functools.partial(layers.Conv, spectral_norm=config.spectral_norm)
    dense = functools.partial(layers.Dense, spectral_norm=config.spectral_norm)
    self.from_rgb, self.blocks = {}, {}
    for resolution in resolutions.up_to(max_resolution):
      key, width = resolutions.block_name(resolution), channels(resolution)
      self.from_rgb[key] = conv(3, width, 1, name=f'from_rgb_{key}')
      if resolution > resolutions.SMALLEST:
        self.blocks[key] = [
          conv(width, width, name=f'{key}_conv_1'),
          conv(width, channels(resolution // 2), name=f'{key}_conv_2'),
        ]
    width = channels(resolutions.SMALLEST)
    self.last_conv = conv(width + 1, width, name='4px_conv')
    self.hidden = dense(width * resolutions.SMALLEST**2, width, name='hidden')
    self.logit = dense(width, 1, gain=1.0, name='logit')
    self.domains = tuple(domains)
    self.projection = None
    if self.domains:
      self.projection = dense(
        width, len(self.domains), gain=1.0, use_bias=False, name='projection'
      )
    self.attention_resolution = config.attention_resolution
    self.attention = attention.from_config(config)

  def call(
    self,
    images: tf.Tensor,
    *,
    domains: Sequence[str] = (),
    resolution: int,
    alpha: Any = 1.0,
    group: int = 1,
    condition: tf.Tensor | None = None,
  ) -> tf.Tensor:
    """Scores images; high is real.

    Args:
      images: [batch, resolution, resolution, 3] in [-1, 1]; the batch is
        len(domains) equal parts, one after another.
      domains: the domain of each part, static; some of `self.domains`, and
        none if it has none.
      resolution: of the stage, px, static.
      alpha: how far this stage is faded in; see `stages.is_fading`.
      group: images that belong together, static, a divisor of each part;
        the minibatch standard deviation is taken over runs of the largest
        divisor of it up to four, so that real and generated images, or those
        of two domains, never share a run.
      condition: must be None, as it does not score pairs of images.

    Returns:
      float32 logits [batch], one for each image.

    Raises:
      ValueError: domains are missing or too many, or there is a condition.
    """
    if condition is not None:
      raise ValueError(
        'The progressive Discriminator scores single images, not pairs; set '
        'Trainer.discriminator to @PatchDiscriminator, and '
        'PatchDiscriminator.conditional to True.'
      )
    if bool(domains) != bool(self.domains):
      raise ValueError(
        f'This discriminator tells apart {list(self.domains)}, but is given '
        f'images of {list(domains)}; name the domain of each part of the '
        'batch, of those that it was made for.'
      )
    features = self._features(images, resolution, alpha)
    features = self._attend(features, resolutions.SMALLEST)
    run = next(n for n in range(_STDDEV_GROUP, 0, -1) if group % n == 0)
    features = layers.minibatch_stddev(features, run)
    features = layers.leaky_relu(self.last_conv(features))
    features = tf.reshape(
      features, [-1, features.shape[1] * features.shape[2] * features.shape[3]]
    )
    features = layers.leaky_relu(self.hidden(features))
    features = tf.cast(features, tf.float32)
    logits = self.logit(features)[:, 0]
    if self.projection is None:
      return logits
    scores = tf.split(self.projection(features), len(domains))
    of_domains = [s[:, self.domains.index(d)] for s, d in zip(scores, domains)]
    return logits + tf.concat(of_domains, axis=0)

  def attention_map(
    self, images: tf.Tensor, *, resolution: int, alpha: Any = 1.0
  ) -> tf.Tensor:
    """How much each position attends to each other one, while scoring.

    Args:
      images: [batch, resolution, resolution, 3] in [-1, 1].
      resolution: of the stage, px, static.
      alpha: how far this stage is faded in.

    Returns:
      float32 [batch, positions, positions], see `SelfAttention.map`; positions
      are those of `attention_resolution`.

    Raises:
      ValueError: there is no attention in this stage.
    """
    last = attention.check_active(self.attention_resolution, resolution)
    return self.attention.map(
      self._features(images, resolution, alpha, until=last)
    )

  def _features(self, images, resolution, alpha, until=resolutions.SMALLEST):
    """The features at a resolution, before the attention there."""

    def from_rgb(images, size):
      conv = self.from_rgb[resolutions.block_name(size)]
      return layers.leaky_relu(conv(images))

    def block(features, size):
      features = self._attend(features, size)
      for conv in self.blocks[resolutions.block_name(size)]:
        features = layers.leaky_relu(conv(features))
      return features

    return stages.walk_down(
      tf.cast(images, self._precision),
      resolution=resolution,
      alpha=alpha,
      from_rgb=from_rgb,
      block=block,
      until=until,
    )

  def _attend(self, features, size):
    if size != self.attention_resolution:
      return features
    return self.attention(features)
