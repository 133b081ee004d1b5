"""A content code and skips to pictures (Twin-GAN 2018, PGGAN's generator).

Convolutions are shared by all domains; which domain is drawn is decided by
the normalization parameters alone.
"""

from collections.abc import Sequence

import keras
import tensorflow as tf

from tf_twingan.models import blocks, layers, resolutions
from tf_twingan.models import encoder as encoder_lib


class Generator(keras.layers.Layer):
  """The shared generator; every stage's block exists from the start.

  Attributes:
    blocks: {rung's name: its two normalized convolutions}.
    to_rgb: {rung's name: the convolution that draws there}.
    skip_resolutions: where the encoder's features come in, px.
    smooth: whether upsampling is filtered.
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
    name: str = 'generator',
  ):
    super().__init__(name=name, autocast=False)
    self.skip_resolutions = frozenset(skip_resolutions)
    self.smooth = smooth
    options = dict(domains=domains, norm=norm, pixel_norm=pixel_norm)
    self.blocks, self.to_rgb = {}, {}
    for resolution in resolutions.up_to(max_resolution):
      key, width = resolutions.key(resolution), channels(resolution)
      below = channels(max(resolution // 2, resolutions.SMALLEST))
      # A skip is as wide as what the encoder hands down from here: `below`.
      incoming = below * (2 if resolution in self.skip_resolutions else 1)
      self.blocks[key] = [
        blocks.NormalizedConv(incoming, width, name=f'{key}_conv_1', **options),
        blocks.NormalizedConv(width, width, name=f'{key}_conv_2', **options),
      ]
      self.to_rgb[key] = layers.Conv(
        width, 3, 1, gain=1.0, name=f'to_rgb_{key}'
      )

  def call(
    self,
    encoding: encoder_lib.Encoding,
    domains: Sequence[str],
    *,
    resolution: int,
    alpha=1.0,
    **mode,
  ) -> tf.Tensor:
    """Draws pictures.

    Args:
      encoding: of pictures of any domain; the batch is len(domains) equal
        parts, one after another.
      domains: the domain to draw each part in, static.
      resolution: of the stage, static.
      alpha: how far this stage is faded in. A Python 1.0 leaves the blending
        out of the graph.
      **mode: `training`, `statistics_update` of the norm.

    Returns:
      float32 [batch, resolution, resolution, 3], about [-1, 1], not clipped.
    """
    features = encoding.content
    coarse: tf.Tensor | None = None
    for size in resolutions.up_to(resolution):
      key = resolutions.key(size)
      if size > resolutions.SMALLEST:
        if size == resolution and not (
          isinstance(alpha, float) and alpha == 1.0
        ):
          coarse = layers.upsample(
            self._rgb(features, resolutions.key(size // 2))
          )
        features = layers.upsample(features)
        if self.smooth:
          features = layers.blur(features)
        if size in self.skip_resolutions:
          features = tf.concat([features, encoding.skips[size]], axis=-1)
      for conv in self.blocks[key]:
        features = conv(features, domains, **mode)
    images = self._rgb(features, resolutions.key(resolution))
    return images if coarse is None else layers.fade(coarse, images, alpha)

  def _rgb(self, features, key):
    return self.to_rgb[key](tf.cast(features, tf.float32))
