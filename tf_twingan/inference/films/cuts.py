"""Finds where a film cuts from one shot to another.

A frame continues its shot if a part of it, of three fifths of its sides, is to
be found somewhere in the frame before: a camera that pans, even by a third of
the frame at once, keeps showing something. Parts are compared by normalized
correlation at 64 pixels, for which it makes no difference that a scene becomes
brighter or darker as a whole.

A flash burns out what it shows, so a frame that is suddenly much brighter
decides nothing, and no more does one that is all of one colour: the next frames
are compared with the one before it.
"""

from collections.abc import Mapping

import numpy as np

from tf_twingan import extras

_WIDTH = 64  # Of what is compared, px.
_PART = 0.6
# The least correlation within a shot: frames of different scenes reach 0.85 by
# chance, frames of a fast pan 0.96 at least.
_SAME_SHOT = 0.85
# Standard deviation of a frame that shows nothing, in levels.
_FLAT = 4.0
# How much brighter, in levels, a flash is at least, and how long it may last.
_FLASH, _FLASH_FRAMES = 40.0, 2


class CutDetector:
  """Tells for one frame after another whether it begins a shot."""

  def __init__(self) -> None:
    """Begins with a film's first frame."""
    self.reset()

  def reset(self) -> None:
    """Forgets all frames: the next one is the first."""
    self._before: np.ndarray | None = None
    self._flashes = 0

  def begins_shot(self, frame: np.ndarray) -> bool:
    """Whether a frame begins a shot; the first one does.

    A cut to a much brighter scene is seen up to two frames late, as it may have
    been a flash.

    Args:
      frame: uint8 RGB [height, width, 3], of the same shape as those before.
    """
    small = _small(frame)
    if self._before is None:
      self._before = small
      return True
    if likeness(self._before, small) >= _SAME_SHOT:
      self._before, self._flashes = small, 0
      return False
    if small.std() < _FLAT:
      return False
    flashes = small.mean() - self._before.mean() > _FLASH
    if flashes and self._flashes < _FLASH_FRAMES:
      self._flashes += 1
      return False
    self._before, self._flashes = small, 0
    return True

  def state(self) -> dict[str, np.ndarray]:
    """What `restore` takes to go on from here."""
    state = {'flashes': np.array(self._flashes)}
    if self._before is not None:
      state['before'] = self._before
    return state

  def restore(self, state: Mapping[str, np.ndarray]) -> None:
    """Goes on where another detector gave its state."""
    self._flashes = int(state['flashes'])
    self._before = state.get('before')


def likeness(before: np.ndarray, after: np.ndarray) -> float:
  """How well some part of a frame is found in the frame before.

  Args:
    before: float32 grey [height, width].
    after: of the same shape.

  Returns:
    The greatest normalized correlation, in [-1, 1]; 1 where both are flat, and
    0 where one is.
  """
  with extras.needed('video'):
    import cv2
  if before.std() < _FLAT or after.std() < _FLAT:
    return float(before.std() < _FLAT and after.std() < _FLAT)
  sizes = [max(1, round(_PART * side)) for side in after.shape]
  corners = [(0, (n - m) // 2, n - m) for n, m in zip(after.shape, sizes)]
  parts = [
    after[y : y + sizes[0], x : x + sizes[1]]
    for y in corners[0]
    for x in corners[1]
  ]
  # One that shows nothing is found everywhere. Where that holds for each, as of
  # a wall in soft light, the frame is compared as a whole.
  parts = [part for part in parts if part.std() >= _FLAT] or [after]
  return max(
    float(cv2.matchTemplate(before, part, cv2.TM_CCOEFF_NORMED).max())
    for part in parts
  )


def _small(frame: np.ndarray) -> np.ndarray:
  """A frame as float32 grey, 64 pixels wide."""
  with extras.needed('video'):
    import cv2
  height = max(8, round(_WIDTH * frame.shape[0] / frame.shape[1]))
  small = cv2.resize(frame, (_WIDTH, height), interpolation=cv2.INTER_AREA)
  return cv2.cvtColor(small, cv2.COLOR_RGB2GRAY).astype(np.float32)
