"""Threads for what is slow and no network: reading images, finding faces.

The event loop answers all clients and must never wait for a decoder. The
threads are few, and so are those who wait for one: the next is refused at once.
"""

import asyncio
import concurrent.futures
from collections.abc import Callable
from typing import ParamSpec, TypeVar

from tf_twingan.serving import problems, settings

P = ParamSpec('P')
T = TypeVar('T')


class ImageThreads:
  """A bounded number of threads with a bounded number of waiting calls."""

  def __init__(self, limits: settings.Settings):
    """Starts no thread yet."""
    self._limits = limits
    self._threads = concurrent.futures.ThreadPoolExecutor(
      limits.image_threads, thread_name_prefix='images'
    )
    self._calls = 0

  @property
  def waiting(self) -> int:
    """How many calls run or wait."""
    return self._calls

  async def run(
    self, function: Callable[P, T], *args: P.args, **kwargs: P.kwargs
  ) -> T:
    """Calls a function in one of the threads, for a request that begins.

    Raises:
      ClientError: too many wait already.
    """
    if self._calls >= self._limits.max_image_work:
      raise problems.busy(self._limits)
    return await self.go_on(function, *args, **kwargs)

  async def go_on(
    self, function: Callable[P, T], *args: P.args, **kwargs: P.kwargs
  ) -> T:
    """The same for a request that was let in before: never refused."""
    self._calls += 1
    loop = asyncio.get_running_loop()
    future = self._threads.submit(function, *args, **kwargs)
    # Not when the caller stops waiting, but when the thread is free again.
    future.add_done_callback(
      lambda _: loop.call_soon_threadsafe(self._finished)
    )
    return await asyncio.wrap_future(future)

  def _finished(self) -> None:
    self._calls -= 1

  def close(self) -> None:
    """Ends the threads when what runs is done; drops what waits."""
    self._threads.shutdown(wait=True, cancel_futures=True)
