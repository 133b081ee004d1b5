"""Mirror consistency: is the translation of a mirrored source mirrored, too?

A translator that keeps the direction of its subjects treats left and right
alike: the translation of a mirrored source is the mirrored translation. One
that prefers a direction, because its target domain does, gives both sources the
same image. With T = translate(x), M = T mirrored and
F = translate(x mirrored), and L1 the mean absolute difference over pixels and
channels:

  turned: L1(F, T) < L1(F, M)
  inconsistency = mean L1(F, M) / mean L1(T, M), over all images

Both are 0 for a translator that treats the sides alike, their floor. One whose
subjects always look the same way gets 1 and 1; one whose second translation has
nothing to do with its first gets about 0.5 and about 1. The share cannot pass
1, the inconsistency can. An image that is its own mirror image counts as not
turned. A translator that mirrors *every* image treats the sides alike, so
neither figure detects it: that takes a comparison with the ground truth.

Comparing the two orders follows Lenc and Vedaldi (2015, "Understanding image
representations by measuring their equivariance and equivalence"). The metrics
were defined for this project.
"""

from collections.abc import Callable
from typing import NamedTuple

import numpy as np


class MirrorConsistency(NamedTuple):
  """How differently a translator treats mirrored sources.

  Attributes:
    turned: share of the images that do not follow the mirrored source, in
      [0, 1].
    inconsistency: mirror inconsistency relative to the asymmetry of the
      translations, in [0, inf]; 0 if both are 0.
    is_turned: bool [n]: the images that do not follow the mirrored source.
  """

  turned: float
  inconsistency: float
  is_turned: np.ndarray


def measure(
  translate: Callable[[np.ndarray], np.ndarray], sources: np.ndarray
) -> MirrorConsistency:
  """Translates sources and their mirror images, and compares.

  Args:
    translate: from uint8 [n, height, width, channels] to uint8 images of any
      resolution, one for each. If it is random, use the same random numbers in
      both calls, or the inconsistency includes their effect.
    sources: uint8 [n, height, width, channels].

  Returns:
    The share of turned images and the mirror inconsistency.
  """
  # Contiguous, because not every translator takes negative strides.
  mirrored = np.ascontiguousarray(_mirror(sources))
  return compare(translate(sources), of_mirrored=translate(mirrored))


def compare(
  translations: np.ndarray, *, of_mirrored: np.ndarray
) -> MirrorConsistency:
  """Compares translations of sources and of their mirror images.

  Args:
    translations: uint8 or float [n, height, width, channels].
    of_mirrored: the same shape; translations of the mirrored sources.

  Returns:
    The share of turned images and the mirror inconsistency.

  Raises:
    ValueError: the shapes differ, or there is no image.
  """
  if (
    translations.ndim != 4
    or translations.shape != of_mirrored.shape
    or not len(translations)
  ):
    raise ValueError(
      f'translations {translations.shape} and of_mirrored '
      f'{of_mirrored.shape} are not of one shape [n, height, width, '
      'channels], n > 0; translate the same sources plain and mirrored.'
    )
  plain = np.asarray(translations, np.float64)
  other = np.asarray(of_mirrored, np.float64)
  to_mirrored = _distances(other, _mirror(plain))
  is_turned = _distances(other, plain) < to_mirrored
  error = to_mirrored.mean()
  asymmetry = _distances(plain, _mirror(plain)).mean()
  if asymmetry > 0:
    inconsistency = error / asymmetry
  else:
    inconsistency = np.inf if error > 0 else 0.0
  return MirrorConsistency(
    turned=float(is_turned.mean()),
    inconsistency=float(inconsistency),
    is_turned=is_turned,
  )


def _mirror(images):
  return images[:, :, ::-1]


def _distances(a, b):
  return np.abs(a - b).mean(axis=(1, 2, 3))
