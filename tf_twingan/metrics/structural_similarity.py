"""Structural similarity, SSIM, of pairs of images, at one or more scales.

Under a Gaussian window of 11x11 pixels and standard deviation 1.5, two images
have the means m_x and m_y, variances v_x and v_y and covariance v_xy. There,

  luminance = (2 m_x m_y + C1) / (m_x^2 + m_y^2 + C1),
  contrast and structure = (2 v_xy + C2) / (v_x + v_y + C2),

with C1 = (0.01 peak)^2 and C2 = (0.03 peak)^2. SSIM is the mean of their
product over all positions where the window fits, and over the channels. 1 means
equal; opposite structure is negative. Images below 11 pixels are compared
under a window as large as they are, its deviation reduced in proportion.

MS-SSIM halves both images again and again. It is the product, per channel, of
the contrast and structure at each scale and the SSIM at the last one, each to
the power of its scale's weight. Of the paper's five scales as many are used as
the window fits into, 176 pixels for all, with the weights scaled to add up to
1; below 22 pixels it is the SSIM itself, with a negative channel counted as 0.
Figures of images of different sizes can therefore not be compared.

Image Quality Assessment: From Error Visibility to Structural Similarity (Wang
et al. 2004, IEEE Transactions on Image Processing 13), section III; Multiscale
Structural Similarity for Image Quality Assessment (Wang et al. 2003, Asilomar),
section 3; for the diversity of a set, Conditional Image Synthesis with
Auxiliary Classifier GANs (Odena et al. 2017, arXiv:1610.09585), section 4.2.
"""

import numpy as np

from tf_twingan.metrics import image_pairs

# tf.image.ssim computes in float32, which is off by 5e-4 on nearly flat images,
# and tf.image.ssim_multiscale pads odd sides, which is off by 1e-3 at 45 px.
WINDOW = 11
DEVIATION = 1.5
SCALE_WEIGHTS = (0.0448, 0.2856, 0.3001, 0.2363, 0.1333)


def ssim(
  images: np.ndarray, targets: np.ndarray, *, peak: float = 255.0
) -> np.ndarray:
  """Structural similarity of each pair.

  Args:
    images: uint8 or float [n, height, width, channels], in [0, peak].
    targets: images of the same shape and range; row i is compared with row i.
    peak: largest possible value.

  Returns:
    float64 [n], in [-1, 1]; 1 where the two are equal.

  Raises:
    ValueError: the shapes differ, or values lie outside [0, peak].
  """
  image_pairs.check(images, targets, peak)
  return np.array(
    [_components(a, b, peak)[0].mean() for a, b in zip(images, targets)]
  )


def ms_ssim(
  images: np.ndarray, targets: np.ndarray, *, peak: float = 255.0
) -> np.ndarray:
  """Multi-scale structural similarity of each pair.

  Args:
    images: uint8 or float [n, height, width, channels], in [0, peak].
    targets: images of the same shape and range; row i is compared with row i.
    peak: largest possible value.

  Returns:
    float64 [n], in [0, 1]; 1 where the two are equal.

  Raises:
    ValueError: the shapes differ, or values lie outside [0, peak].
  """
  image_pairs.check(images, targets, peak)
  return np.array([_multi_scale(a, b, peak) for a, b in zip(images, targets)])


def diversity(
  images: np.ndarray, *, pairs: int, seed: int = 0, peak: float = 255.0
) -> float:
  """Mean MS-SSIM of random pairs of a set: the lower, the more diverse.

  Compare it with the same figure of real images: well above it, the set
  varies too little. No image is paired with itself.

  Args:
    images: uint8 or float [n, height, width, channels], in [0, peak]; at
      least two.
    pairs: number of pairs to sample, at least 1; the paper uses 100.
    seed: seed of the pairs; not negative.
    peak: largest possible value.

  Returns:
    In [0, 1]; 1 where all images are equal.

  Raises:
    ValueError: there are fewer than two images or no pairs, or values lie
      outside [0, peak].
  """
  count = len(images)
  if count < 2 or pairs < 1:
    raise ValueError(
      f'{count} images and {pairs} pairs; give at least two images and one '
      'pair.'
    )
  rng = np.random.Generator(np.random.Philox(key=seed))
  first = rng.integers(count, size=pairs)
  # One of the others, each as likely.
  second = (first + rng.integers(1, count, size=pairs)) % count
  return float(ms_ssim(images[first], images[second], peak=peak).mean())


def _window(size):
  """Gaussian weights along one side, adding up to 1."""
  deviation = DEVIATION * size / WINDOW
  positions = np.arange(size) - (size - 1) / 2
  weights = np.exp(-0.5 * np.square(positions / deviation))
  return weights / weights.sum()


def _filtered(image, window):
  """Weighted mean around each position where the window fits."""
  for _ in range(2):
    kept = image.shape[0] - len(window) + 1
    image = sum(
      weight * image[i : i + kept] for i, weight in enumerate(window)
    ).swapaxes(0, 1)
  return image


def _components(a, b, peak):
  """SSIM and its contrast and structure alone, [channels] each."""
  a, b = np.asarray(a, np.float64), np.asarray(b, np.float64)
  window = _window(min(WINDOW, *a.shape[:2]))
  mean_a, mean_b = _filtered(a, window), _filtered(b, window)
  variance_a = _filtered(a * a, window) - mean_a * mean_a
  variance_b = _filtered(b * b, window) - mean_b * mean_b
  covariance = _filtered(a * b, window) - mean_a * mean_b
  c1, c2 = (0.01 * peak) ** 2, (0.03 * peak) ** 2
  luminance = (2 * mean_a * mean_b + c1) / (
    mean_a * mean_a + mean_b * mean_b + c1
  )
  contrast = (2 * covariance + c2) / (variance_a + variance_b + c2)
  return (luminance * contrast).mean((0, 1)), contrast.mean((0, 1))


def _multi_scale(a, b, peak):
  side, scales = min(a.shape[:2]), 1
  while scales < len(SCALE_WEIGHTS) and side >> scales >= WINDOW:
    scales += 1
  weights = np.array(SCALE_WEIGHTS[:scales]) / sum(SCALE_WEIGHTS[:scales])
  product = np.ones(a.shape[2])
  for scale, weight in enumerate(weights):
    if scale > 0:
      a, b = _halved(a), _halved(b)
    similarity, contrast = _components(a, b, peak)
    factor = similarity if scale == scales - 1 else contrast
    # A negative number has no such power, so opposite structure counts as 0.
    product *= np.maximum(factor, 0) ** weight
  return product.mean()


def _halved(image):
  """Means over 2x2 pixels; an odd last row or column is left out."""
  height, width, channels = image.shape
  height, width = height // 2, width // 2
  boxes = image[: 2 * height, : 2 * width].reshape(
    height, 2, width, 2, channels
  )
  return boxes.mean(axis=(1, 3))
