"""A content code and skips to images (Twin-GAN 2018, PGGAN's generator).

Convolutions are shared by all domains; which domain is drawn is decided by
the normalization parameters alone.
"""

import functools
from collections.abc import Sequence

import keras
import tensorflow as tf

from tf_twingan.models import (
  attention,
  blocks,
  content_encoder,
  layers,
  resolutions,
)


class Generator(keras.layers.Layer):
  """The shared generator; every stage's block exists from the start.

  Attributes:
    blocks: {rung's name: its two normalized convolutions}.
    to_rgb: {rung's name: the convolution that draws there}.
    residual: whether each block's input, the skip included, is added to its
      output.
    shortcuts: {rung's name: the convolution it is added through}, where the
      two differ in width.
    attention: the SelfAttention, or None.
    attention_resolution: after which block it comes, px, or None.
    skip_resolutions: where the encoder's features come in, px.
    smooth: whether upsampling is bilinear.
    recompute: whether training runs each block again for its gradient.
  """

  def __init__(
    self,
    domains: Sequence[str],
    max_resolution: int,
    *,
    channels: resolutions.Channels,
    norm: str,
    pixel_norm: bool,
    skip_resolutions: Sequence[int],
    smooth: bool,
    residual: bool,
    spectral_norm: bool,
    condition_size: int | None,
    attention_resolution: int | None,
    to_rgb_size: int,
    recompute: bool = False,
    name: str = 'generator',
  ):
    super().__init__(name=name, autocast=False)
    self.skip_resolutions = frozenset(skip_resolutions)
    self.smooth = smooth
    self.residual = residual
    self.recompute = recompute
    options = dict(
      domains=domains,
      norm=norm,
      pixel_norm=pixel_norm,
      spectral_norm=spectral_norm,
      condition_size=condition_size,
    )
    self.blocks, self.shortcuts, self.to_rgb = {}, {}, {}
    for resolution in resolutions.up_to(max_resolution):
      key, width = resolutions.block_name(resolution), channels(resolution)
      below = channels(max(resolution // 2, resolutions.SMALLEST))
      # A skip is as wide as what the encoder hands down from here: `below`.
      incoming = below * (2 if resolution in self.skip_resolutions else 1)
      self.blocks[key] = [
        blocks.NormalizedConv(incoming, width, name=f'{key}_conv_1', **options),
        blocks.NormalizedConv(width, width, name=f'{key}_conv_2', **options),
      ]
      if residual and incoming != width:
        self.shortcuts[key] = blocks.shortcut(
          incoming, width, spectral_norm=spectral_norm, name=f'{key}_shortcut'
        )
      self.to_rgb[key] = layers.Conv(
        width,
        3,
        to_rgb_size,
        gain=1.0,
        spectral_norm=spectral_norm,
        name=f'to_rgb_{key}',
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
    encoding: content_encoder.Encoding,
    domains: Sequence[str],
    *,
    resolution: int,
    alpha=1.0,
    **mode,
  ) -> tf.Tensor:
    """Draws images.

    Args:
      encoding: of images of any domain; the batch is len(domains) equal
        parts, one after another.
      domains: the domain to draw each part in, static.
      resolution: of the stage, static.
      alpha: how far this stage is faded in. A Python 1.0 leaves the blending
        out of the graph.
      **mode: `training`, `statistics_update`, `condition` of the norm.

    Returns:
      float32 [batch, resolution, resolution, 3], about [-1, 1], not clipped.
    """
    features = encoding.content
    coarse: tf.Tensor | None = None
    for size in resolutions.up_to(resolution):
      if resolutions.SMALLEST < size == resolution and not (
        isinstance(alpha, float) and alpha == 1.0
      ):
        coarse = layers.upsample(
          self._rgb(features, resolutions.block_name(size // 2))
        )
      features = self._stage(features, size, encoding, domains, **mode)
      if size == self.attention_resolution:
        features = blocks.run(
          lambda inputs, domains, **mode: self.attention(*inputs),
          [features],
          domains,
          recompute=self.recompute,
          **mode,
        )
    images = self._rgb(features, resolutions.block_name(resolution))
    return images if coarse is None else layers.fade(coarse, images, alpha)

  def attention_map(
    self,
    encoding: content_encoder.Encoding,
    domains: Sequence[str],
    *,
    resolution: int,
    alpha=1.0,
    **mode,
  ) -> tf.Tensor:
    """Which places look where while images are drawn.

    Args:
      encoding: as for `call`.
      domains: as for `call`.
      resolution: as for `call`.
      alpha: as for `call`; attention comes before the blending.
      **mode: as for `call`.

    Returns:
      float32 [batch, places, places], see `SelfAttention.map`; places are
      those of `attention_resolution`.

    Raises:
      ValueError: there is no attention in this stage.
    """
    del alpha
    last = attention.check_readable(self.attention_resolution, resolution)
    features = encoding.content
    for size in resolutions.up_to(last):
      features = self._stage(features, size, encoding, domains, **mode)
    return self.attention.map(features)

  def _stage(self, features, size, encoding, domains, **mode):
    """From the stage before to what this one's block makes of it."""
    inputs = [features]
    if size in self.skip_resolutions:
      inputs.append(encoding.skips[size])
    return blocks.run(
      functools.partial(self._block, size),
      inputs,
      domains,
      recompute=self.recompute,
      **mode,
    )

  def _block(self, size, features_and_skip, domains, **mode):
    features, *skip = features_and_skip
    if size > resolutions.SMALLEST:
      upsample = layers.upsample_bilinear if self.smooth else layers.upsample
      features = upsample(features)
    if skip:
      features = tf.concat([features, *skip], axis=-1)
    key, inputs = resolutions.block_name(size), features
    for conv in self.blocks[key]:
      features = conv(features, domains, **mode)
    if not self.residual:
      return features
    return blocks.add(inputs, features, self.shortcuts.get(key))

  def _rgb(self, features, key):
    return self.to_rgb[key](tf.cast(features, tf.float32))
