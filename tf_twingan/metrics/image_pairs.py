"""Pairs of pictures and references: what metrics of pairs ask of them."""

import numpy as np


def check(
  pictures: np.ndarray, references: np.ndarray, peak: float | None = None
) -> None:
  """Raises if the pictures and their references do not fit.

  Args:
    pictures: uint8 or float [n, height, width, channels].
    references: the same shape; row i is compared with row i.
    peak: the brightest value there can be, 0 being the darkest; None if any
      range will do.

  Raises:
    ValueError: the shapes differ, there is no picture, or values lie outside
      [0, peak].
  """
  if pictures.shape != references.shape:
    raise ValueError(
      f'pictures {pictures.shape} and references {references.shape} differ in '
      'shape; give one reference for each picture, at the same resolution.'
    )
  if pictures.ndim != 4 or not pictures.size:
    raise ValueError(
      f'pictures of shape {pictures.shape}; give [n, height, width, channels] '
      'with at least one picture.'
    )
  if peak is None:
    return
  for values in (pictures, references):
    # Written so that NaN fails too.
    if not (values.min() >= 0 and values.max() <= peak):
      raise ValueError(
        f'values from {values.min()} to {values.max()} for a peak of {peak}; '
        'shift and scale the pictures to [0, peak], or give their peak.'
      )
