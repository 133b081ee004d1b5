"""Folds a model's norms into its convolutions, for one direction.

At inference a batch norm multiplies and adds constants, so it folds into the
convolution before it: kernel * multiplier, and the shift as bias. The source's
parameters go into the encoder, the target's into the generator, and no
parameter by domain is left. Instance and layer norms depend on each image's own
statistics and stay.
"""

from typing import NamedTuple

import numpy as np

from tf_twingan import inference
from tf_twingan.models import blocks, resolutions, twingan

# Attributes of Weights, each {px: convolutions}.
PARTS = (
  'from_rgb',
  'encoder',
  'encoder_shortcuts',
  'generator',
  'generator_shortcuts',
  'attention',
  'to_rgb',
)
_AXES = {'instance': (1, 2), 'layer': (1, 2, 3)}


class ImageNorm(NamedTuple):
  """A norm by each image's own statistics, which can't be folded.

  Attributes:
    scale: float32 [channels].
    offset: float32 [channels].
    epsilon: added to the variance.
    axes: axes of NHWC over which mean and variance are taken.
  """

  scale: np.ndarray
  offset: np.ndarray
  epsilon: float
  axes: tuple[int, ...]


class Conv(NamedTuple):
  """A convolution, and the norm and activation after it.

  Attributes:
    kernel: float32 [size, size, in_channels, out_channels].
    bias: float32 [out_channels]; None before an `image_norm`.
    multiplier: float32 [out_channels] of a norm that was not folded in, or
      None.
    image_norm: the norm by each image's statistics, or None.
    activation: whether a leaky ReLU follows.
    pixel_norm: whether a pixel norm follows that.
  """

  kernel: np.ndarray
  bias: np.ndarray | None
  multiplier: np.ndarray | None = None
  image_norm: ImageNorm | None = None
  activation: bool = True
  pixel_norm: bool = False


class Weights(NamedTuple):
  """The weights that translate from one domain to another.

  Attributes:
    resolution: side of the images, px.
    alpha: how far that resolution is faded in, 0 to 1.
    from_rgb: {px: the convolution that reads images of that size}; one size,
      or two in a fade-in.
    encoder: {px: two convolutions}, 8 px and up.
    generator: {px: two convolutions}, 4 px and up.
    to_rgb: {px: the convolution that outputs images of that size}; one size,
      or two in a fade-in.
    skips: resolutions at which the generator reads the encoder's features, px.
    smooth: whether upsampling is bilinear, rather than by repeating.
    residual: whether a block's inputs are added to its outputs.
    encoder_shortcuts: {px: the convolution of a residual block's inputs}, for
      blocks of the encoder that change the number of channels.
    generator_shortcuts: the same for blocks of the generator.
    attention: {px: query, key, value and output}, see `SelfAttention`; at most
      one size, after that size's block of the generator.
  """

  resolution: int
  alpha: float
  from_rgb: dict[int, tuple[Conv, ...]]
  encoder: dict[int, tuple[Conv, ...]]
  generator: dict[int, tuple[Conv, ...]]
  to_rgb: dict[int, tuple[Conv, ...]]
  skips: frozenset[int]
  smooth: bool
  residual: bool
  encoder_shortcuts: dict[int, tuple[Conv, ...]]
  generator_shortcuts: dict[int, tuple[Conv, ...]]
  attention: dict[int, tuple[Conv, ...]]

  def convolutions(self) -> list[Conv]:
    """All convolutions of the network."""
    return [
      conv
      for part in PARTS
      for convs in getattr(self, part).values()
      for conv in convs
    ]


