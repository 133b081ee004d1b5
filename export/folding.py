"""A model's weights for one direction, as plain convolutions.

At inference a batch norm multiplies and adds constants, so it folds into the
convolution before it: kernel * multiplier, and the shift as bias. The source's
parameters go into the encoder, the target's into the generator; what is left
knows of no domains. An instance norm measures each picture and stays.
"""

from typing import NamedTuple

import numpy as np

from tf_twingan import inference
from tf_twingan.models import normalization, resolutions, twingan

# Of Weights, each {px: convolutions}.
PARTS = ('from_rgb', 'encoder', 'generator', 'to_rgb')


class Instance(NamedTuple):
  """An instance norm that is left to do.

  Attributes:
    scale: float32 [channels].
    offset: float32 [channels].
    epsilon: added to the variance.
  """

  scale: np.ndarray
  offset: np.ndarray
  epsilon: float


class Conv(NamedTuple):
  """A convolution and what follows it.

  Attributes:
    kernel: float32 [size, size, in_channels, out_channels].
    bias: float32 [out_channels]; None before an instance norm.
    multiplier: float32 [out_channels], of a norm that was not folded in, or
      None.
    instance: the instance norm that follows, or None.
    activation: whether a leaky ReLU follows.
    pixel_norm: whether a pixel norm follows that.
  """

  kernel: np.ndarray
  bias: np.ndarray | None
  multiplier: np.ndarray | None = None
  instance: Instance | None = None
  activation: bool = True
  pixel_norm: bool = False


class Weights(NamedTuple):
  """All that draws one domain's pictures in another.

  Attributes:
    resolution: of the pictures, px.
    alpha: how far that resolution is faded in.
    from_rgb: {px: the convolution by which pictures of that size enter}; one
      size, or two in a fade-in.
    encoder: {px: two convolutions}, 8 px and up.
    generator: {px: two convolutions}, 4 px and up.
    to_rgb: {px: the convolution that draws there}; like from_rgb.
    skips: where the encoder's features come in, px.
    smooth: upsample bilinearly, rather than by repeating.
  """

  resolution: int
  alpha: float
  from_rgb: dict[int, tuple[Conv, ...]]
  encoder: dict[int, tuple[Conv, ...]]
  generator: dict[int, tuple[Conv, ...]]
  to_rgb: dict[int, tuple[Conv, ...]]
  skips: frozenset[int]
  smooth: bool

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
    source: the domain of the pictures.
    target: the domain to draw them in; the source's own reconstructs.
    resolution: of the pictures, px.
    alpha: how far that resolution is faded in.
    shared: leave multipliers out of the kernels, which all directions then
      have in common.

  Raises:
    ValueError: the model has no such domain, is no Twin-GAN, or shares no
      kernels that `shared` could leave in common.
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
  rungs = resolutions.up_to(resolution)
  ends = rungs[-1:] if alpha == 1.0 or len(rungs) == 1 else rungs[:-3:-1]
  encoder, generator = model.encoder_of(source), model.generator_of(target)
  source, target = model.norm_of(source), model.norm_of(target)

  def folded(blocks, size, domain):
    found = blocks[resolutions.key(size)]
    found = found if isinstance(found, (list, tuple)) else [found]
    return tuple(_folded(block, domain, shared) for block in found)

  return Weights(
    resolution,
    alpha,
    {size: folded(encoder.from_rgb, size, source) for size in ends},
    {size: folded(encoder.blocks, size, source) for size in rungs[1:]},
    {size: folded(generator.blocks, size, target) for size in rungs},
    {size: (_plain(generator.to_rgb[resolutions.key(size)]),) for size in ends},
    frozenset(generator.skip_resolutions) & frozenset(rungs),
    generator.smooth,
  )


def _folded(
  block: normalization.NormalizedConv, domain: str, shared: bool
) -> Conv:
  kernel = block.conv.scaled_kernel().numpy()
  if block.norm.kind == 'instance':
    own = block.norm.parameters[domain]
    instance = Instance(
      np.asarray(own['scale']), np.asarray(own['offset']), block.norm.epsilon
    )
    return Conv(kernel, None, instance=instance, pixel_norm=block.pixel_norm)
  multiplier, shift = (part.numpy() for part in block.norm.affine(domain))
  if shared:
    return Conv(kernel, shift, multiplier, pixel_norm=block.pixel_norm)
  return Conv(kernel * multiplier, shift, pixel_norm=block.pixel_norm)


def _plain(conv) -> Conv:
  return Conv(
    conv.scaled_kernel().numpy(), np.asarray(conv.bias), activation=False
  )


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
