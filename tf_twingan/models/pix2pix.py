"""pix2pix's generators (Isola et al., CVPR 2017, appendix 6.1.1).

Each is a U-Net (Ronneberger et al. 2015): halved down to a single pixel by
convolutions of stride 2 and doubled up again, every doubling given the
features of the halving at the same resolution.
"""

from collections.abc import Sequence

import tensorflow as tf

from tf_twingan.models import (
  base_layer,
  configs,
  cyclegan_layers,
  layers,
  two_generators,
)

_SIZE = 4
_WIDEST = 8  # Channels, in those of the first convolution.


class UNet(base_layer.BaseLayer):
  """Cn-C2n-C4n-C8n-... down, the mirror image of it up, in the paper's words.

  Dropout, the paper's source of noise, is left out: a translation here
  depends on nothing but the image, and the paper found that its networks
  hardly use the noise (section 3.2).
  """

  def __init__(
    self, channels: int, resolution: int, *, name: str | None = None
  ):
    super().__init__(name=name)
    count = resolution.bit_length() - 1  # Halvings down to one pixel.
    widths = [channels * min(2**i, _WIDEST) for i in range(count)]
    # The outermost and the innermost one are not normalized: the paper's
    # first layer is not, and of a single pixel nothing would be left.
    self.down = [
      cyclegan_layers.Conv(
        width,
        out,
        _SIZE,
        stride=2,
        use_bias=i in (0, count - 1),
        name=f'down_{i + 1}',
      )
      for i, (width, out) in enumerate(zip([3, *widths], widths))
    ]
    self.up = []
    for i in reversed(range(count)):
      width = widths[i] if i == count - 1 else 2 * widths[i]
      out = widths[i - 1] if i else 3
      self.up.append(
        cyclegan_layers.UpConv(
          width, out, _SIZE, use_bias=not i, name=f'up_{i + 1}'
        )
      )

  def call(self, images: tf.Tensor) -> tf.Tensor:
    """[batch, side, side, 3] to the same, before the tanh."""
    features, skips = images, []
    for i, conv in enumerate(self.down):
      if i:
        features = layers.leaky_relu(features)
      features = conv(features)
      if 0 < i < len(self.down) - 1:
        features = cyclegan_layers.instance_norm(features)
      skips.append(features)
    skips.pop()
    for conv in self.up[:-1]:
      features = cyclegan_layers.instance_norm(conv(tf.nn.relu(features)))
      features = tf.concat([features, skips.pop()], axis=-1)
    return self.up[-1](tf.nn.relu(features))


class Pix2Pix(two_generators.TwoGenerators):
  """Two U-Nets, one for each direction; see `two_generators.TwoGenerators`."""

  @configs.takes_options(configs.Pix2PixConfig)
  def __init__(
    self,
    domains: Sequence[str],
    *,
    config: configs.Pix2PixConfig,
    max_resolution: int,
    name: str = 'pix2pix',
  ):
    """Builds both generators.

    Args:
      domains: two names.
      config: the model's options.
      max_resolution: of the images, px; a power of two.
      name: layer name.
    """
    super().__init__(
      domains,
      max_resolution=max_resolution,
      config=config,
      make=lambda name: UNet(config.channels, max_resolution, name=name),
      name=name,
    )

  def supports(self, source: str, target: str) -> bool:
    """All but reconstruction, which no pair of images ever teaches."""
    return super().supports(source, target) and source != target
