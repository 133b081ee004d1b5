"""Pairs of images and references: what metrics of pairs ask of them."""

import numpy as np


def check(
  images: np.ndarray, references: np.ndarray, peak: float | None = None
) -> None:
  """Raises if the images and their references do not fit.

  Args:
    images: uint8 or float [n, height, width, channels].
    references: the same shape; row i is compared with row i.
    peak: the brightest value there can be, 0 being the darkest; None if any
      range will do.

  Raises:
    ValueError: the shapes differ, there is no image, or values lie outside
      [0, peak].
  """
  if images.shape != references.shape:
    raise ValueError(
      f'images {images.shape} and references {references.shape} differ in '
      'shape; give one reference for each image, at the same resolution.'
    )
  if images.ndim != 4 or not images.size:
    raise ValueError(
      f'images of shape {images.shape}; give [n, height, width, channels] '
      'with at least one image.'
    )
  if peak is None:
    return
  for values in (images, references):
    # Written so that NaN fails too.
    if not (values.min() >= 0 and values.max() <= peak):
      raise ValueError(
        f'values from {values.min()} to {values.max()} for a peak of {peak}; '
        'shift and scale the images to [0, peak], or give their peak.'
      )
