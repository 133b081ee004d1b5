"""Images to a content code, mirroring the generator (Twin-GAN, 2018).

Progressively grown like PGGAN's discriminator, but normalized per domain: the
convolutions are shared by all domains. What comes out is the single hand-over
to the generator: a 4x4 content code and the features of each finer
resolution, for the U-Net skips (Ronneberger et al. 2015).
"""

import functools
from collections.abc import Sequence
from typing import NamedTuple

import keras
import tensorflow as tf

from tf_twingan.models import blocks, layers, resolutions


class Encoding(NamedTuple):
  """What the generator needs to draw an image.

  Attributes:
    content: [batch, 4, 4, channels].
    skips: {resolution: [batch, resolution, resolution, channels]}.
  """

  content: tf.Tensor
  skips: dict[int, tf.Tensor]

  def take(self, order: Sequence[int], parts: int) -> 'Encoding':
    """The same with the batch's equal parts in another order."""

    def pick(tensor):
      pieces = tf.split(tensor, parts)
      return tf.concat([pieces[i] for i in order], axis=0)

    return Encoding(
      pick(self.content), {r: pick(s) for r, s in self.skips.items()}
    )


class Encoder(keras.layers.Layer):
  """The shared encoder; every stage's block exists from the start.

  Attributes:
    from_rgb: {rung's name: the convolution that images enter by there}.
    blocks: {rung's name: its two normalized convolutions}; none at 4 px.
    residual: whether each block's input is added to its output.
    shortcuts: {rung's name: the convolution it is added through}, where the
      two differ in width.
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
    residual: bool,
    spectral_norm: bool,
    condition_size: int | None,
    precision: str,
    recompute: bool = False,
    name: str = 'encoder',
  ):
    super().__init__(name=name, autocast=False)
    self._precision = precision
    self.residual = residual
    self.recompute = recompute
    options = dict(
      domains=domains,
      norm=norm,
      pixel_norm=pixel_norm,
      spectral_norm=spectral_norm,
      condition_size=condition_size,
    )
    self.from_rgb, self.blocks, self.shortcuts = {}, {}, {}
    for resolution in resolutions.up_to(max_resolution):
      key, width = resolutions.block_name(resolution), channels(resolution)
      self.from_rgb[key] = blocks.NormalizedConv(
        3, width, 1, name=f'from_rgb_{key}', **options
      )
      if resolution == resolutions.SMALLEST:
        continue  # What arrives here is the content code.
      out = channels(resolution // 2)
      self.blocks[key] = [
        blocks.NormalizedConv(width, width, name=f'{key}_conv_1', **options),
        blocks.NormalizedConv(width, out, name=f'{key}_conv_2', **options),
      ]
      if residual and width != out:
        self.shortcuts[key] = blocks.shortcut(
          width, out, spectral_norm=spectral_norm, name=f'{key}_shortcut'
        )

  def call(
    self,
    images: tf.Tensor,
    domains: Sequence[str],
    *,
    resolution: int,
    alpha=1.0,
    **mode,
  ) -> Encoding:
    """Encodes images.

    Args:
      images: [batch, resolution, resolution, 3] in [-1, 1]; the batch is
        len(domains) equal parts, one after another.
      domains: the domain of each part, static.
      resolution: of the stage, static.
      alpha: how far this stage is faded in. A Python 1.0 leaves the blending
        out of the graph.
      **mode: `training`, `statistics_update`, `condition` of the norm.

    Returns:
      The Encoding, in the model's precision.
    """
    images = tf.cast(images, self._precision)
    key = resolutions.block_name(resolution)
    features = self._entered(images, key, domains, **mode)
    fading = resolution > resolutions.SMALLEST and not (
      isinstance(alpha, float) and alpha == 1.0
    )
    skips = {}
    for size in reversed(resolutions.up_to(resolution)[1:]):
      features = self._run(
        functools.partial(self._block, resolutions.block_name(size)),
        features,
        domains,
        **mode,
      )
      skips[size] = features
      features = layers.downsample(features)
      if fading and size == resolution:
        coarse = self._entered(
          layers.downsample(images),
          resolutions.block_name(size // 2),
          domains,
          **mode,
        )
        features = layers.fade(coarse, features, alpha)
    return Encoding(features, skips)

  def _run(self, block, inputs, domains, **mode):
    return blocks.run(
      lambda inputs, domains, **mode: block(*inputs, domains, **mode),
      [inputs],
      domains,
      recompute=self.recompute,
      **mode,
    )

  def _entered(self, images, key, domains, **mode):
    return self._run(self.from_rgb[key], images, domains, **mode)

  def _block(self, key, inputs, domains, **mode):
    outputs = inputs
    for conv in self.blocks[key]:
      outputs = conv(outputs, domains, **mode)
    if not self.residual:
      return outputs
    return blocks.add(inputs, outputs, self.shortcuts.get(key))