def fold(
  model: twingan.TwinGAN,
  source: str,
  target: str,
  *,
  resolution: int,
  alpha: float = 1.0,
  shared: bool = False,
) -> Weights:
  """Folds a model for one direction.

  Args:
    model: the model, with its inference statistics.
    source: name of the domain the images belong to.
    target: name of the domain to translate to; the source itself reconstructs.
    resolution: side of the images, px.
    alpha: how far that resolution is faded in, 0 to 1.
    shared: whether to leave multipliers out of the kernels, which all
      directions then have in common.

  Raises:
    ValueError: the model has no such domain, is no TwinGAN, translates by a
      style or a condition, or has no kernels in common though `shared` is set.
  """
  if not isinstance(model, twingan.TwinGAN):
    raise ValueError(
      f'The run holds a {type(model).__name__}; only a TwinGAN can be exported.'
    )
  for domain in (source, target):
    model.check_domain(domain)
  generators = {id(model.generator_of(domain)) for domain in model.domains}
  if shared and len(generators) > 1:
    raise ValueError(
      'The domains of this model share no convolutions (TwinGAN.sharing is '
      "'nothing'), so no one file can hold them once: export each direction."
    )
  if model.style_size:
    raise ValueError(
      f'TwinGAN.style_size is {model.style_size}, but an exported file takes '
      'images and no style. Use Translator.translate, or train with '
      'TwinGAN.style_size = None.'
    )
  condition_size = model.get_config()['condition_size']
  if condition_size:
    raise ValueError(
      f'TwinGAN.condition_size is {condition_size}, but an exported file takes '
      'images and no condition. Use TwinGAN.translate, or build the '
      'model with condition_size = None.'
    )
  sizes = resolutions.up_to(resolution)
  # In a fade-in, images are read and output at the last two sizes.
  ends = sizes[-1:] if alpha == 1.0 or len(sizes) == 1 else sizes[:-3:-1]
  encoder, generator = model.encoder_of(source), model.generator_of(target)
  source, target = model.norm_of(source), model.norm_of(target)

  def fold_blocks(blocks, size, domain):
    convs = blocks[resolutions.block_name(size)]
    convs = convs if isinstance(convs, (list, tuple)) else [convs]
    return tuple(_fold_conv(conv, domain, shared) for conv in convs)

  return Weights(
    resolution,
    alpha,
    {size: fold_blocks(encoder.from_rgb, size, source) for size in ends},
    {size: fold_blocks(encoder.blocks, size, source) for size in sizes[1:]},
    {size: fold_blocks(generator.blocks, size, target) for size in sizes},
    {
      size: (_linear_conv(generator.to_rgb[resolutions.block_name(size)]),)
      for size in ends
    },
    frozenset(generator.skip_resolutions) & frozenset(sizes),
    generator.smooth,
    generator.residual,
    _shortcuts(encoder, sizes),
    _shortcuts(generator, sizes),
    _attention(generator, sizes),
  )


def _fold_conv(block: blocks.NormalizedConv, domain: str, shared: bool) -> Conv:
  kernel = block.conv.scaled_kernel().numpy()
  if not block.norm.is_constant:
    parameters = block.norm.parameters[domain]
    norm = ImageNorm(
      np.asarray(parameters['scale']),
      np.asarray(parameters['offset']),
      block.norm.epsilon,
      _AXES[block.norm.kind],
    )
    return Conv(kernel, None, image_norm=norm, pixel_norm=block.pixel_norm)
  multiplier, shift = (part.numpy() for part in block.norm.affine(domain))
  if shared:
    return Conv(kernel, shift, multiplier, pixel_norm=block.pixel_norm)
  return Conv(kernel * multiplier, shift, pixel_norm=block.pixel_norm)


def _linear_conv(conv) -> Conv:
  """A convolution without norm and activation."""
  return Conv(
    conv.scaled_kernel().numpy(),
    None if conv.bias is None else np.asarray(conv.bias),
    activation=False,
  )


def _shortcuts(part, sizes) -> dict[int, tuple[Conv, ...]]:
  shortcuts = {
    size: part.shortcuts.get(resolutions.block_name(size)) for size in sizes
  }
  return {
    size: (_linear_conv(conv),) for size, conv in shortcuts.items() if conv
  }


def _attention(generator, sizes) -> dict[int, tuple[Conv, ...]]:
  size, attention = generator.attention_resolution, generator.attention
  if size not in sizes:
    return {}
  output = _linear_conv(attention.output_conv)
  return {
    size: (
      *map(_linear_conv, (attention.query, attention.key, attention.value)),
      output._replace(kernel=output.kernel * attention.gamma.numpy()),
    )
  }


def fold_translator(
  translator: inference.Translator,
  source: str,
  target: str,
  *,
  shared: bool = False,
) -> Weights:
  """Folds a translator's model at its stage of growth; see `fold`."""
  return fold(
    translator.model,
    source,
    target,
    resolution=translator.resolution,
    alpha=translator.alpha,
    shared=shared,
  )
