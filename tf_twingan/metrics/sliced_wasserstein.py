"""Sliced Wasserstein distance (SWD) between local patches of two image sets.

Every image becomes a Laplacian pyramid down to 16 pixels, whose levels hold the
detail of one scale each; the last holds what remains. Patches of 7x7 pixels are
sampled from every image and level at uniform positions, and each set's patches
are normalized to mean 0 and standard deviation 1 per colour channel. Along a
random direction, the Wasserstein distance W1 between the two clouds of patches
is the mean absolute difference of their sorted projections; it is averaged over
many directions. A small distance at a fine level means that the textures agree,
at the coarsest that the coarse shapes and colours do.

Since each set is normalized by itself, a tint or a contrast that a whole set
has in common is not measured. Two samples of one distribution are not at
distance 0 either, and the fewer the images the further apart: compare figures
of equal numbers of images only.

Progressive Growing of GANs (Karras et al. 2018, arXiv:1710.10196), section 5,
which samples 128 patches from each of 16,384 images and gives the distances
times 1000, as this module does.
"""

import numpy as np

COARSEST = 16
PATCH = 7
SCALE = 1e3

_BINOMIAL = np.array([1, 4, 6, 4, 1]) / 16
# Images and directions per batch, which bounds the memory.
_IMAGES = 32
_DIRECTIONS = 16


def distance(
  *,
  real: np.ndarray,
  fake: np.ndarray,
  seed: int = 0,
  patches: int = 128,
  directions: int = 512,
) -> dict[int, float]:
  """Distance between two sets of images, level by level.

  Args:
    real: uint8 or float [n, size, size, channels], in any range; `size` is a
      power of two, at least 16.
    fake: the same shape and range, in any order.
    seed: seed of the patches and directions; not negative.
    patches: number of patches sampled from each image and level.
    directions: number of directions that the patches of a level are projected
      on.

  Returns:
    {resolution of the level: distance times 1000}, from `size` down to 16. The
    paper's average is the mean of the values.

  Raises:
    ValueError: the shapes differ or cannot be halved down to 16 pixels, or
      there is nothing to sample.
  """
  _check(real, fake)
  if patches < 1 or directions < 1:
    raise ValueError(
      f'{patches} patches and {directions} directions; sample at least one of '
      'each.'
    )
  count, resolution, _, channels = real.shape
  rng = np.random.Generator(np.random.Philox(key=seed))
  smooth = [np.asarray(real), np.asarray(fake)]
  distances = {}
  while resolution >= COARSEST:
    # Both sets are sampled at the same positions, so that equal sets are at
    # distance 0.
    positions = rng.integers(resolution - PATCH + 1, size=[2, count, patches])
    axes = rng.standard_normal([PATCH * PATCH * channels, directions])
    axes /= np.linalg.norm(axes, axis=0)
    clouds = []
    for i, images in enumerate(smooth):
      cloud, smooth[i] = _level(images, positions)
      clouds.append(_normalized(cloud, _largest(images)))
    distances[resolution] = SCALE * _sliced(*clouds, axes)
    resolution //= 2
  return distances


def _check(real, fake):
  if real.shape != fake.shape:
    raise ValueError(
      f'real {real.shape} and fake {fake.shape} differ in shape; give equally '
      'many images of one size.'
    )
  if real.ndim != 4 or not real.size:
    raise ValueError(
      f'images of shape {real.shape}; give [n, size, size, channels] with at '
      'least one image.'
    )
  _, height, width, _ = real.shape
  if height != width or height < COARSEST or height & (height - 1):
    raise ValueError(
      f'{height}x{width} images; they must be square, their side a power of '
      f'two and at least {COARSEST}: resize them first.'
    )


def _level(images, positions):
  """Samples patches from the finest level and returns the next one.

  Args:
    images: [n, size, size, channels], a level of the Gaussian pyramid.
    positions: int [2, n, patches]: top and left of each patch.

  Returns:
    The patches, [n, patches, channels, PATCH, PATCH], and the next level of the
    Gaussian pyramid; None below the coarsest.
  """
  count, size, _, channels = images.shape
  has_next = size > COARSEST
  cloud = np.empty([count, positions.shape[2], channels, PATCH, PATCH])
  below = np.empty([count, size // 2, size // 2, channels])
  for start in range(0, count, _IMAGES):
    part = slice(start, start + _IMAGES)
    detail = images[part].astype(np.float64)
    if has_next:
      below[part] = _smoothed(detail)[:, ::2, ::2]
      detail -= _enlarged(below[part])
    windows = np.lib.stride_tricks.sliding_window_view(
      detail, (PATCH, PATCH), axis=(1, 2)
    )
    tops, lefts = positions[:, part]
    cloud[part] = windows[np.arange(len(detail))[:, None], tops, lefts]
  return cloud, below if has_next else None


def _smoothed(images):
  """Binomial low pass over both sides, mirrored at the border."""
  for _ in range(2):
    size = images.shape[1]
    padded = np.pad(images, [(0, 0), (2, 2), (0, 0), (0, 0)], 'reflect')
    images = sum(
      weight * padded[:, i : i + size] for i, weight in enumerate(_BINOMIAL)
    ).swapaxes(1, 2)
  return images


def _enlarged(images):
  count, height, width, channels = images.shape
  spread = np.zeros([count, 2 * height, 2 * width, channels])
  spread[:, ::2, ::2] = images
  # Three of four pixels are 0, so the low pass would darken the image.
  return 4 * _smoothed(spread)


def _largest(images):
  return max(abs(float(images.min())), abs(float(images.max())))


def _normalized(cloud, largest):
  """Rows of normalized patches, [n * patches, features]."""
  axes = (0, 1, 3, 4)
  cloud -= cloud.mean(axis=axes, keepdims=True)
  deviation = cloud.std(axis=axes, keepdims=True)
  # A channel without detail becomes 0: only rounding errors are left to scale.
  flat = deviation <= 1e-9 * largest
  cloud /= np.where(flat, np.inf, deviation)
  return cloud.reshape(cloud.shape[0] * cloud.shape[1], -1)


def _sliced(a, b, axes):
  """Mean W1 over the projections on the columns of `axes`."""
  total = 0.0
  directions = axes.shape[1]
  for start in range(0, directions, _DIRECTIONS):
    # One direction per row, so that sorted values are contiguous.
    part = axes[:, start : start + _DIRECTIONS].T
    gaps = np.sort(part @ a.T, axis=1) - np.sort(part @ b.T, axis=1)
    total += np.abs(gaps).mean(axis=1).sum()
  return float(total / directions)
