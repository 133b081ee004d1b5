"""What encoder and generator are made of: convolutions with what follows them.

A stage's block is two of them, as in PGGAN (Karras et al. 2018, table 2). A
residual block (He et al. 2016) adds what came in, through a 1x1 convolution
where widths differ; as in StyleGAN2 (Karras et al. 2020, section 4.1) the sum
is divided by the square root of two, which keeps its variance.
"""

import math
from collections.abc import Callable, Sequence

import keras
import tensorflow as tf

from tf_twingan.models import domain_norm, gradient_checkpointing, layers


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
    spectral_norm: bool = False,
    condition_size: int | None = None,
    name: str | None = None,
  ):
    super().__init__(name=name, autocast=False)
    # The norm's offset does what a bias would.
    self.conv = layers.Conv(
      in_channels,
      out_channels,
      size,
      use_bias=False,
      spectral_norm=spectral_norm,
      name='conv',
    )
    self.norm = domain_norm.DomainNorm(
      domains,
      out_channels,
      kind=norm,
      condition_size=condition_size,
      name='norm',
    )
    self.pixel_norm = pixel_norm

  def call(
    self, inputs: tf.Tensor, domains: Sequence[str], **mode
  ) -> tf.Tensor:
    """NHWC to NHWC; `domains` and `mode` as for `DomainNorm.call`."""
    outputs = layers.leaky_relu(self.norm(self.conv(inputs), domains, **mode))
    return layers.pixel_norm(outputs) if self.pixel_norm else outputs


def run(
  block: Callable[..., tf.Tensor],
  inputs: Sequence[tf.Tensor],
  domains: Sequence[str],
  *,
  recompute: bool,
  condition: tf.Tensor | None = None,
  **mode,
) -> tf.Tensor:
  """Runs a block, in training again for its gradient if so wished.

  Args:
    block: (inputs, domains, **mode) -> output.
    inputs: NHWC tensors.
    domains: as for `DomainNorm.call`.
    recompute: keep nothing of it for the backward pass, see `recomputation`.
    condition: as for `DomainNorm.call`.
    **mode: likewise.
  """
  if not recompute or not mode.get('training'):
    return block(inputs, domains, condition=condition, **mode)
  given = [] if condition is None else [condition]

  def one_pass(*tensors, once):
    inputs, given = tensors[:count], tensors[count:]
    return block(
      inputs, domains, condition=given[0] if given else None, once=once, **mode
    )

  count = len(inputs)
  return gradient_checkpointing.run(one_pass, *inputs, *given)


def shortcut(
  in_channels: int, out_channels: int, *, spectral_norm: bool, name: str
) -> layers.Conv:
  """What brings a block's input to its output's width."""
  return layers.Conv(
    in_channels,
    out_channels,
    1,
    gain=1.0,
    use_bias=False,
    spectral_norm=spectral_norm,
    name=name,
  )


def add(
  inputs: tf.Tensor, outputs: tf.Tensor, through: layers.Conv | None
) -> tf.Tensor:
  """Adds what went into a block, through its shortcut if it has one."""
  kept = inputs if through is None else through(inputs)
  return (kept + outputs) * math.sqrt(0.5)
