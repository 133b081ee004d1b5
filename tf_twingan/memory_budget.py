"""Memory that threads share: who needs more than is left waits."""

import contextlib
import threading
from collections.abc import Iterator


class MemoryBudget:
  """A number of bytes that all threads of a process have together.

  Attributes:
    total: the number of bytes.
  """

  def __init__(self, total: int):
    """Makes a budget of which nothing is held."""
    self.total = total
    self._held = 0
    self._returned = threading.Condition()

  @contextlib.contextmanager
  def hold(self, size: int) -> Iterator[None]:
    """Waits until so many bytes are left and holds them during the block.

    Who needs more than the total waits until nothing else is held, so a block
    must not hold a second time.
    """
    with self._returned:
      while self._held and self._held + size > self.total:
        self._returned.wait()
      self._held += size
    try:
      yield
    finally:
      with self._returned:
        self._held -= size
        self._returned.notify_all()
