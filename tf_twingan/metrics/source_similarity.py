"""Copying: is the translation just its source?

A translator that only tints its source keeps all of its drawing. So before two
images are compared, each channel of each loses its mean and its contrast:
the mean over pixels is subtracted and the rest divided by its norm. The
distance of two such images is the root of the mean over channels of the
squared L2 distance, which is 2 - 2 r for a channel with the correlation r
(zero-normalized cross-correlation; Lewis, 1995, "Fast Normalized
Cross-Correlation"). For each source

  ratio = distance(translation, source) / mean distance(target, source)

over some real images of the target domain, drawn at random. 0, the floor, is
a copier, tinted or not. About 1 is a translation that has no more in common
with its source than any real target image. The ceiling, for the negative of
the source, is near the square root of 2 where targets are unrelated to
sources. True answers share a pose or an outline with their source, so theirs,
not 1, is the figure to reach. A flat channel correlates with nothing but
another flat one.

The figure is this project's own.
"""

from typing import NamedTuple

import numpy as np


class Copying(NamedTuple):
  """How near translations are to their sources.

  Attributes:
    overall: mean distance to the source over the mean distance of real targets
      to it.
    ratios: float64 [n]: the same for each image; NaN where the drawn targets
      are all equal to the source.
  """

  overall: float
  ratios: np.ndarray


def measure(
  translations: np.ndarray,
  *,
  sources: np.ndarray,
  targets: np.ndarray,
  draws: int = 16,
  seed: int = 0,
) -> Copying:
  """Compares translations with their sources, and those with real targets.

  Args:
    translations: uint8 or float [n, height, width, channels].
    sources: the same shape, in any range; row i is the source of row i.
    targets: [m, height, width, channels]: real images of the target domain.
    draws: targets that each source is compared with; all, where there are
      fewer.
    seed: of the draws.

  Returns:
    The ratio of distances, overall and by image.

  Raises:
    ValueError: the shapes do not fit, something is empty, or all targets equal
      the sources.
  """
  if translations.ndim != 4 or translations.shape != sources.shape:
    raise ValueError(
      f'translations {translations.shape} and sources {sources.shape} are not '
      'of one shape [n, height, width, channels]; give the source of each '
      'translation, at the same resolution.'
    )
  if targets.shape[1:] != sources.shape[1:]:
    raise ValueError(
      f'targets {targets.shape} and sources {sources.shape} differ in their '
      'images; give both at the same resolution.'
    )
  if not len(sources) or not len(targets) or draws < 1:
    raise ValueError(
      f'{len(sources)} sources, {len(targets)} targets and {draws} draws give '
      'nothing to compare; use at least one of each.'
    )
  rng = np.random.default_rng(seed)
  draws = min(draws, len(targets))
  of_translations, of_targets = np.empty([2, len(sources)])
  for i, source in enumerate(sources):
    drawn = targets[rng.choice(len(targets), draws, replace=False)]
    of_translations[i] = _distances(translations[i : i + 1], source)[0]
    of_targets[i] = _distances(drawn, source).mean()
  if not of_targets.any():
    raise ValueError(
      f'each of the {draws} targets drawn for a source equals it, up to mean '
      'and contrast; give real images of the other domain.'
    )
  defined = of_targets > 0
  ratios = np.full(len(sources), np.nan)
  ratios[defined] = of_translations[defined] / of_targets[defined]
  return Copying(float(of_translations.mean() / of_targets.mean()), ratios)


def _distances(images, source):
  """Distances of [n, height, width, channels] to one image."""
  a, a_is_flat = _without_mean_and_contrast(images)
  b, b_is_flat = _without_mean_and_contrast(source[None])
  # By differences: 2 - 2 r would leave a copier the root of a rounding error.
  squares = np.square(a - b).sum(axis=1)
  squares = np.where(a_is_flat != b_is_flat, 2.0, squares)
  return np.sqrt(squares.mean(axis=-1))


def _without_mean_and_contrast(images):
  """Channels of zero mean and unit norm, [n, pixels, c]; which are flat."""
  values = np.asarray(images, np.float64)
  values = values.reshape(len(values), -1, values.shape[-1])
  deviations = values - values.mean(axis=1, keepdims=True)
  norms = np.sqrt(np.square(deviations).sum(axis=1, keepdims=True))
  # What the rounding of a mean leaves is no drawing.
  flat = norms <= 1e-9 * np.sqrt(np.square(values).sum(axis=1, keepdims=True))
  return np.where(flat, 0, deviations / np.where(flat, 1, norms)), flat[:, 0]
