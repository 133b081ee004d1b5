"""What the routes of one server share: models, queues, threads, limits."""

import asyncio
from collections.abc import Awaitable
from typing import Any, TypeVar

import numpy as np

from tf_twingan.serving import (
  batching,
  image_threads,
  models,
  problems,
  settings,
)

T = TypeVar('T')


class Service:
  """One server's parts; `start` and `close` are called in its event loop.

  Attributes:
    models: the models that are served.
    limits: the server's settings.
    index: what `/v1/search` looks in; None if there is nothing.
    batcher: the queue before the models.
    threads: threads that read and write images.
    is_ready: whether every direction of every model has been tried.
  """

  def __init__(
    self,
    models: models.Models,
    limits: settings.Settings,
    index: Any = None,
  ):
    """Takes what `application.create` takes."""
    self.models, self.limits, self.index = models, limits, index
    self.batcher = batching.Batcher(limits)
    self.threads = image_threads.ImageThreads(limits)
    self.is_ready = False
    self._warming: asyncio.Task | None = None

  async def start(self) -> None:
    """Begins to work; is ready some time later."""
    self.batcher.start()
    self._warming = asyncio.create_task(self._warm_up())

  async def close(self) -> None:
    """Finishes what was accepted."""
    self.is_ready = False
    if self._warming:
      self._warming.cancel()
    await self.batcher.close()
    await asyncio.to_thread(self.threads.close)

  async def in_time(self, answer: Awaitable[T]) -> T:
    """Waits for an answer until the deadline.

    Raises:
      ClientError: it took longer.
    """
    try:
      return await asyncio.wait_for(answer, self.limits.deadline_s)
    except asyncio.TimeoutError:  # Another one than TimeoutError in 3.10.
      raise problems.late(self.limits) from None

  async def warm_up(self, model: models.ServedModel) -> None:
    """Computes a batch of each size and direction, as the first one is slow."""
    square = np.zeros([1, model.resolution, model.resolution, 3], np.uint8)
    for source, to in model.directions:
      for size in self.limits.batch_sizes:
        await self.batcher.run(
          model.translation(source, to), square.repeat(size, axis=0)
        )

  async def _warm_up(self) -> None:
    for model in self.models:
      await self.warm_up(model)
    self.is_ready = True
