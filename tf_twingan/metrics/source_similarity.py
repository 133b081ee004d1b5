"""Source similarity: is the translation just a tinted copy of its source?

A translator that only tints its source keeps all of its edges. So before two
images are compared, each channel of each loses its mean and its contrast:
the mean over pixels is subtracted and the rest divided by its norm. The
distance of two such images is the root of the mean over channels of the
squared L2 distance, which is 2 - 2 r for a channel with the correlation r
(zero-normalized cross-correlation; Lewis, 1995, "Fast Normalized
Cross-Correlation"). For each source

  ratio = distance(translation, source) / mean distance(real image, source)

over some real images of the target domain, chosen at random. 0, the floor, is a
copier, tinted or not. About 1 is a translation that has no more in common with
its source than any real image of the target domain. The ceiling, for the
negative of the source, is near the square root of 2 where real images are
unrelated to sources. The ground truth shares a pose or an outline with its
source, so its score, not 1, is the figure to reach. A flat channel correlates
with nothing but another flat one.

The metric was defined for this project.
"""

from typing import NamedTuple

import numpy as np


class SourceSimilarity(NamedTuple):
  """How close translations are to their sources.

  Attributes:
    overall: mean distance to the source, divided by the mean distance of real
      images to it.
    ratios: float64 [n]: the same for each image; NaN where the chosen real
      images all equal the source.
  """

  overall: float
  ratios: np.ndarray


def measure(
  translations: np.ndarray,
  *,
  sources: np.ndarray,
  real: np.ndarray,
  samples: int = 16,
  seed: int = 0,
) -> SourceSimilarity:
  """Compares translations with their sources, and those with real images.

  Args:
    translations: uint8 or float [n, height, width, channels].
    sources: the same shape, in any range; row i is the source of row i.
    real: [m, height, width, channels]: real images of the target domain.
    samples: number of real images that each source is compared with; all,
      where there are fewer.
    seed: seed of their choice.

  Returns:
    The ratio of distances, overall and by image.

  Raises:
    ValueError: the shapes do not fit, something is empty, or all real images
      equal the sources.
  """
  if translations.ndim != 4 or translations.shape != sources.shape:
    raise ValueError(
      f'translations {translations.shape} and sources {sources.shape} are not '
      'of one shape [n, height, width, channels]; give the source of each '
      'translation, at the same resolution.'
    )
  if real.shape[1:] != sources.shape[1:]:
    raise ValueError(
      f'real {real.shape} and sources {sources.shape} differ in their '
      'images; give both at the same resolution.'
    )
  if not len(sources) or not len(real) or samples < 1:
    raise ValueError(
      f'{len(sources)} sources, {len(real)} real images and {samples} samples '
      'give nothing to compare; use at least one of each.'
    )
  rng = np.random.default_rng(seed)
  samples = min(samples, len(real))
  of_translations, of_real = np.empty([2, len(sources)])
  for i, source in enumerate(sources):
    chosen = real[rng.choice(len(real), samples, replace=False)]
    of_translations[i] = _distances(translations[i : i + 1], source)[0]
    of_real[i] = _distances(chosen, source).mean()
  if not of_real.any():
    raise ValueError(
      f'each of the {samples} real images chosen for a source equals it, up to '
      'mean and contrast; give real images of the other domain.'
    )
  defined = of_real > 0
  ratios = np.full(len(sources), np.nan)
  ratios[defined] = of_translations[defined] / of_real[defined]
  return SourceSimilarity(
    float(of_translations.mean() / of_real.mean()), ratios
  )


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
  # Values as small as the rounding error of a mean are no structure.
  flat = norms <= 1e-9 * np.sqrt(np.square(values).sum(axis=1, keepdims=True))
  return np.where(flat, 0, deviations / np.where(flat, 1, norms)), flat[:, 0]
