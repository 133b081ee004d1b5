"""Pixel fidelity: mean absolute error and PSNR against the ground truth.

The mean absolute difference, l1, is in the units of the images, 0 to 255 for
uint8. The peak signal-to-noise ratio, in decibels, is 10 log10(peak^2 / mse)
with mse the mean squared difference; the higher the better, infinite for equal
images. Both compare pixels only: a shift by one pixel costs more than a blur.

Image Quality Assessment: From Error Visibility to Structural Similarity (Wang
et al. 2004, IEEE Transactions on Image Processing 13) discusses their limits.
"""

import numpy as np

from tf_twingan.metrics import image_pairs


def l1(images: np.ndarray, targets: np.ndarray) -> np.ndarray:
  """Mean absolute difference of each image from its target.

  Args:
    images: uint8 or float [n, height, width, channels], in any range.
    targets: the same shape and range; row i is the ground truth of
      image i.

  Returns:
    float64 [n], at least 0, in the units of the images: at most 255 for
    uint8, at most 2 for images in [-1, 1].

  Raises:
    ValueError: the shapes differ.
  """
  image_pairs.check(images, targets)
  return np.array([np.abs(d).mean() for d in _each(images, targets)])


def psnr(
  images: np.ndarray, targets: np.ndarray, *, peak: float = 255.0
) -> np.ndarray:
  """Peak signal-to-noise ratio of each image, in decibels.

  Args:
    images: uint8 or float [n, height, width, channels], in [0, peak].
    targets: the same shape and range; row i is the ground truth of
      image i.
    peak: largest possible value.

  Returns:
    float64 [n], at least 0; inf where the two are equal.

  Raises:
    ValueError: the shapes differ, or values lie outside [0, peak].
  """
  image_pairs.check(images, targets, peak)
  squared = np.array([np.square(d).mean() for d in _each(images, targets)])
  with np.errstate(divide='ignore'):
    return 10 * np.log10(peak**2 / squared)


def _each(images, targets):
  """Differences in float64, one image at a time to save memory."""
  for image, target in zip(images, targets):
    yield image.astype(np.float64) - target
