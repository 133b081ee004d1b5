"""Every score of one direction of translation, beside its floor and ceiling.

A number alone says little, so each column holds what other candidates get by
the same measure: the untranslated sources, the same in the colours of the
target domain, the translations shuffled, the mean image of that domain, and
real held-out images of it, which for twins are the true answers.
"""

from collections.abc import Mapping

import numpy as np

from tf_twingan.evaluation import (
  attribute_probe,
  directions,
  feature_networks,
  feature_scores,
  image_set_scores,
  measurements,
  paired_scores,
  robustness_scores,
)
from tf_twingan.metrics import fidelity, structural_similarity

FEWEST = 10  # Images; `ignored_input` splits them into five parts.
_MOST_PSNR = 100.0  # dB; equal images have infinitely many.

Table = dict[str, dict[str, float | None]]


def score(
  direction: directions.Direction,
  candidates: Mapping[str, directions.Candidate],
  *,
  network: feature_networks.FeatureNetwork | None = None,
  seed: int = 0,
) -> dict[str, measurements.Measured]:
  """Scores the candidates by all that applies to the direction.

  Args:
    direction: what they translated.
    candidates: by name; floors and ceilings among them.
    network: what looks at sets of images, of `feature_network` with the same
      seed; None leaves its columns out.
    seed: of all draws.

  Returns:
    {candidate: its scores}, the same columns for all of them.

  Raises:
    ValueError: there are too few images, or they do not fit each other.
  """
  reference, _ = _divided(direction, seed)
  scorers: list[measurements.Scorer] = []
  if direction.twins:
    scorers.append(paired_scores.PairedScorer(direction))
  if direction.factors:
    scorers.append(attribute_probe.AttributeScorer(direction, seed=seed))
  scorers.append(
    image_set_scores.ImageSetScorer(direction, reference=reference, seed=seed)
  )
  if network:
    scorers.append(
      feature_scores.FeatureScorer(
        direction, reference=reference, network=network, seed=seed
      )
    )
  scorers.append(robustness_scores.RobustnessScorer(direction))
  found = {}
  for name, candidate in candidates.items():
    columns, each = {}, {}
    for scorer in scorers:
      one = scorer.measure(candidate)
      columns |= one.columns
      each |= one.each
    found[name] = measurements.Measured(columns, each)
  return found


def feature_network(
  direction: directions.Direction, name: str, *, seed: int = 0
) -> feature_networks.FeatureNetwork:
  """The network that looks at sets of images of the target domain.

  Args:
    direction: what was translated.
    name: as `feature_networks.load` takes it.
    seed: of all draws.

  Raises:
    FileNotFoundError: there is no such path.
    ValueError: there are too few images, or there is no such network.
  """
  # Not of the images that the real held-out ones are compared with, as a
  # network knows those it has learned apart.
  _, rest = _divided(direction, seed)
  return feature_networks.load(name, rest, seed=seed)


def _divided(
  direction: directions.Direction, seed: int
) -> tuple[np.ndarray, np.ndarray]:
  """Training images to compare with, and others, if there are enough."""
  count, training = len(direction.sources), direction.training
  if count < FEWEST or len(training) < 2:
    raise ValueError(
      f'{count} held-out and {len(training)} training images are too few to '
      f'score; give at least {FEWEST} and 2.'
    )
  rng = np.random.Generator(np.random.Philox(key=seed))
  drawn = rng.permutation(len(training))
  rest = drawn[count:] if len(drawn) >= 2 * count else drawn
  return training[np.sort(drawn[:count])], training[np.sort(rest)]


def score_returned(
  direction: directions.Direction,
  candidates: Mapping[str, directions.Candidate],
) -> Table:
  """Scores what should be the sources again.

  Args:
    direction: what was translated.
    candidates: by name; those that return nothing are left out.

  Returns:
    {what was returned: {column: value}}, with the mean of the sources and the
    sources shuffled as floors; empty if nothing was returned.
  """
  sources = direction.sources
  several = len(candidates) > 1
  rows = {
    f'{name}, {kind}' if several else kind: images
    for name, candidate in candidates.items()
    for kind, images in candidate.returned.items()
  }
  if not rows:
    return {}
  mean = np.rint(sources.mean(axis=0, dtype=np.float64)).astype(np.uint8)
  rows |= {
    'shuffled': np.roll(sources, 1, axis=0),
    'mean image': np.broadcast_to(mean, sources.shape),
  }
  return {
    name: {
      'L1': float(fidelity.l1(images, sources).mean()),
      'PSNR': float(
        np.minimum(fidelity.psnr(images, sources), _MOST_PSNR).mean()
      ),
      'SSIM': float(structural_similarity.ssim(images, sources).mean()),
    }
    for name, images in rows.items()
  }
