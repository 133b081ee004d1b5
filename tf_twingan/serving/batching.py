"""Joins the images of concurrent requests into batches for the model.

While the model computes, requests wait; when it is free, it takes the one that
has waited longest and all others that want the same done. So there is no
waiting where there is no load, and batches grow with it.

What the model gives for an image must not depend on what else is in its batch.
Its rows do not influence one another, but TensorFlow may sum a product in
another order for another number of rows, and so round another way. So batches
have few sizes, to which they are filled up, and `steady_sizes` tries these.
"""

import asyncio
import collections
import concurrent.futures
import time
from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

import numpy as np

from tf_twingan.serving import problems, settings


class Work(NamedTuple):
  """What is to be done with the images of a request.

  Attributes:
    key: equal for what may be done in one batch.
    function: takes uint8 [n, height, width, 3], and returns a sequence with an
      item for each image.
    sizes: numbers of images that it may be given at once, ascending; None for
      those of the settings.
  """

  key: tuple
  function: Callable[[np.ndarray], Sequence[Any]]
  sizes: tuple[int, ...] | None = None


class _Waiting(NamedTuple):
  """A request's images, and where the results go."""

  work: Work
  images: np.ndarray
  until: float
  future: asyncio.Future


class Batcher:
  """The queue before the model; used in one event loop."""

  def __init__(
    self,
    limits: settings.Settings,
    count: Callable[[Work, int, float], None] = lambda *_: None,
  ):
    """Takes the settings; `start` begins to work.

    Args:
      limits: the server's settings.
      count: called after each batch with its work, its number of images and
        how many seconds it took.
    """
    self._limits, self._count = limits, count
    self._waiting: collections.deque[_Waiting] = collections.deque()
    self._arrived = asyncio.Event()
    self._threads = concurrent.futures.ThreadPoolExecutor(
      limits.model_threads, thread_name_prefix='model'
    )
    self._tasks: list[asyncio.Task] = []
    self._closing = False

  @property
  def waiting(self) -> int:
    """How many images wait."""
    return sum(len(one.images) for one in self._waiting)

  def start(self) -> None:
    """Begins to work, in the running event loop."""
    self._tasks = [
      asyncio.create_task(self._work())
      for _ in range(self._limits.model_threads)
    ]

  async def close(self) -> None:
    """Finishes what waits, and ends."""
    self._closing = True
    self._arrived.set()
    await asyncio.gather(*self._tasks)
    self._threads.shutdown()

  async def run(self, work: Work, images: np.ndarray) -> list[Any]:
    """Has something done with images.

    Args:
      work: what.
      images: uint8 [n, height, width, 3], all of one size for all of one key.

    Returns:
      A result for each image.

    Raises:
      ClientError: too many images wait already, it was not done in time, or
        the server stops.
    """
    if not len(images):
      return []
    if self._closing:
      # Nobody would take them out of the queue.
      raise problems.stopping()
    if self.waiting + len(images) > self._limits.max_waiting:
      raise problems.busy(self._limits)
    loop = asyncio.get_running_loop()
    until = time.monotonic() + self._limits.deadline_s
    largest = self._sizes(work)[-1]
    parts = [
      _Waiting(work, images[i : i + largest], until, loop.create_future())
      for i in range(0, len(images), largest)
    ]
    self._waiting.extend(parts)
    self._arrived.set()
    try:
      results = await asyncio.wait_for(
        asyncio.gather(*(part.future for part in parts)),
        self._limits.deadline_s,
      )
    except asyncio.TimeoutError:  # Another one than TimeoutError in 3.10.
      raise problems.late(self._limits) from None
    return [one for part in results for one in part]

  async def _work(self) -> None:
    while True:
      while not self._waiting:
        if self._closing:
          return
        self._arrived.clear()
        await self._arrived.wait()
      batch = self._next_batch()
      if batch:
        await self._compute(batch)

  def _next_batch(self) -> list[_Waiting]:
    """Takes what is to be computed next out of the queue."""
    chosen: list[_Waiting] = []
    others: collections.deque[_Waiting] = collections.deque()
    free = 0
    for one in self._waiting:
      if one.future.done() or one.until < time.monotonic():
        continue  # Nobody waits for it any more.
      if not chosen:
        free = self._sizes(one.work)[-1]
      fits = not chosen or one.work.key == chosen[0].work.key
      if fits and len(one.images) <= free:
        chosen.append(one)
        free -= len(one.images)
      else:
        others.append(one)
    self._waiting = others
    return chosen

  async def _compute(self, batch: list[_Waiting]) -> None:
    images = np.concatenate([one.images for one in batch])
    loop = asyncio.get_running_loop()
    begun = time.monotonic()
    try:
      results = await loop.run_in_executor(
        self._threads, self.padded, batch[0].work, images
      )
    except Exception as error:
      for one in batch:
        if not one.future.done():
          one.future.set_exception(error)
      return
    self._count(batch[0].work, len(images), time.monotonic() - begun)
    start = 0
    for one in batch:
      end = start + len(one.images)
      if not one.future.done():
        one.future.set_result(results[start:end])
      start = end

  def padded(self, work: Work, images: np.ndarray) -> list[Any]:
    """Computes a batch, filled up with black images to a size that is usual."""
    count = len(images)
    size = next(s for s in self._sizes(work) if s >= count)
    padding = np.zeros([size - count, *images.shape[1:]], images.dtype)
    return list(work.function(np.concatenate([images, padding])))[:count]

  def _sizes(self, work: Work) -> tuple[int, ...]:
    return work.sizes or self._limits.batch_sizes
