"""PatchGAN: scores every patch of an image by itself (Isola et al. 2017).

Section 3.2 and appendix 6.1.2: convolutions with a 4x4 kernel, the first ones
of stride 2, end in one logit a position, each of which sees a patch of so many
pixels, overlapping. CycleGAN's discriminator is the same.
"""

from collections.abc import Sequence
from typing import Any

import tensorflow as tf

from tf_twingan.models import base_layer, configs, cyclegan_layers, layers

_SIZE = 4
_WIDEST = 8  # Channels, in those of the first convolution.
_ONE_DOMAIN = (
  'A PatchDiscriminator scores the images of one domain; set '
  'Trainer.shared_discriminator to False.'
)


class PatchDiscriminator(base_layer.BaseLayer):
  """Scores the patches of images, or of pairs of images, of one domain.

  Attributes:
    conditional: whether it scores pairs.
  """

  @configs.takes_options(configs.PatchDiscriminatorConfig)
  def __init__(
    self,
    max_resolution: int,
    *,
    config: configs.PatchDiscriminatorConfig,
    domains: Sequence[str] = (),
    precision: str = 'float32',
    name: str | None = None,
  ):
    """Builds the convolutions.

    Args:
      max_resolution: of the images, px.
      config: its options.
      domains: must be empty, as all images are of one domain.
      precision: dtype of the convolutions.
      name: layer name.

    Raises:
      ValueError: the options do not fit the resolution, or domains are named.
    """
    super().__init__(name=name or 'patch_discriminator')
    if domains:
      raise ValueError(_ONE_DOMAIN)
    config.check_fits(max_resolution)
    self.conditional = config.conditional
    self._resolution = max_resolution
    self._precision = precision
    halvings = configs.PATCH_FIELDS[config.field]
    widths = [6 if config.conditional else 3] + [
      config.channels * min(2**i, _WIDEST) for i in range(halvings + 1)
    ]
    self.convs = [
      cyclegan_layers.Conv(
        width,
        out,
        _SIZE,
        stride=2 if i < halvings else 1,
        use_bias=i == 0,  # Nothing normalizes the first one.
        name=f'conv_{i + 1}',
      )
      for i, (width, out) in enumerate(zip(widths, widths[1:]))
    ]
    self.logit = cyclegan_layers.Conv(
      widths[-1], 1, _SIZE, use_bias=True, name='logit'
    )

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
    """Scores patches; high is real.

    Args:
      images: [batch, resolution, resolution, 3] in [-1, 1].
      domains: must be empty, as all images are of one domain.
      resolution: of the images, px, static; must be the discriminator's own.
      alpha: without effect, as nothing here is faded in.
      group: without effect, as no image is compared with another.
      condition: the images that these were translated from, the same shape,
        if it is conditional; else None.

    Returns:
      float32 logits [batch, positions, positions], one for each patch. Losses
      take their mean.

    Raises:
      ValueError: domains are named, the resolution is another one, or the
        condition is missing or too much.
    """
    del alpha, group
    if domains:
      raise ValueError(_ONE_DOMAIN)
    if resolution != self._resolution:
      raise ValueError(
        f'PatchDiscriminator of {self._resolution} px is given images of '
        f'{resolution} px, but does not grow: set Growth.start_resolution to '
        'Growth.final_resolution.'
      )
    if self.conditional != (condition is not None):
      raise ValueError(
        f'PatchDiscriminator.conditional is {self.conditional}, but it is '
        f'given {"single images" if condition is None else "pairs"}; set it '
        f'to {not self.conditional}.'
      )
    features = tf.cast(images, self._precision)
    if condition is not None:
      condition = tf.cast(condition, self._precision)
      features = tf.concat([condition, features], axis=-1)
    for i, conv in enumerate(self.convs):
      features = conv(features)
      if i:
        features = cyclegan_layers.instance_norm(features)
      features = layers.leaky_relu(features)
    return tf.cast(self.logit(features), tf.float32)[..., 0]
