"""The options of every network: what each means, its default, its limits.

This is the only place that lists them. A network's constructor takes the
options of its config as keyword arguments (`TwinGAN(domains, residual=True,
...)`), gin files bind the same names (`TwinGAN.residual = True`), and a run's
`model.json` holds their values. A new option is a field here, and a line where
the network uses it.
"""

import dataclasses
import functools
import inspect
from collections.abc import Callable
from typing import Any

from tf_twingan.models import resolutions

PRECISIONS = ('float32', 'bfloat16', 'float16')
NORMS = ('batch', 'batch_renorm', 'instance', 'layer', 'none')
SHARINGS = ('convolutions', 'everything', 'nothing')
# Side of the patch that a logit sees, px, and how many convolutions of stride
# 2 that takes.
PATCH_FIELDS = {16: 1, 34: 2, 70: 3, 142: 4}


@dataclasses.dataclass(frozen=True, kw_only=True)
class NetworkConfig:
  """What all configs have in common."""

  def check_fits(self, max_resolution: int) -> None:
    """Raises ValueError if a network of this resolution cannot be built."""
    resolutions.check(max_resolution)


@dataclasses.dataclass(frozen=True, kw_only=True)
class ModelConfig(NetworkConfig):
  """Options of every model.

  Attributes:
    precision: dtype of the convolutions: 'float32', 'bfloat16' or 'float16'.
  """

  precision: str = 'float32'

  def __post_init__(self):
    _check_choice('precision', self.precision, PRECISIONS)


@dataclasses.dataclass(frozen=True, kw_only=True)
class ProgressiveConfig(NetworkConfig):
  """Options of every network that grows from one resolution to the next.

  Attributes:
    channels_base: feature channels at 4 px before `channels_max` applies;
      halved at each finer resolution.
    channels_max: the most feature channels.
    attention_resolution: px of the self-attention, see `attention`: after the
      generator's block there, or before the discriminator's. Memory grows with
      its fourth power. None for nowhere.
    spectral_norm: divide the kernel of every layer by its largest singular
      value, see `spectral_normalization`.
  """

  channels_base: int = 1024
  channels_max: int = 256
  attention_resolution: int | None = None
  spectral_norm: bool = False

  @property
  def channels(self) -> resolutions.Channels:
    """Feature channels by resolution."""
    return resolutions.Channels(self.channels_base, self.channels_max)

  def check_fits(self, max_resolution: int) -> None:
    """See `NetworkConfig.check_fits`; self-attention must be within."""
    super().check_fits(max_resolution)
    if (
      self.attention_resolution is not None
      and resolutions.check(self.attention_resolution) > max_resolution
    ):
      raise ValueError(
        f'attention_resolution is {self.attention_resolution}, above the '
        f'{max_resolution} px of the network; choose one that it has, or None.'
      )


@dataclasses.dataclass(frozen=True, kw_only=True)
class GeneratorConfig(ModelConfig, ProgressiveConfig):
  """Options of every model with a progressive generator.

  Attributes:
    norm: normalization, with a scale and an offset for each domain: one of
      NORMS, see `domain_norm`. 'none' has the scale and the offset alone.
    pixel_norm: normalize each pixel's features after each activation.
    smooth: upsample bilinearly, not by repeating pixels.
    residual: add each block's input to its output, see `blocks`.
    to_rgb_size: kernel size of the convolutions that output images; odd.
    recompute: in training, run the blocks again for their gradients rather
      than keep their activations: less memory, more time, the same weights.
      See `gradient_checkpointing`. Not in `model.json`, as it is no part of
      the trained network.
  """

  norm: str = 'batch_renorm'
  pixel_norm: bool = True
  smooth: bool = False
  residual: bool = False
  to_rgb_size: int = 1
  recompute: bool = dataclasses.field(default=False, metadata={'saved': False})

  def __post_init__(self):
    super().__post_init__()
    _check_choice('normalization', self.norm, NORMS)
    if self.to_rgb_size < 1 or self.to_rgb_size % 2 == 0:
      raise ValueError(
        f'to_rgb_size is {self.to_rgb_size}; choose an odd one, such as 1, 3 '
        'or 7.'
      )


@dataclasses.dataclass(frozen=True, kw_only=True)
class TwinGANConfig(GeneratorConfig):
  """Options of `twingan.TwinGAN`; the defaults are the article's.

  Attributes:
    skip_max_resolution: px of the finest U-Net skip; None for all, 4 for none.
      Fine skips carry detail, and the source's outlines with it.
    sharing: what the domains have in common: 'convolutions', as in the
      article; 'everything', norms too, so that a domain is a name without
      effect; or 'nothing', so that each has an encoder and a generator. The
      latter two are there to compare with.
    style_size: numbers in a style code, see `style_encoder`: MUNIT's have 8
      and the original's 16; None for no style codes. They move the scales and
      offsets of the generator's norms.
    condition_size: numbers in a vector of your own, such as attributes, that
      may be given as `condition` in the place of style codes, and to `encode`,
      too; None for no such vectors.
    renorm_ramp_steps: steps of each stage in which the limits of batch renorm
      widen; 30,000 in the original's code. None for limits that are wide from
      the start.
  """

  skip_max_resolution: int | None = None
  sharing: str = 'convolutions'
  style_size: int | None = None
  condition_size: int | None = None
  renorm_ramp_steps: int | None = None

  def __post_init__(self):
    super().__post_init__()
    _check_choice('sharing', self.sharing, SHARINGS)
    if self.skip_max_resolution is not None:
      resolutions.check(self.skip_max_resolution)
    if self.style_size is not None and (
      self.style_size < 2 or self.condition_size
    ):
      raise ValueError(
        f'style_size is {self.style_size} with condition_size '
        f'{self.condition_size}; give at least 2, as only directions count, '
        'and no condition_size, as style codes are the conditions then.'
      )
    if self.renorm_ramp_steps is not None and (
      self.norm != 'batch_renorm' or self.renorm_ramp_steps < 1
    ):
      raise ValueError(
        f'renorm_ramp_steps is {self.renorm_ramp_steps} with the norm '
        f"{self.norm!r}; give at least 1 with 'batch_renorm', and None with "
        'others.'
      )

  def skip_resolutions(self, max_resolution: int) -> list[int]:
    """Returns the resolutions with a U-Net skip, px."""
    finest = self.skip_max_resolution or max_resolution
    return [r for r in resolutions.up_to(max_resolution)[1:] if r <= finest]


