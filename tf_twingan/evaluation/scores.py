"""Every score of one direction of translation, beside its floor and ceiling.

A number alone says little, so each column holds what other candidates get by
the same measure: the untranslated sources, the translations shuffled, the
mean picture of the target domain, and real held-out pictures of that domain,
which for twins are the true answers. Pixels only; no feature network, and so
no figure that could be taken for a published FID.
"""

from collections.abc import Mapping
from typing import NamedTuple

import numpy as np

from tf_twingan import images as images_lib
from tf_twingan.data import twins as twins_lib
from tf_twingan.metrics import (
  background_error,
  copying,
  fidelity,
  ignored_input,
  memorizing,
  mode_collapse,
  nearest_counterpart,
  region_color,
  sliced_wasserstein,
  structural_similarity,
  turn_rate,
)

RECALL_AMONG = 100
RECALL_RESOLUTION = 32  # px
FEWEST = 10  # Pictures; `ignored_input` splits them into five parts.
_FOLDS = 5
_PAIRS = 100  # For the diversity, as its paper draws.

# What each column says; a column whose name is missing here is a mistake.
MEANINGS: Mapping[str, str] = {
  'recall@1': 'own counterpart is the nearest of the first 100 (L2 at 32 px)',
  'recall@5': 'own counterpart is among the nearest five',
  'recall@1, no mean': 'recall@1 with the mean colour of pictures removed',
  'hair kept': 'hair at most one step from dark to light away from its own',
  'hair vivid': 'hair in a vivid colour, which no held-out character has',
  'background': 'mean error, 0 to 255, where both true pictures are plain',
  'L1 to truth': 'mean error against the true answer, 0 to 255',
  'SSIM to truth': 'structural similarity to the true answer',
  'SWD': 'sliced Wasserstein distance x 1000 to training pictures, all levels',
  'diversity': 'mean MS-SSIM of pairs; well above real pictures: too alike',
  'distinct': 'share that differ from each other, beside real pictures',
  'copying': 'distance to the source over that of real pictures; 0 is a copy',
  'near training': 'share as near to a training picture as 1 % of real ones',
  'explained': 'share of the variance that the source predicts (R^2)',
  'turned': 'share that do not follow a mirrored source',
  'L1': 'mean error against the source, 0 to 255',
  'PSNR': 'peak signal-to-noise ratio against the source, dB',
  'SSIM': 'structural similarity to the source',
}

Table = dict[str, dict[str, float | None]]


class Direction(NamedTuple):
  """What is scored. All pictures are uint8 [n, resolution, resolution, 3].

  Attributes:
    source: name of the domain translated from.
    target: name of the domain translated to.
    sources: held-out pictures of the source domain.
    translations: of them, in order.
    real: held-out pictures of the target domain, equally many; the true
      answers, in order, if `twins` is given.
    training: [m, ...]: what the target domain was trained on.
    twins: what is known of the true answers; None if nothing is.
    background_masks: bool [n, resolution, resolution], with `twins`: where
      the source and the true answer are both plain.
    of_mirrored: translations of the mirrored sources; None if not at hand.
    returned: what should be the sources again, by name: 'reconstruction',
      'round trip'; empty if not at hand.
  """

  source: str
  target: str
  sources: np.ndarray
  translations: np.ndarray
  real: np.ndarray
  training: np.ndarray
  twins: twins_lib.Twins | None = None
  background_masks: np.ndarray | None = None
  of_mirrored: np.ndarray | None = None
  returned: Mapping[str, np.ndarray] = {}


def score(direction: Direction, *, seed: int = 0) -> Table:
  """Scores the translations and what they are to be compared with.

  Args:
    direction: the pictures.
    seed: of all draws.

  Returns:
    {candidate: {column: value}}; None where a column does not apply. Columns
    are those of `MEANINGS`, in its order.

  Raises:
    ValueError: there are too few pictures, or they do not fit each other.
  """
  count = len(direction.sources)
  if count < FEWEST or len(direction.training) < 2:
    raise ValueError(
      f'{count} held-out and {len(direction.training)} training pictures are '
      f'too few to score; give at least {FEWEST} and 2.'
    )
  mean = np.rint(direction.training.mean(axis=0, dtype=np.float64))
  mean = np.broadcast_to(mean.astype(np.uint8), direction.sources.shape)
  mirrored = direction.of_mirrored
  shuffled = np.roll(direction.translations, 1, axis=0)
  candidates = {
    'translation': (direction.translations, mirrored),
    'untranslated': (direction.sources, direction.sources[:, :, ::-1]),
    # The mirrored ones by two places, so that none meets its own again.
    'shuffled': (
      shuffled,
      None if mirrored is None else np.roll(mirrored, 2, axis=0),
    ),
    'mean picture': (mean, mean),
    'true answer' if direction.twins else 'real pictures': (
      direction.real,
      None,
    ),
  }
  rng = np.random.Generator(np.random.Philox(key=seed))
  drawn = rng.permutation(len(direction.training))[:count]
  reference = direction.training[np.sort(drawn)]
  table = {}
  for name, (pictures, of_mirrored) in candidates.items():
    row = {}
    if direction.twins:
      row |= _against_truth(pictures, direction)
    row |= _as_a_set(pictures, direction, reference, seed)
    row['turned'] = None
    if of_mirrored is not None:
      row['turned'] = turn_rate.compare(
        pictures, of_mirrored=of_mirrored
      ).turned
    table[name] = row
  return table


