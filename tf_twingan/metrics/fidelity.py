"""Pixel fidelity: how far each picture is from the one it should be.

The mean absolute difference, l1, is in the units of the pictures, 0 to 255 for
uint8. The peak signal-to-noise ratio, in decibels, is 10 log10(peak^2 / mse)
with mse the mean squared difference; the higher the better, infinite for equal
pictures. Both see pixels only: a shift by one pixel costs more than a blur.

They are the plain measures that Image Quality Assessment: From Error Visibility
to Structural Similarity (Wang et al. 2004, IEEE Transactions on Image
Processing 13) starts from, and finds wanting.
"""

import numpy as np

from tf_twingan.metrics import image_pairs


def l1(pictures: np.ndarray, references: np.ndarray) -> np.ndarray:
  """Mean absolute difference of each picture from its reference.

  Args:
    pictures: uint8 or float [n, height, width, channels], in any range.
    references: the same shape and range; row i is the answer to row i.

  Returns:
    float64 [n], at least 0, in the units of the pictures: at most 255 for
    uint8, at most 2 for pictures in [-1, 1].

  Raises:
    ValueError: the shapes differ.
  """
  image_pairs.check(pictures, references)
  return np.array([np.abs(d).mean() for d in _each(pictures, references)])


def psnr(
  pictures: np.ndarray, references: np.ndarray, *, peak: float = 255.0
) -> np.ndarray:
  """Peak signal-to-noise ratio of each picture, in decibels.

  Args:
    pictures: uint8 or float [n, height, width, channels], in [0, peak].
    references: the same shape and range; row i is the answer to row i.
    peak: the brightest value there can be.

  Returns:
    float64 [n], at least 0; inf where the two are equal.

  Raises:
    ValueError: the shapes differ, or values lie outside [0, peak].
  """
  image_pairs.check(pictures, references, peak)
  squared = np.array([np.square(d).mean() for d in _each(pictures, references)])
  with np.errstate(divide='ignore'):
    return 10 * np.log10(peak**2 / squared)


def _each(pictures, references):
  """Differences in float64, a picture at a time to spare memory."""
  for picture, reference in zip(pictures, references):
    yield picture.astype(np.float64) - reference
