"""What is scored: one direction of translation, and what translates it."""

from collections.abc import Callable, Mapping
from typing import NamedTuple

import numpy as np

from tf_twingan.data.avatars import ground_truth
from tf_twingan.evaluation import backgrounds, color_transfer, dataset_pair

# What is scored first, and what it is read beside.
RESERVED = (
  'translation',
  'untranslated',
  'colour transfer',
  'shuffled',
  'mean image',
  'true answer',
  'real images',
)


class Direction(NamedTuple):
  """What every candidate translates, and the real images of the target.

  All images are uint8 [n, resolution, resolution, 3].

  Attributes:
    source: name of the domain translated from.
    target: name of the domain translated to.
    sources: held-out images of the source domain.
    real: held-out images of the target domain, equally many; the true
      answers, in order, if `twins` is given.
    training: [m, ...]: what the target domain was trained on.
    source_training: [k, ...]: what the source domain was trained on.
    twins: what is known of the true answers; None if nothing is.
    background_masks: bool [n, resolution, resolution], with `twins`: where
      the source and the true answer are both plain.
    factors: with `twins`: of the characters.
    recolored: the sources on other backgrounds; None leaves them out.
  """

  source: str
  target: str
  sources: np.ndarray
  real: np.ndarray
  training: np.ndarray
  source_training: np.ndarray
  twins: ground_truth.GroundTruth | None = None
  background_masks: np.ndarray | None = None
  factors: ground_truth.Factors | None = None
  recolored: backgrounds.Recolored | None = None

  @property
  def title(self) -> str:
    """What the direction is called."""
    return f'{self.source} to {self.target}'


class Candidate(NamedTuple):
  """What one translator, or one floor or ceiling, makes of a direction.

  Images are uint8 [n, resolution, resolution, 3], in the order of the
  direction's sources; what is None is not at hand.

  Attributes:
    translations: of the sources.
    of_mirrored: translations of the mirrored sources.
    of_recolored: translations of the sources on other backgrounds.
    encode: from images and their domain to content codes, float [n, ...].
    returned: what should be the sources again, by name: 'reconstruction',
      'round trip'.
  """

  translations: np.ndarray
  of_mirrored: np.ndarray | None = None
  of_recolored: np.ndarray | None = None
  encode: Callable[[np.ndarray, str], np.ndarray] | None = None
  returned: Mapping[str, np.ndarray] = {}


def between(
  domains: dataset_pair.Domains, source: str, target: str
) -> Direction:
  """The direction from one domain to the other.

  Two styles of avatars show the same held-out characters, so their truth is
  drawn, too. Of other images the backgrounds are estimated.
  """
  shown = domains.held_out[source]
  known, recolored = {}, None
  if ground_truth.is_known(*domains.sources.values()):
    size, count = domains.resolution, len(shown)
    of_target, of_source = (
      ground_truth.describe(domains.sources[d], size, count)
      for d in (target, source)
    )
    known = dict(
      twins=of_target,
      background_masks=of_target.background_masks & of_source.background_masks,
      factors=ground_truth.factors(
        domains.sources[target],
        domains.sources[source],
        training=len(domains.training[target]),
        held_out=count,
      ),
    )
    other, real = (
      ground_truth.on_other_backgrounds(domains.sources[d], size, count)
      for d in (source, target)
    )
    recolored = backgrounds.Recolored(
      other, subjects=~of_target.background_masks, real=real
    )
  return Direction(
    source,
    target,
    shown,
    domains.held_out[target],
    domains.training[target],
    domains.training[source],
    recolored=recolored or backgrounds.estimate(shown),
    **known,
  )


def floors_and_ceilings(
  direction: Direction, candidate: Candidate
) -> dict[str, Candidate]:
  """What the scores of a candidate are read beside.

  Args:
    direction: what it translated.
    candidate: the first one; its translations are what is shuffled.

  Returns:
    By name: the untranslated sources, the sources in the colours of the
    target domain, the translations shuffled, the mean image of the target
    domain, and its real held-out images, which for twins are the true
    answers.
  """
  sources, real = direction.sources, direction.real
  mean = np.rint(direction.training.mean(axis=0, dtype=np.float64))
  mean = np.broadcast_to(mean.astype(np.uint8), sources.shape)

  def moved(images: np.ndarray | None, places: int) -> np.ndarray | None:
    return None if images is None else np.roll(images, places, axis=0)

  encode, recolored = candidate.encode, direction.recolored
  untranslated = Candidate(
    sources,
    of_mirrored=sources[:, :, ::-1],
    of_recolored=None if recolored is None else recolored.sources,
    encode=encode,
  )
  return {
    'untranslated': untranslated,
    'colour transfer': _in_colors_of_target(direction, untranslated),
    # The others by two places, so that none meets its own again.
    'shuffled': Candidate(
      moved(candidate.translations, 1),
      of_mirrored=moved(candidate.of_mirrored, 2),
      of_recolored=moved(candidate.of_recolored, 2),
      encode=encode,
    ),
    'mean image': Candidate(
      mean, of_mirrored=mean, of_recolored=mean, encode=encode
    ),
    'true answer' if direction.twins else 'real images': Candidate(
      real,
      of_recolored=None if recolored is None else recolored.real,
      # Real images of others say nothing of these sources.
      encode=encode if direction.twins else None,
    ),
  }


def _in_colors_of_target(
  direction: Direction, untranslated: Candidate
) -> Candidate:
  source, target = (
    color_transfer.statistics(images)
    for images in (direction.source_training, direction.training)
  )

  def changed(images: np.ndarray | None) -> np.ndarray | None:
    if images is None:
      return None
    return color_transfer.transfer(images, source=source, target=target)

  return untranslated._replace(
    translations=changed(untranslated.translations),
    of_mirrored=changed(untranslated.of_mirrored),
    of_recolored=changed(untranslated.of_recolored),
  )
