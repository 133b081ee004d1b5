"""A circuit breaker: a server that fails again and again is left alone.

Closed, all calls pass. After some failures in a row it opens, and calls are
refused at once instead of each waiting for its deadline. After a while it is
half open: one call passes as a trial, and its outcome closes or opens it
(Nygard, Release It!, chapter "Stability Patterns").
"""

import enum
import threading
import time
from collections.abc import Callable


class State(enum.Enum):
  """Whether calls pass; the values are those of the metric."""

  CLOSED = 0
  HALF_OPEN = 1
  OPEN = 2


class CircuitBreaker:
  """Counts failures in a row; several threads may use it at once."""

  def __init__(
    self,
    failures: int,
    open_s: float,
    clock: Callable[[], float] = time.monotonic,
  ):
    """Begins closed.

    Args:
      failures: how many in a row open it, at least 1.
      open_s: how long it stays open before a trial, seconds.
      clock: the time in seconds.
    """
    self._limit, self._open_s, self._clock = failures, open_s, clock
    self._lock = threading.Lock()
    self._failures = 0
    # When the next trial may begin; None while closed.
    self._trial_at: float | None = None

  @property
  def state(self) -> State:
    """What the next call meets."""
    with self._lock:
      return self._state()

  @property
  def retry_after_s(self) -> float:
    """How long until a call may pass, seconds; 0 if one may now."""
    with self._lock:
      if self._trial_at is None:
        return 0.0
      return max(0.0, self._trial_at - self._clock())

  def allows(self) -> bool:
    """Whether a call may be made now.

    While half open, the answer is yes once: that call is the trial, and others
    wait for its outcome. A trial whose outcome nobody reports is followed by
    another one after the same time.
    """
    with self._lock:
      state = self._state()
      if state is State.HALF_OPEN:
        self._trial_at = self._clock() + self._open_s
      return state is not State.OPEN

  def succeeded(self) -> None:
    """Reports that a call was answered."""
    with self._lock:
      self._failures, self._trial_at = 0, None

  def failed(self) -> None:
    """Reports that a call was not answered."""
    with self._lock:
      self._failures += 1
      if self._failures >= self._limit or self._trial_at is not None:
        self._trial_at = self._clock() + self._open_s

  def _state(self) -> State:
    if self._trial_at is None:
      return State.CLOSED
    return State.HALF_OPEN if self._clock() >= self._trial_at else State.OPEN
