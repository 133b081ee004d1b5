"""Checks of image pairs, for metrics that compare images with targets."""

import numpy as np


def check(
  images: np.ndarray, targets: np.ndarray, peak: float | None = None
) -> None:
  """Raises if images and targets do not fit each other.

  Args:
    images: uint8 or float [n, height, width, channels].
    targets: the same shape; row i is compared with row i.
    peak: largest possible value, 0 being the smallest; None if any range is
      allowed.

  Raises:
    ValueError: the shapes differ, there is no image, or values lie outside
      [0, peak].
  """
  if images.shape != targets.shape:
    raise ValueError(
      f'images {images.shape} and targets {targets.shape} differ in '
      'shape; give one target for each image, at the same resolution.'
    )
  if images.ndim != 4 or not images.size:
    raise ValueError(
      f'images of shape {images.shape}; give [n, height, width, channels] '
      'with at least one image.'
    )
  if peak is None:
    return
  for values in (images, targets):
    # Written so that NaN fails too.
    if not (values.min() >= 0 and values.max() <= peak):
      raise ValueError(
        f'values from {values.min()} to {values.max()} for a peak of {peak}; '
        'shift and scale the images to [0, peak], or give their peak.'
      )
