"""Blocks of encoder and generator: normalized convolutions, residual sums.

A stage's block is two normalized convolutions, as in PGGAN (Karras et al.
2018, table 2). A residual block (He et al. 2016) adds its input, through a 1x1
convolution where widths differ; as in StyleGAN2 (Karras et al. 2020, section
4.1) the sum is divided by the square root of two, which keeps its variance.
"""

import math
from collections.abc import Callable, Sequence

import tensorflow as tf

from tf_twingan.models import (
  base_layer,
  configs,
  domain_norm,
  gradient_checkpointing,
  layers,
)


class NormalizedConv(base_layer.BaseLayer):
  """Convolution, per-domain norm, leaky ReLU, pixel norm, in this order.

  Attributes:
    conv: the convolution, without a bias.
    norm: the DomainNorm.
    pixel_norm: whether pixel norm comes last, or nothing.
  """

  def __init__(
    self,
    in_channels: int,
    out_channels: int,
    size: int = 3,
    *,
    domains: Sequence[str],
    config: configs.GeneratorConfig,
    condition_size: int | None = None,
    name: str | None = None,
  ):
    """Makes the weights.

    Args:
      in_channels: feature channels of the input.
      out_channels: feature channels of the output.
      size: of the kernel.
      domains: names of the domains that the norm tells apart.
      config: options of the network.
      condition_size: numbers in a condition of the norm, or None.
      name: layer name.
    """
    super().__init__(name=name)
    # The norm's offset does what a bias would.
    self.conv = layers.Conv(
      in_channels,
      out_channels,
      size,
      use_bias=False,
      spectral_norm=config.spectral_norm,
      name='conv',
    )
    self.norm = domain_norm.DomainNorm(
      domains,
      out_channels,
      kind=config.norm,
      condition_size=condition_size,
      name='norm',
    )
    self.pixel_norm = config.pixel_norm

  def call(
    self, inputs: tf.Tensor, *, domains: Sequence[str], **mode
  ) -> tf.Tensor:
    """NHWC to NHWC; `domains` and `mode` are those of `DomainNorm.call`."""
    outputs = self.norm(self.conv(inputs), domains=domains, **mode)
    outputs = layers.leaky_relu(outputs)
    return layers.pixel_norm(outputs) if self.pixel_norm else outputs


def run(
  block: Callable[..., tf.Tensor],
  inputs: Sequence[tf.Tensor],
  *,
  domains: Sequence[str],
  recompute: bool,
  condition: tf.Tensor | None = None,
  **mode,
) -> tf.Tensor:
  """Runs a block, in training with gradient checkpointing if so wished.

  Args:
    block: (inputs, *, domains, **mode) -> output.
    inputs: NHWC tensors.
    domains: the domain of each part of the batch, static.
    recompute: keep none of the block's activations for the backward pass, see
      `gradient_checkpointing`.
    condition: of the norms, see `DomainNorm.call`.
    **mode: the other arguments of `DomainNorm.call`.
  """
  if not recompute or not mode.get('training'):
    return block(inputs, domains=domains, condition=condition, **mode)
  conditions = [] if condition is None else [condition]

  def one_pass(*tensors, run_once):
    inputs, conditions = tensors[:count], tensors[count:]
    return block(
      inputs,
      domains=domains,
      condition=conditions[0] if conditions else None,
      run_once=run_once,
      **mode,
    )

  count = len(inputs)
  return gradient_checkpointing.run(one_pass, *inputs, *conditions)


def shortcut(
  in_channels: int, out_channels: int, *, spectral_norm: bool, name: str
) -> layers.Conv:
  """Makes the 1x1 convolution from a block's input width to its output's."""
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
  inputs: tf.Tensor, outputs: tf.Tensor, shortcut: layers.Conv | None
) -> tf.Tensor:
  """Adds a block's input to its output, through the shortcut if there is one.

  Args:
    inputs: what the block was given.
    outputs: what the block made of it.
    shortcut: see `shortcut`; None where the widths are equal.
  """
  same_width = inputs if shortcut is None else shortcut(inputs)
  return (same_width + outputs) * math.sqrt(0.5)
