"""Smoothing over time: the mean of a face's last frames, where nothing changed.

A face that is followed lies still in its aligned square, so that what differs
from one frame to the next there is noise, or a change of the face. Noise is
averaged out exponentially; what changes by more is taken at once. The means
over a small neighbourhood decide between the two, as noise has none.
"""

import numpy as np

from tf_twingan import extras

# Seconds after which what was seen has a weight of 37 %.
_SECONDS = 0.25
# The side of the neighbourhood, as a share of the square's.
_NEIGHBOURHOOD = 0.125
# Differences of the means, in levels of 255: up to the first it is noise, from
# the second on it is a change.
_NOISE, _CHANGE = 6.0, 24.0


class Smoother:
  """The smoothed squares of one face, one after another."""

  def __init__(self, mean: np.ndarray | None = None) -> None:
    """Begins with a face's first frame, or goes on.

    Args:
      mean: of the frames so far, another Smoother's `mean`.
    """
    self._mean = mean

  @property
  def mean(self) -> np.ndarray | None:
    """The mean so far, float32 [size, size, channels]; None at first."""
    return self._mean

  def smooth(self, square: np.ndarray, elapsed: float) -> np.ndarray:
    """Takes the next square.

    Args:
      square: uint8 [size, size, channels], always of one shape.
      elapsed: seconds since the one before.

    Returns:
      uint8, of the same shape: the mean of this and earlier squares, the newest
      with the most weight; exactly the same where nothing changed.
    """
    new = square.astype(np.float32)
    if self._mean is None:
      self._mean = new
      return square
    share = share_of_new(self._mean, new, elapsed)
    # In this form, equal squares stay equal to the bit.
    self._mean = self._mean + share[..., None] * (new - self._mean)
    return np.rint(self._mean).astype(np.uint8)


def share_of_new(
  mean: np.ndarray, new: np.ndarray, elapsed: float
) -> np.ndarray:
  """The weight of a new square at each pixel.

  Args:
    mean: float32 [size, size, channels], the mean so far, in [0, 255].
    new: the new square, of the same shape.
    elapsed: seconds since the square before.

  Returns:
    float32 [size, size]: 1 - exp(-elapsed / 0.25) where nothing but noise
    differs, 1 where the square has changed, and in between where that is open.
  """
  with extras.needed('video'):
    import cv2
  least = 1 - np.exp(-max(elapsed, 0.0) / _SECONDS)
  side = 2 * int(_NEIGHBOURHOOD * len(new) / 2) + 1
  means = cv2.blur(new - mean, (side, side), borderType=cv2.BORDER_REFLECT)
  change = np.abs(means).reshape(*new.shape[:2], -1).max(axis=-1)
  t = np.clip((change - _NOISE) / (_CHANGE - _NOISE), 0, 1)
  return (least + (1 - least) * t * t * (3 - 2 * t)).astype(np.float32)
