"""PGGAN's discriminator, of one domain or of several (Karras et al. 2018).

Table 2 there, without normalization. By itself it judges images of one
domain. One for several domains shares everything but a vector of each, by
which it judges the features before the last layer, too: a projection (Miyato
& Koyama, "cGANs with Projection Discriminator", 2018, equation 4).
"""

import functools
from collections.abc import Sequence
from typing import Any

import keras
import tensorflow as tf

from tf_twingan.models import attention, layers, resolutions

_STDDEV_GROUP = 4


class Discriminator(keras.layers.Layer):
  """Judges images; every stage's block exists at once.

  Attributes:
    domains: those that it tells apart, in order; none if it is one domain's.
    projection: features to a score as an image of each of them, or None.
    attention: the SelfAttention, or None.
    attention_resolution: before which block it comes, px, or None.
  """

  def __init__(
    self,
    max_resolution: int,
    *,
    channels_base: int,
    channels_max: int,
    domains: Sequence[str] = (),
    attention_resolution: int | None = None,
    spectral_norm: bool = False,
    precision: str = 'float32',
    name: str | None = None,
  ):
    """Builds every block of every stage.

    Args:
      max_resolution: of the last stage, px; a power of two.
      channels_base: feature channels at 4 px before `channels_max` applies;
        halved at each finer resolution.
      channels_max: the most feature channels.
      domains: whose images it tells apart, if it judges several domains'.
      attention_resolution: let all places of an image look at each other
        before the block there, px; see `attention`. None for nowhere.
      spectral_norm: of every layer; see `spectral`.
      precision: dtype of the convolutions: 'float32', 'bfloat16', 'float16'.
      name: of the layer.
    """
    super().__init__(name=name or 'discriminator', autocast=False)
    self._precision = precision
    channels = resolutions.Channels(channels_base, channels_max)
    conv = functools.partial(layers.Conv, spectral_norm=spectral_norm)
    dense = functools.partial(layers.Dense, spectral_norm=spectral_norm)
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
    self.attention_resolution = attention.check(
      attention_resolution, max_resolution
    )
    self.attention: attention.SelfAttention | None = None
    if attention_resolution is not None:
      self.attention = attention.SelfAttention(
        channels(attention_resolution), spectral_norm=spectral_norm
      )

  def call(
    self,
    images: tf.Tensor,
    domains: Sequence[str] = (),
    *,
    resolution: int,
    alpha: Any = 1.0,
    group: int = 1,
    condition: tf.Tensor | None = None,
  ) -> tf.Tensor:
    """Scores images; high is real.

    Args:
      images: [batch, resolution, resolution, 3] in [-1, 1]; the batch is
        len(domains) equal parts, one after another.
      domains: whose images each part holds, static; some of `self.domains`,
        and none if it has none.
      resolution: of the stage, px, static.
      alpha: how far this stage is faded in.
      group: images that belong together, static, a divisor of each part;
        the minibatch standard deviation is taken over runs of the largest
        divisor of it up to four, so that real and generated images, or those
        of two domains, never share a run.
      condition: must be None, as pairs of images are not compared.

    Returns:
      float32 logits [batch], one for each image.

    Raises:
      ValueError: the domains are not named as they must be, or there is a
        condition.
    """
    if condition is not None:
      raise ValueError(
        'The progressive Discriminator scores single images, not pairs; set '
        'Trainer.discriminator to @PatchDiscriminator, and '
        'PatchDiscriminator.conditional to True.'
      )
    if bool(domains) != bool(self.domains):
      raise ValueError(
        f'This discriminator tells apart {list(self.domains)}, but is shown '
        f'images of {list(domains)}; name the domain of each part of the '
        'batch, of those that it was made for.'
      )
    features = self._features(
      images, resolution, alpha, until=resolutions.SMALLEST
    )
    features = self._attended(features, resolutions.SMALLEST)
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
    own = [s[:, self.domains.index(d)] for s, d in zip(scores, domains)]
    return logits + tf.concat(own, axis=0)

  def attention_map(
    self, images: tf.Tensor, *, resolution: int, alpha=1.0
  ) -> tf.Tensor:
    """Which places look where while images are judged.

    Args:
      images: [batch, resolution, resolution, 3] in [-1, 1].
      resolution: of the stage, static.
      alpha: how far this stage is faded in.

    Returns:
      float32 [batch, places, places], see `SelfAttention.map`; places are
      those of `attention_resolution`.

    Raises:
      ValueError: there is no attention in this stage.
    """
    last = attention.check_readable(self.attention_resolution, resolution)
    return self.attention.map(
      self._features(images, resolution, alpha, until=last)
    )

  def _features(self, images, resolution, alpha, *, until):
    """What arrives at a resolution, before the attention there."""
    images = tf.cast(images, self._precision)
    key = resolutions.block_name(resolution)
    features = layers.leaky_relu(self.from_rgb[key](images))
    for size in reversed(resolutions.up_to(resolution)):
      if size == until:
        break
      features = self._attended(features, size)
      for conv in self.blocks[resolutions.block_name(size)]:
        features = layers.leaky_relu(conv(features))
      features = layers.downsample(features)
      if size == resolution:
        coarse = self.from_rgb[resolutions.block_name(size // 2)](
          layers.downsample(images)
        )
        features = layers.fade(layers.leaky_relu(coarse), features, alpha)
    return features

  def _attended(self, features, size):
    if size != self.attention_resolution:
      return features
    return self.attention(features)
