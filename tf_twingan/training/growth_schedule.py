"""The growth schedule: from images seen to a stage and a learning rate.

PGGAN (Karras et al. 2018, section 2) trains at a low resolution, then fades
in a block for the next one, holds it, and so on. The schedule counts images
(of each domain), not steps, because the batch size changes with the
resolution; so resuming needs one number.
"""

import dataclasses
import numbers
from collections.abc import Mapping

from tf_twingan.models import resolutions

ByResolution = int | Mapping[int, int]

# The original's, for one GPU.
BATCH_SIZE = {4: 8, 8: 8, 16: 8, 32: 8, 64: 8, 128: 4, 256: 3}


@dataclasses.dataclass(frozen=True)
class Phase:
  """A part of training with one resolution and one batch size.

  Attributes:
    resolution: resolution, px.
    batch_size: images of each domain in a step, over all replicas.
    fading: whether the resolution is being faded in.
    start: images seen when it begins.
    end: images seen when it is over.
    stage_start: images seen when this resolution began.
  """

  resolution: int
  batch_size: int
  fading: bool
  start: int
  end: int
  stage_start: int

  def alpha(self, images_seen: int) -> float:
    """How far the resolution is faded in, in [0, 1]."""
    if not self.fading:
      return 1.0
    return (images_seen - self.start) / (self.end - self.start)


class Growth:
  """Phases: stable, then for each finer resolution fade in and stable."""

  def __init__(
    self,
    *,
    start_resolution: int = 4,
    final_resolution: int = 256,
    fade_images: ByResolution = 300_000,
    stable_images: ByResolution = 300_000,
    extra_images: int = 0,
    batch_size: ByResolution = BATCH_SIZE,
    decay_images: int = 0,
    discriminator_only_images: int = 0,
  ):
    """Makes the phases; "by resolution" is one number or one for each.

    Args:
      start_resolution: resolution of the first stage, px; a power of two.
      final_resolution: resolution of the last stage, px; a power of two.
      fade_images: images over which a new resolution fades in; by
        resolution.
      stable_images: images after that; by resolution.
      extra_images: images by which the last stage is held longer: trains a
        finished run on. Longer `fade_images` or `stable_images` would move
        the stages, which count from the first image.
      batch_size: images per domain and step; by resolution.
      decay_images: the last ones of all, over which the learning rates fall
        linearly to zero (as in CycleGAN: Zhu et al. 2017, section 4).
      discriminator_only_images: the first ones of all, during which the
        discriminators alone are trained: a model that starts from a trained one
        (`train.init_from`) would follow new ones before they know anything.
    """
    if resolutions.check(start_resolution) > resolutions.check(
      final_resolution
    ):
      raise ValueError(
        f'start_resolution {start_resolution} is above final_resolution '
        f'{final_resolution}; start at or below the final one.'
      )
    extra = _at('extra_images', extra_images, final_resolution, 0)
    self.phases: list[Phase] = []
    seen = 0
    for resolution in resolutions.up_to(final_resolution):
      if resolution < start_resolution:
        continue
      stage_start = seen
      batch = _at('batch_size', batch_size, resolution, 1)
      for fading, images in (
        (
          True,
          0
          if resolution == start_resolution
          else _at('fade_images', fade_images, resolution, 0),
        ),
        (
          False,
          _at('stable_images', stable_images, resolution, 0)
          + (extra if resolution == final_resolution else 0),
        ),
      ):
        if images:
          self.phases.append(
            Phase(resolution, batch, fading, seen, seen + images, stage_start)
          )
          seen += images
    if not self.phases:
      raise ValueError(
        'The growth schedule has no images at all; raise stable_images.'
      )
    if not 0 <= decay_images <= seen:
      raise ValueError(
        f'Growth.decay_images is {decay_images}; from 0 to the {seen} images '
        'of the whole schedule.'
      )
    if not 0 <= discriminator_only_images <= seen:
      raise ValueError(
        f'Growth.discriminator_only_images is {discriminator_only_images}; '
        f'from 0 to the {seen} images of the whole schedule.'
      )
    self.start_resolution = start_resolution
    self.final_resolution = final_resolution
    self.total_images = seen
    self._extra_images = extra
    self.decay_images = decay_images
    self.discriminator_only_images = discriminator_only_images

  def at(self, images_seen: int) -> Phase:
    """The phase for the next batch; the last one once all is done."""
    for phase in self.phases:
      if images_seen < phase.end:
        return phase
    return self.phases[-1]

  def extra_images_for(self, images_seen: int) -> int:
    """The `extra_images` with which this schedule ends at `images_seen`."""
    return self._extra_images + images_seen - self.total_images

  def check_goes_on(
    self, images_seen: int, resolution: int, alpha: float
  ) -> None:
    """Raises unless a run goes on where it was, or further.

    A run that has seen none may begin anywhere, also one that starts from the
    weights of a finer resolution.

    Args:
      images_seen: images of each domain that the run has seen.
      resolution: resolution of its last step, px; 0 if it had none.
      alpha: how far that resolution was faded in, in [0, 1].

    Raises:
      ValueError: by this schedule it would go back to an earlier stage; says
        how to train longer instead.
    """
    phase = self.at(images_seen)
    # A checkpoint holds alpha in float32.
    if not images_seen or (
      phase.resolution,
      phase.alpha(images_seen) + 1e-6,
    ) >= (resolution, alpha):
      return
    raise ValueError(
      f'The run has seen {images_seen:,} images of each domain and is at '
      f'{_stage(resolution, alpha)}, but by the growth schedule given here it '
      f'would go back to {_stage(phase.resolution, phase.alpha(images_seen))}. '
      'Set Growth.fade_images and Growth.stable_images back to those of its '
      'operative_config.gin. To train longer, hold the last stage longer, for '
      'example by --gin_param=Growth.extra_images='
      f'{self._extra_images + self.total_images - images_seen}.'
    )

  def rate(self, images_seen: int) -> float:
    """The factor of the discriminators' learning rate, in [0, 1]."""
    remaining = self.total_images - images_seen
    return max(remaining, 0) / max(self.decay_images, remaining, 1)

  def generator_rate(self, images_seen: int) -> float:
    """The factor of the model's learning rate, in [0, 1]."""
    if images_seen < self.discriminator_only_images:
      return 0.0
    return self.rate(images_seen)


def _stage(resolution, alpha):
  faded = '' if alpha >= 1 else f', faded in by {alpha:.0%}'
  return f'{resolution} px{faded}'


def _at(name, value, resolution, least):
  if isinstance(value, Mapping):
    if resolution not in value:
      raise ValueError(
        f'Growth.{name} has no entry for {resolution} px; it '
        f'has {sorted(value)}.'
      )
    value = value[resolution]
  if not isinstance(value, numbers.Integral):
    raise ValueError(
      f'Growth.{name} is {value!r} at {resolution} px; give a whole number, '
      'or one for each resolution, such as {8: 4_000, 16: 10_000}.'
    )
  if value < least:
    raise ValueError(
      f'Growth.{name} is {value} at {resolution} px; at least {least}.'
    )
  return value
