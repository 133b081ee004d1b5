"""Generator: a content code and U-Net skips to images.

PGGAN's generator (Karras et al. 2018), normalized per domain (Twin-GAN, 2018):
convolutions are shared by all domains, and the normalization parameters alone
decide which domain an image is generated in.
"""

import functools
from collections.abc import Sequence
from typing import Any

import tensorflow as tf

from tf_twingan.models import (
  attention,
  base_layer,
  blocks,
  configs,
  content_encoder,
  layers,
  resolutions,
  stages,
)


class Generator(base_layer.BaseLayer):
  """The shared generator; every stage's block exists from the start.

  Attributes:
    blocks: {block name: its two normalized convolutions}.
    to_rgb: {block name: the convolution that outputs images}.
    residual: whether each block's input, the skip included, is added to its
      output.
    shortcuts: {block name: the convolution that the input is added through},
      where the widths differ.
    attention: the SelfAttention, or None.
    attention_resolution: px; it comes after the block there. Or None.
    skip_resolutions: where the encoder's features come in, px.
    smooth: whether upsampling is bilinear.
  """

  def __init__(
    self,
    domains: Sequence[str],
    max_resolution: int,
    config: configs.GeneratorConfig,
    *,
    skip_resolutions: Sequence[int] = (),
    condition_size: int | None = None,
    name: str = 'generator',
  ):
    """Builds every block of every stage.

    Args:
      domains: names of the domains that the norms tell apart.
      max_resolution: of the last stage, px; a power of two.
      config: options of the model.
      skip_resolutions: where the encoder's features come in, px.
      condition_size: numbers in a condition of the norms, or None.
      name: layer name.
    """
    super().__init__(name=name)
    self._recompute = config.recompute
    self.skip_resolutions = frozenset(skip_resolutions)
    self.smooth = config.smooth
    self.residual = config.residual
    conv = functools.partial(
      blocks.NormalizedConv,
      domains=domains,
      config=config,
      condition_size=condition_size,
    )
    self.blocks, self.shortcuts, self.to_rgb = {}, {}, {}
    for resolution in resolutions.up_to(max_resolution):
      key = resolutions.block_name(resolution)
      width = config.channels(resolution)
      below = config.channels(max(resolution // 2, resolutions.SMALLEST))
      # A skip is as wide as what the encoder passes down from here: `below`.
      incoming = below * (2 if resolution in self.skip_resolutions else 1)
      self.blocks[key] = [
        conv(incoming, width, name=f'{key}_conv_1'),
        conv(width, width, name=f'{key}_conv_2'),
      ]
      if config.residual and incoming != width:
        self.shortcuts[key] = blocks.shortcut(
          incoming,
          width,
          spectral_norm=config.spectral_norm,
          name=f'{key}_shortcut',
        )
      self.to_rgb[key] = layers.Conv(
        width,
        3,
        config.to_rgb_size,
        gain=1.0,
        spectral_norm=config.spectral_norm,
        name=f'to_rgb_{key}',
      )
    self.attention_resolution = config.attention_resolution
    self.attention = attention.from_config(config)

  def call(
    self,
    encoding: content_encoder.Encoding,
    *,
    domains: Sequence[str],
    resolution: int,
    alpha: Any = 1.0,
    **mode,
  ) -> tf.Tensor:
    """Generates images.

    Args:
      encoding: of images of any domain; the batch is len(domains) equal
        parts, one after another.
      domains: the domain to generate each part in, static.
      resolution: of the stage, px, static.
      alpha: how far this stage is faded in; see `stages.is_fading`.
      **mode: `training`, `statistics_update`, `condition` of the norm.

    Returns:
      float32 [batch, resolution, resolution, 3], about [-1, 1], not clipped.
    """
    features = encoding.content
    previous: tf.Tensor | None = None
    for size in resolutions.up_to(resolution):
      if size == resolution and stages.is_fading(resolution, alpha):
        previous = layers.upsample(self._rgb(features, size // 2))
      features = self._stage(features, size, encoding, domains=domains, **mode)
      if size == self.attention_resolution:
        features = blocks.run(
          lambda inputs, **_: self.attention(*inputs),
          [features],
          domains=domains,
          recompute=self._recompute,
          **mode,
        )
    images = self._rgb(features, resolution)
    if previous is None:
      return images
    return stages.fade_in(previous, images, alpha)

  def attention_map(
    self,
    encoding: content_encoder.Encoding,
    *,
    domains: Sequence[str],
    resolution: int,
    alpha: Any = 1.0,
    **mode,
  ) -> tf.Tensor:
    """How much each position attends to each other one, while generating.

    Args:
      encoding: of images of any domain; the batch is len(domains) equal
        parts, one after another.
      domains: the domain to generate each part in, static.
      resolution: of the stage, px, static.
      alpha: without effect, as attention comes before the blend.
      **mode: `training`, `statistics_update`, `condition` of the norm.

    Returns:
      float32 [batch, positions, positions], see `SelfAttention.map`; positions
      are those of `attention_resolution`.

    Raises:
      ValueError: there is no attention in this stage.
    """
    del alpha
    last = attention.check_active(self.attention_resolution, resolution)
    features = encoding.content
    for size in resolutions.up_to(last):
      features = self._stage(features, size, encoding, domains=domains, **mode)
    return self.attention.map(features)

  def _stage(self, features, size, encoding, **domains_and_mode):
    """Runs one stage's block on the features of the stage before."""
    inputs = [features]
    if size in self.skip_resolutions:
      inputs.append(encoding.skips[size])
    return blocks.run(
      functools.partial(self._block, size),
      inputs,
      recompute=self._recompute,
      **domains_and_mode,
    )

  def _block(self, size, features_and_skip, **domains_and_mode):
    features, *skip = features_and_skip
    if size > resolutions.SMALLEST:
      upsample = layers.upsample_bilinear if self.smooth else layers.upsample
      features = upsample(features)
    if skip:
      features = tf.concat([features, *skip], axis=-1)
    key, inputs = resolutions.block_name(size), features
    for conv in self.blocks[key]:
      features = conv(features, **domains_and_mode)
    if not self.residual:
      return features
    return blocks.add(inputs, features, self.shortcuts.get(key))

  def _rgb(self, features, size):
    conv = self.to_rgb[resolutions.block_name(size)]
    return conv(tf.cast(features, tf.float32))
