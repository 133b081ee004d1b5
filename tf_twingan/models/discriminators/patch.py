"""PatchGAN: judges every patch of an image by itself (Isola et al. 2017).

Section 3.2 and appendix 6.1.2: convolutions with a 4x4 kernel, the first ones
of stride 2, end in one logit a place, each of which sees a patch of so many
pixels, overlapping. CycleGAN judges by it, too.
"""

from collections.abc import Sequence
from typing import Any

import keras
import tensorflow as tf

from tf_twingan.models import cyclegan_layers, layers

_SIZE = 4
# Side of the patch that a logit sees, px: convolutions of stride 2.
FIELDS = {16: 1, 34: 2, 70: 3, 142: 4}
_WIDEST = 8  # Channels, in those of the first convolution.
_ONE_DOMAIN = (
  'A PatchDiscriminator scores the images of one domain; set '
  'Trainer.shared_discriminator to False.'
)


class PatchDiscriminator(keras.layers.Layer):
  """Judges the patches of images, or of pairs of images, of one domain.

  Attributes:
    conditional: whether it judges pairs.
  """

  def __init__(
    self,
    max_resolution: int,
    *,
    channels: int = 64,
    field: int = 70,
    conditional: bool = False,
    precision: str = 'float32',
    domains: Sequence[str] = (),
    name: str | None = None,
  ):
    """Builds it.

    Args:
      max_resolution: of the images, px.
      channels: of the first convolution; each next one has twice as many, up
        to eight times.
      field: side of a patch, px: 16, 34, 70 or 142. The papers' 70 is a
        quarter of their images' side.
      conditional: judge an image together with the one that it was drawn
        from.
      precision: dtype of the convolutions.
      domains: to be told apart; it tells none.
      name: of the layer.

    Raises:
      ValueError: one of these cannot be.
    """
    super().__init__(name=name or 'patch_discriminator', autocast=False)
    if domains:
      raise ValueError(_ONE_DOMAIN)
    if field not in FIELDS:
      raise ValueError(
        f'PatchDiscriminator.field is {field}; choose one of '
        f'{", ".join(map(str, FIELDS))} px.'
      )
    fitting = [f for f in FIELDS if f <= max(max_resolution, min(FIELDS))]
    if field not in fitting:
      raise ValueError(
        f'PatchDiscriminator.field is {field} px, more than images of '
        f'{max_resolution} px have; choose one of '
        f'{", ".join(map(str, fitting))}.'
      )
    self.conditional = conditional
    self._resolution = max_resolution
    self._precision = precision
    halvings = FIELDS[field]
    widths = [6 if conditional else 3] + [
      channels * min(2**i, _WIDEST) for i in range(halvings + 1)
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
    domains: Sequence[str] = (),
    *,
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
        'PatchDiscriminator.conditional is '
        f'{self.conditional}, but it is asked to judge '
        f'{"single images" if condition is None else "pairs"}; set it to '
        f'{not self.conditional}.'
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
