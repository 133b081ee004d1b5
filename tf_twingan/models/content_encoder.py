"""Content encoder: images to a 4x4 content code and U-Net skips.

Progressively grown like PGGAN's discriminator, but normalized per domain: the
convolutions are shared by all domains (Twin-GAN, 2018). The generator is given
the content code and the features of each finer resolution, for the U-Net skips
(Ronneberger et al. 2015).
"""

import functools
from collections.abc import Sequence
from typing import Any, NamedTuple

import tensorflow as tf

from tf_twingan.models import base_layer, blocks, configs, resolutions, stages


class Encoding(NamedTuple):
  """What the generator makes an image of.

  Attributes:
    content: content codes, [batch, 4, 4, channels].
    skips: {resolution: [batch, resolution, resolution, channels]}.
  """

  content: tf.Tensor
  skips: dict[int, tf.Tensor]

  def take(self, order: Sequence[int], parts: int) -> 'Encoding':
    """Returns the batch's equal parts in another order.

    Args:
      order: indices of parts; some may come twice.
      parts: how many there are.
    """

    def reorder(tensor):
      pieces = tf.split(tensor, parts)
      return tf.concat([pieces[i] for i in order], axis=0)

    return Encoding(
      reorder(self.content), {r: reorder(s) for r, s in self.skips.items()}
    )


class Encoder(base_layer.BaseLayer):
  """The shared content encoder; every stage's block exists from the start.

  Attributes:
    from_rgb: {block name: the convolution that images enter by}.
    blocks: {block name: its two normalized convolutions}; none at 4 px.
    residual: whether each block's input is added to its output.
    shortcuts: {block name: the convolution that the input is added through},
      where the widths differ.
  """

  def __init__(
    self,
    domains: Sequence[str],
    max_resolution: int,
    config: configs.GeneratorConfig,
    *,
    condition_size: int | None = None,
    name: str = 'encoder',
  ):
    """Builds every block of every stage.

    Args:
      domains: names of the domains that the norms tell apart.
      max_resolution: of the last stage, px; a power of two.
      config: options of the model.
      condition_size: numbers in a condition of the norms, or None.
      name: layer name.
    """
    super().__init__(name=name)
    self._precision = config.precision
    self._recompute = config.recompute
    self.residual = config.residual
    conv = functools.partial(
      blocks.NormalizedConv,
      domains=domains,
      config=config,
      condition_size=condition_size,
    )
    self.from_rgb, self.blocks, self.shortcuts = {}, {}, {}
    for resolution in resolutions.up_to(max_resolution):
      key = resolutions.block_name(resolution)
      width = config.channels(resolution)
      self.from_rgb[key] = conv(3, width, 1, name=f'from_rgb_{key}')
      if resolution == resolutions.SMALLEST:
        continue  # What arrives here is the content code.
      out = config.channels(resolution // 2)
      self.blocks[key] = [
        conv(width, width, name=f'{key}_conv_1'),
        conv(width, out, name=f'{key}_conv_2'),
      ]
      if config.residual and width != out:
        self.shortcuts[key] = blocks.shortcut(
          width,
          out,
          spectral_norm=config.spectral_norm,
          name=f'{key}_shortcut',
        )

  def call(
    self,
    images: tf.Tensor,
    *,
    domains: Sequence[str],
    resolution: int,
    alpha: Any = 1.0,
    **mode,
  ) -> Encoding:
    """Encodes images.

    Args:
      images: [batch, resolution, resolution, 3] in [-1, 1]; the batch is
        len(domains) equal parts, one after another.
      domains: the domain of each part, static.
      resolution: of the stage, px, static.
      alpha: how far this stage is faded in; see `stages.is_fading`.
      **mode: `training`, `statistics_update`, `condition` of the norm.

    Returns:
      The Encoding, in the model's precision.
    """
    skips = {}

    def from_rgb(images, size):
      conv = self.from_rgb[resolutions.block_name(size)]
      return self._run(conv, images, domains=domains, **mode)

    def block(features, size):
      skips[size] = self._run(
        functools.partial(self._block, resolutions.block_name(size)),
        features,
        domains=domains,
        **mode,
      )
      return skips[size]

    content = stages.walk_down(
      tf.cast(images, self._precision),
      resolution=resolution,
      alpha=alpha,
      from_rgb=from_rgb,
      block=block,
    )
    return Encoding(content, skips)

  def _run(self, block, inputs, **domains_and_mode):
    return blocks.run(
      lambda inputs, **domains_and_mode: block(*inputs, **domains_and_mode),
      [inputs],
      recompute=self._recompute,
      **domains_and_mode,
    )

  def _block(self, key, inputs, **domains_and_mode):
    outputs = inputs
    for conv in self.blocks[key]:
      outputs = conv(outputs, **domains_and_mode)
    if not self.residual:
      return outputs
    return blocks.add(inputs, outputs, self.shortcuts.get(key))
