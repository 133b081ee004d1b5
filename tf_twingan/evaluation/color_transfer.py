"""Colour transfer: matches the colour statistics of two domains, nothing else.

The baseline below which a translator has learned colours and no shapes. After
Reinhard et al. (2001, "Color Transfer between Images", IEEE Computer Graphics
and Applications 21 (5)), its decorrelated colour space and its statistics:
images go to l-alpha-beta (Ruderman et al. 1998), whose channels hardly
correlate in natural scenes,

  LMS = M RGB
  l     = (log L + log M + log S) / sqrt(3)
  alpha = (log L + log M - 2 log S) / sqrt(6)
  beta  = (log L - log M) / sqrt(2)

with base 10 logarithms. There each channel gets another mean and standard
deviation,

  x' = (x - mean of source) * deviation of target / deviation of source
       + mean of target,

and the way back is the inverse of the above. As in the paper, RGB is taken as
it is stored, without undoing its gamma.

Source and target are two images in the paper. Here they are two domains,
each the mosaic of all its training images, so that one map serves all
sources. It is the fairest baseline, as it keeps the differences between
sources: on avatars its recall is that of a copy, while a match of each single
source with the target domain loses half of it, because it removes the source's
own background, and a match with a random training image loses most of it.
"""

from typing import NamedTuple

import numpy as np

# From the paper's RGB by way of XYZ: M.
_LMS = np.array(
  [
    [0.3811, 0.5783, 0.0402],
    [0.1967, 0.7244, 0.0782],
    [0.0241, 0.1288, 0.8444],
  ]
)
# Rows l, alpha, beta.
_LAB = np.array([[1, 1, 1], [1, 1, -2], [1, -1, 0]]) / np.sqrt(
  [[3.0], [6.0], [2.0]]
)
_LEAST = 1 / 255  # Black has no logarithm; this is the next darkest value.
# A channel of so little deviation is constant up to rounding errors.
_FLAT = 1e-5
_PIXELS = 2**18  # Per batch: as floats, a whole domain would fill the memory.


class Statistics(NamedTuple):
  """Colours in l-alpha-beta.

  Attributes:
    mean: float64 [3].
    deviation: float64 [3], at least 0.
  """

  mean: np.ndarray
  deviation: np.ndarray


def statistics(images: np.ndarray) -> Statistics:
  """Mean and standard deviation over all pixels of all images.

  Args:
    images: uint8 [n, height, width, 3], n >= 1.

  Raises:
    ValueError: there is no image.
  """
  if images.ndim != 4 or not images.size:
    raise ValueError(
      f'images {images.shape} are not [n, height, width, 3] with n > 0; '
      'give at least one to measure colours of.'
    )
  size = images[0].size // 3
  step = max(1, _PIXELS // size)
  total, sums, squares = len(images) * size, np.zeros(3), np.zeros(3)
  for start in range(0, len(images), step):
    lab = to_lab(images[start : start + step]).reshape(-1, 3)
    sums += lab.sum(axis=0)
    squares += np.square(lab).sum(axis=0)
  mean = sums / total
  # Rounding makes a variance of zero slightly negative.
  variance = np.maximum(squares / total - np.square(mean), 0)
  return Statistics(mean, np.sqrt(variance))


def transfer(
  images: np.ndarray, *, source: Statistics, target: Statistics
) -> np.ndarray:
  """Gives images the colours of another domain.

  Args:
    images: uint8 [n, height, width, 3].
    source: statistics of the images' domain.
    target: statistics of the domain whose colours they get.

  Returns:
    uint8 [n, height, width, 3]; colours out of range are clipped. A
    channel that is constant in the source domain gets the target's mean.
  """
  flat = source.deviation < _FLAT
  scale = np.where(
    flat, 0.0, target.deviation / np.where(flat, 1.0, source.deviation)
  )
  changed = np.empty(images.shape, np.uint8)
  for i, image in enumerate(images):
    changed[i] = to_rgb((to_lab(image) - source.mean) * scale + target.mean)
  return changed


def to_lab(images: np.ndarray) -> np.ndarray:
  """uint8 RGB [..., 3] in l-alpha-beta, float64; black counts as 1 of 255."""
  rgb = np.maximum(np.asarray(images, np.float64) / 255, _LEAST)
  return np.log10(rgb @ _LMS.T) @ _LAB.T


def to_rgb(lab: np.ndarray) -> np.ndarray:
  """l-alpha-beta [..., 3] as uint8 RGB, rounded and clipped."""
  lms = 10 ** (lab @ np.linalg.inv(_LAB).T)
  rgb = lms @ np.linalg.inv(_LMS).T
  return np.clip(np.rint(rgb * 255), 0, 255).astype(np.uint8)
