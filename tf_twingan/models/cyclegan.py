"""CycleGAN's two generators (Zhu et al., ICCV 2017, appendix 7.2).

Each is the residual network of Johnson et al., "Perceptual Losses for
Real-Time Style Transfer" (2016): down twice, residual blocks at a quarter of
the side, up twice, every convolution normalized by instance.
"""

from collections.abc import Sequence

import tensorflow as tf

from tf_twingan.models import (
  base_layer,
  configs,
  cyclegan_layers,
  two_generators,
)


class ResNet(base_layer.BaseLayer):
  """c7s1-n, d2n, d4n, blocks of R4n, u2n, un, c7s1-3 in the paper's words."""

  def __init__(self, channels: int, blocks: int, *, name: str | None = None):
    super().__init__(name=name)
    n = channels
    self.first = cyclegan_layers.Conv(3, n, 7, reflect=True, name='first')
    self.down = [
      cyclegan_layers.Conv(n, 2 * n, 3, stride=2, name='down_1'),
      cyclegan_layers.Conv(2 * n, 4 * n, 3, stride=2, name='down_2'),
    ]
    self.blocks = [
      [
        cyclegan_layers.Conv(
          4 * n, 4 * n, 3, reflect=True, name=f'block_{i}_conv_{j}'
        )
        for j in (1, 2)
      ]
      for i in range(1, blocks + 1)
    ]
    self.up = [
      cyclegan_layers.UpConv(4 * n, 2 * n, 3, name='up_1'),
      cyclegan_layers.UpConv(2 * n, n, 3, name='up_2'),
    ]
    self.last = cyclegan_layers.Conv(
      n, 3, 7, reflect=True, use_bias=True, name='last'
    )

  def call(self, images: tf.Tensor) -> tf.Tensor:
    """[batch, side, side, 3] to the same, before the tanh."""
    features = _relu_of(self.first, images)
    for conv in self.down:
      features = _relu_of(conv, features)
    for first, second in self.blocks:
      change = second(_relu_of(first, features))
      features = features + cyclegan_layers.instance_norm(change)
    for conv in self.up:
      features = _relu_of(conv, features)
    return self.last(features)


class CycleGAN(two_generators.TwoGenerators):
  """Two residual generators; see `two_generators.TwoGenerators`."""

  @configs.takes_options(configs.CycleGANConfig)
  def __init__(
    self,
    domains: Sequence[str],
    *,
    config: configs.CycleGANConfig,
    max_resolution: int,
    name: str = 'cyclegan',
  ):
    """Builds both generators.

    Args:
      domains: two names.
      config: the model's options.
      max_resolution: of the images, px; a power of two from 8 up.
      name: layer name.
    """
    super().__init__(
      domains,
      max_resolution=max_resolution,
      config=config,
      make=lambda name: ResNet(config.channels, config.blocks, name=name),
      name=name,
    )


def _relu_of(conv, features):
  return tf.nn.relu(cyclegan_layers.instance_norm(conv(features)))