@dataclasses.dataclass(frozen=True, kw_only=True)
class ProgressiveGANConfig(GeneratorConfig):
  """Options of `pggan.ProgressiveGAN`; the defaults are the paper's.

  With the norm 'none' a domain still scales and shifts, by which the domains
  differ.

  Attributes:
    latent_size: numbers in a latent vector, of which an image is generated.
  """

  channels_base: int = 8192
  channels_max: int = 512
  norm: str = 'none'
  latent_size: int = 512

  def __post_init__(self):
    super().__post_init__()
    if self.latent_size < 1:
      raise ValueError(
        f'latent_size is {self.latent_size}; at least 1 (the paper has 512).'
      )


@dataclasses.dataclass(frozen=True, kw_only=True)
class CycleGANConfig(ModelConfig):
  """Options of `cyclegan.CycleGAN`.

  Attributes:
    channels: feature channels at full resolution; twice as many at each of two
      halvings.
    blocks: residual blocks; the paper has 6 at 128 px and 9 from 256 px on.
  """

  channels: int = 64
  blocks: int = 9

  def check_fits(self, max_resolution: int) -> None:
    """See `NetworkConfig.check_fits`; from 8 px up."""
    if max_resolution < 8:
      raise ValueError(
        f'CycleGAN of {max_resolution} px: an image is halved twice and then '
        'mirrored at its border; take 8 px or more.'
      )
    super().check_fits(max_resolution)


@dataclasses.dataclass(frozen=True, kw_only=True)
class Pix2PixConfig(ModelConfig):
  """Options of `pix2pix.Pix2Pix`.

  Attributes:
    channels: feature channels after the first halving; twice as many after
      each next one, up to eight times.
  """

  channels: int = 64


@dataclasses.dataclass(frozen=True, kw_only=True)
class DiscriminatorConfig(ProgressiveConfig):
  """Options of `progressive.Discriminator`; see `ProgressiveConfig`."""


@dataclasses.dataclass(frozen=True, kw_only=True)
class PatchDiscriminatorConfig(NetworkConfig):
  """Options of `patch.PatchDiscriminator`.

  Attributes:
    channels: of the first convolution; each next one has twice as many, up to
      eight times.
    field: side of the patch that a logit sees, px: 16, 34, 70 or 142. The
      papers' 70 is a quarter of their images' side.
    conditional: score an image together with the one that it was translated
      from.
  """

  channels: int = 64
  field: int = 70
  conditional: bool = False

  def __post_init__(self):
    if self.field not in PATCH_FIELDS:
      raise ValueError(
        f'PatchDiscriminator.field is {self.field}; choose one of '
        f'{", ".join(map(str, PATCH_FIELDS))} px.'
      )

  def check_fits(self, max_resolution: int) -> None:
    """See `NetworkConfig.check_fits`; a patch is no larger than an image."""
    super().check_fits(max_resolution)
    largest = max(max_resolution, min(PATCH_FIELDS))
    if self.field > largest:
      fitting = (str(field) for field in PATCH_FIELDS if field <= largest)
      raise ValueError(
        f'PatchDiscriminator.field is {self.field} px, more than images of '
        f'{max_resolution} px have; choose one of {", ".join(fitting)}.'
      )


def saved_values(config: NetworkConfig) -> dict[str, Any]:
  """The values that `model.json` holds, by option."""
  return {f.name: getattr(config, f.name) for f in _saved_fields(config)}


def saved_defaults(config: NetworkConfig) -> dict[str, Any]:
  """The values that a `model.json` of an older version may leave out."""
  return {f.name: f.default for f in _saved_fields(config)}


def takes_options(config_type: type[NetworkConfig]) -> Callable[..., Any]:
  """Lets a constructor take the options of a config as keyword arguments.

  The constructor itself has one keyword argument `config`. Callers, and gin,
  which refuses names that are not in the signature, see the options instead:

    @takes_options(configs.TwinGANConfig)
    def __init__(self, domains, *, config, max_resolution): ...

    TwinGAN(['photo', 'anime'], max_resolution=64, residual=True)
  """
  options = inspect.signature(config_type).parameters

  def decorate(construct):
    @functools.wraps(construct)
    def construct_from_options(self, *args, **kwargs):
      given = {name: kwargs.pop(name) for name in options if name in kwargs}
      construct(self, *args, config=config_type(**given), **kwargs)

    parameters = dict(inspect.signature(construct).parameters)
    del parameters['config']
    construct_from_options.__signature__ = inspect.Signature(
      [*parameters.values(), *options.values()]
    )
    # Or else gin would look at the signature of what was wrapped.
    del construct_from_options.__wrapped__
    return construct_from_options

  return decorate


def _saved_fields(config):
  return [
    field
    for field in dataclasses.fields(config)
    if field.metadata.get('saved', True)
  ]


def _check_choice(option, value, choices):
  if value not in choices:
    raise ValueError(
      f'Unknown {option} {value!r}; choose one of {", ".join(choices)}.'
    )
