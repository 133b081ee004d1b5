"""Masks of images: neighbours and connected areas.

The connected area is that of a flood fill (Smith, 1979, "Tint Fill"). NumPy
only.
"""

import numpy as np


def dilated(masks: np.ndarray) -> np.ndarray:
  """Masks and the four neighbours of each of their pixels.

  Args:
    masks: bool [..., height, width].
  """
  result = masks.copy()
  result[..., 1:, :] |= masks[..., :-1, :]
  result[..., :-1, :] |= masks[..., 1:, :]
  result[..., 1:] |= masks[..., :-1]
  result[..., :-1] |= masks[..., 1:]
  return result


def flood_fill(start: np.ndarray, within: np.ndarray) -> np.ndarray:
  """The part of `within` that is connected with `start`.

  Args:
    start: bool [..., height, width], a part of `within`.
    within: bool [..., height, width].
  """
  filled, area = start, -1
  while area != (area := np.count_nonzero(filled)):
    filled = dilated(filled) & within
  return filled
