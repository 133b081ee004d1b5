"""What encoder and generator are made of: convolutions with what follows them.

A stage's block is two of them, as in PGGAN (Karras et al. 2018, table 2).
"""

from collections.abc import Sequence

import keras
import tensorflow as tf

from tf_twingan.models import layers, normalization


class NormalizedConv(keras.layers.Layer):
  """Convolution, per-domain norm, leaky ReLU, pixel norm, in this order.

  Attributes:
    conv: without a bias.
    norm: the DomainNorm.
    pixel_norm: whether the last of the four is done.
  """

  def __init__(
    self,
    in_channels: int,
    out_channels: int,
    size: int = 3,
    *,
    domains: Sequence[str],
    norm: str,
    pixel_norm: bool,
    name: str | None = None,
  ):
    super().__init__(name=name, autocast=False)
    # The norm's offset does what a bias would.
    self.conv = layers.Conv(
      in_channels, out_channels, size, use_bias=False, name='conv'
    )
    self.norm = normalization.DomainNorm(
      domains, out_channels, kind=norm, name='norm'
    )
    self.pixel_norm = pixel_norm

  def call(
    self, inputs: tf.Tensor, domains: Sequence[str], **mode
  ) -> tf.Tensor:
    """NHWC to NHWC; `domains` and `mode` as for `DomainNorm.call`."""
    outputs = layers.leaky_relu(self.norm(self.conv(inputs), domains, **mode))
    return layers.pixel_norm(outputs) if self.pixel_norm else outputs
