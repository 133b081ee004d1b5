"""What translates the frames of a film, one after the other."""

from collections.abc import Mapping
from typing import Any, Protocol

import numpy as np

from tf_twingan.inference import file_methods


class FrameTranslator(Protocol):
  """Translates the frames of one film at a time, in their order.

  What it remembers of earlier frames is its state: with it, the translation
  goes on in another process as if there had been one alone.
  """

  def reset(self) -> None:
    """Forgets all frames: the next one begins a film."""

  def translate(self, frame: np.ndarray, time: float) -> np.ndarray:
    """Translates the next frame.

    Args:
      frame: uint8 RGB [height, width, 3].
      time: when it is shown, seconds from the film's start.

    Returns:
      uint8 RGB, of the same size for all frames of a film; equal to the frame
      where there is nothing to translate.
    """

  def state(self) -> dict[str, np.ndarray]:
    """Arrays by name, none of which holds objects."""

  def restore(self, state: Mapping[str, np.ndarray]) -> None:
    """Goes on where another one gave its state."""


class FrameByFrame:
  """Translates each frame by itself."""

  def __init__(
    self,
    photographs: Any,
    to: str | None = None,
    source: str | None = None,
    *,
    style: np.ndarray | None = None,
  ):
    """Makes it.

    Args:
      photographs: a `Photographs`, which translates each frame.
      to: see `Photographs.translate`.
      source: see `Photographs.translate`.
      style: see `Photographs.translate`.
    """
    self._translate = lambda frame: photographs.translate(
      frame, to, source, style=style
    )

  def reset(self) -> None:
    """Does nothing: no frame is remembered."""

  def translate(self, frame: np.ndarray, time: float) -> np.ndarray:
    """See `FrameTranslator`."""
    del time
    return self._translate(frame)

  def state(self) -> dict[str, np.ndarray]:
    """None."""
    return {}

  def restore(self, state: Mapping[str, np.ndarray]) -> None:
    """Does nothing."""
    del state


class SideBySide:
  """Puts each translated frame beside what it was made of."""

  def __init__(self, translator: FrameTranslator):
    """Wraps another one."""
    self._translator = translator
    self.reset, self.state = translator.reset, translator.state
    self.restore = translator.restore

  def translate(self, frame: np.ndarray, time: float) -> np.ndarray:
    """See `FrameTranslator`."""
    result = self._translator.translate(frame, time)
    before = file_methods.enlarged(frame, result)
    return np.concatenate([before, result], axis=1)
