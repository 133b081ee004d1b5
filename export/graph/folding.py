"""A model's weights for one direction, as plain convolutions.

At inference a batch norm multiplies and adds constants, so it folds into the
convolution before it: kernel * multiplier, and the shift as bias. The source's
parameters go into the encoder, the target's into the generator; what is left
knows of no domains. Instance and layer norms measure each image and stay.
"""

from typing import NamedTuple

import numpy as np

from tf_twingan import inference
from tf_twingan.models import blocks, resolutions, twingan

# Of Weights, each {px: convolutions}.
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


class Measured(NamedTuple):
  """A norm that measures each image, and so is left to do.

  Attributes:
    scale: float32 [channels].
    offset: float32 [channels].
    epsilon: added to the variance.
    axes: of NHWC, over which it measures.
  """

  scale: np.ndarray
  offset: np.ndarray
  epsilon: float
  axes: tuple[int, ...]


class Conv(NamedTuple):
  """A convolution and what follows it.

  Attributes:
    kernel: float32 [size, size, in_channels, out_channels].
    bias: float32 [out_channels]; None before a norm that is left to do.
    multiplier: float32 [out_channels], of a norm that was not folded in, or
      None.
    measured: the norm that is left to do, or None.
    activation: whether a leaky ReLU follows.
    pixel_norm: whether a pixel norm follows that.
  """

  kernel: np.ndarray
  bias: np.ndarray | None
  multiplier: np.ndarray | None = None
  measured: Measured | None = None
  activation: bool = True
  pixel_norm: bool = False


class Weights(NamedTuple):
  """All that draws one domain's images in another.

  Attributes:
    resolution: of the images, px.
    alpha: how far that resolution is faded in.
    from_rgb: {px: the convolution by which images of that size enter}; one
      size, or two in a fade-in.
    encoder: {px: two convolutions}, 8 px and up.
    generator: {px: two convolutions}, 4 px and up.
    to_rgb: {px: the convolution that draws there}; like from_rgb.
    skips: where the encoder's features come in, px.
    smooth: upsample bilinearly, rather than by repeating.
    residual: whether what goes into a block is added to what comes out.
    encoder_shortcuts: {px: the convolution it is added through}, where there
      is one.
    generator_shortcuts: likewise.
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
    """All of them."""
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
    model: with its inference statistics.
    source: the domain of the images.
    target: the domain to draw them in; the source's own reconstructs.
    resolution: of the images, px.
    alpha: how far that resolution is faded in.
    shared: leave multipliers out of the kernels, which all directions then
      have in common.

  Raises:
    ValueError: the model has no such domain, is no Twin-GAN, draws by a
      style or a condition, or shares no kernels that `shared` could leave in
      common.
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
      'images and no style. Draw with Translator.translate, or train with '
      'TwinGAN.style_size = None.'
    )
  condition_size = model.get_config()['condition_size']
  if condition_size:
    raise ValueError(
      f'TwinGAN.condition_size is {condition_size}, but an exported file takes '
      'images and no condition. Draw with TwinGAN.translate, or build the '
      'model with condition_size = None.'
    )
  rungs = resolutions.up_to(resolution)
  ends = rungs[-1:] if alpha == 1.0 or len(rungs) == 1 else rungs[:-3:-1]
  encoder, generator = model.encoder_of(source), model.generator_of(target)
  source, target = model.norm_of(source), model.norm_of(target)

  def folded(blocks, size, domain):
    found = blocks[resolutions.block_name(size)]
    found = found if isinstance(found, (list, tuple)) else [found]
    return tuple(_folded(block, domain, shared) for block in found)

  return Weights(
    resolution,
    alpha,
    {size: folded(encoder.from_rgb, size, source) for size in ends},
    {size: folded(encoder.blocks, size, source) for size in rungs[1:]},
    {size: folded(generator.blocks, size, target) for size in rungs},
    {
      size: (_plain(generator.to_rgb[resolutions.block_name(size)]),)
      for size in ends
    },
    frozenset(generator.skip_resolutions) & frozenset(rungs),
    generator.smooth,
    generator.residual,
    _shortcuts(encoder, rungs),
    _shortcuts(generator, rungs),
    _attention(generator, rungs),
  )


def _folded(block: blocks.NormalizedConv, domain: str, shared: bool) -> Conv:
  kernel = block.conv.scaled_kernel().numpy()
  if not block.norm.is_constant:
    own = block.norm.parameters[domain]
    measured = Measured(
      np.asarray(own['scale']),
      np.asarray(own['offset']),
      block.norm.epsilon,
      _AXES[block.norm.kind],
    )
    return Conv(kernel, None, measured=measured, pixel_norm=block.pixel_norm)
  multiplier, shift = (part.numpy() for part in block.norm.affine(domain))
  if shared:
    return Conv(kernel, shift, multiplier, pixel_norm=block.pixel_norm)
  return Conv(kernel * multiplier, shift, pixel_norm=block.pixel_norm)


def _plain(conv) -> Conv:
  return Conv(
    conv.scaled_kernel().numpy(),
    None if conv.bias is None else np.asarray(conv.bias),
    activation=False,
  )


def _shortcuts(part, rungs) -> dict[int, tuple[Conv, ...]]:
  found = {
    size: part.shortcuts.get(resolutions.block_name(size)) for size in rungs
  }
  return {size: (_plain(conv),) for size, conv in found.items() if conv}


def _attention(generator, rungs) -> dict[int, tuple[Conv, ...]]:
  size, attention = generator.attention_resolution, generator.attention
  if size not in rungs:
    return {}
  output = _plain(attention.output_conv)
  return {
    size: (
      *map(_plain, (attention.query, attention.key, attention.value)),
      output._replace(kernel=output.kernel * attention.gamma.numpy()),
    )
  }


def of_translator(
  translator: inference.Translator,
  source: str,
  target: str,
  *,
  shared: bool = False,
) -> Weights:
  """Folds a translator's model as it draws; see `fold`."""
  return fold(
    translator.model,
    source,
    target,
    resolution=translator.resolution,
    alpha=translator.alpha,
    shared=shared,
  )