def score_returned(direction: Direction) -> Table:
  """Scores what should be the sources again.

  Args:
    direction: the pictures, with `returned`.

  Returns:
    As `score`; the mean of the sources is the floor.
  """
  sources = direction.sources
  mean = np.rint(sources.mean(axis=0, dtype=np.float64)).astype(np.uint8)
  candidates = {
    **direction.returned,
    'shuffled': np.roll(sources, 1, axis=0),
    'mean picture': np.broadcast_to(mean, sources.shape),
  }
  return {
    name: {
      'L1': float(fidelity.l1(pictures, sources).mean()),
      'PSNR': float(fidelity.psnr(pictures, sources).mean()),
      'SSIM': float(structural_similarity.ssim(pictures, sources).mean()),
    }
    for name, pictures in candidates.items()
  }


def best_first(direction: Direction) -> np.ndarray:
  """Places of the pictures, the best translation first.

  With true answers by the rank of the own counterpart among all, then by the
  error against it; else by the distance to the nearest training picture.

  Args:
    direction: the pictures.

  Returns:
    int [n].
  """
  if not direction.twins:
    distances, _ = memorizing.nearest(
      direction.translations, direction.training
    )
    return distances.argsort(kind='stable')
  ranks = nearest_counterpart.ranks(
    _small(direction.translations), _small(direction.real)
  )
  errors = fidelity.l1(direction.translations, direction.real)
  return np.lexsort([errors, ranks])


def _against_truth(pictures, direction):
  real, twins = direction.real, direction.twins
  small, answers = (_small(p[:RECALL_AMONG]) for p in (pictures, real))
  ranks = nearest_counterpart.ranks(small, answers)
  found = region_color.nearest(pictures, twins.hair_masks, twins_lib.HAIR)
  seen = found >= 0
  kept = (found < twins_lib.NATURAL) & (np.abs(found - twins.hair) <= 1)
  background = background_error.measure(
    pictures, real, direction.background_masks
  )
  return {
    'recall@1': float(np.mean(ranks == 0)),
    'recall@5': float(np.mean(ranks < 5)),
    'recall@1, no mean': nearest_counterpart.recall(
      small, answers, remove_mean=True
    ),
    'hair kept': _mean_or_none(kept[seen]),
    'hair vivid': _mean_or_none(found[seen] >= twins_lib.NATURAL),
    'background': _mean_or_none(background[~np.isnan(background)]),
    'L1 to truth': float(fidelity.l1(pictures, real).mean()),
    'SSIM to truth': float(structural_similarity.ssim(pictures, real).mean()),
  }


def _as_a_set(pictures, direction, reference, seed):
  some = pictures[: len(reference)]
  size = pictures.shape[1]
  levels = None
  if size >= sliced_wasserstein.COARSEST and not size & (size - 1):
    levels = sliced_wasserstein.distance(real=reference, fake=some, seed=seed)
  near = memorizing.measure(
    pictures, training=direction.training, held_out=direction.real
  )
  return {
    'SWD': None if levels is None else float(np.mean(list(levels.values()))),
    'diversity': structural_similarity.diversity(
      pictures, pairs=_PAIRS, seed=seed
    ),
    'distinct': mode_collapse.distinct_share(real=reference, fake=some),
    'copying': copying.measure(
      pictures,
      sources=direction.sources,
      targets=direction.training,
      seed=seed,
    ).overall,
    'near training': near.share,
    'explained': ignored_input.explained_variance(
      pictures, sources=direction.sources, folds=_FOLDS, seed=seed
    ),
  }


def _small(pictures):
  if pictures.shape[1] <= RECALL_RESOLUTION:
    return pictures
  return images_lib.downsample(pictures, RECALL_RESOLUTION)


def _mean_or_none(values):
  return float(np.mean(values)) if len(values) else None
