"""What the routes of one server share: models, queues, threads, limits."""

import asyncio
from collections.abc import Awaitable, Sequence
from typing import Any, TypeVar

import numpy as np
from absl import logging

from tf_twingan.serving import (
  batching,
  image_threads,
  metrics,
  models,
  problems,
  settings,
  steady_sizes,
  uploads,
  version_metrics,
  versions,
)

T = TypeVar('T')
_PAUSE_S = 1.0


class Service:
  """One server's parts; `start` and `close` are called in its event loop.

  Attributes:
    models: the models that are served.
    limits: the server's settings.
    index: what `/v1/search` looks in; None if there is nothing.
    batcher: the queue before the models.
    threads: threads that read and write images.
    metrics: figures for `/metrics`.
    watchers: what puts new versions of models in place.
    is_ready: whether every direction of every model has been tried.
    has_failed: whether one of them failed.
  """

  def __init__(
    self,
    models: models.Models,
    limits: settings.Settings,
    index: Any = None,
    watched: Sequence[versions.Watched] = (),
  ):
    """Takes what `application.create` takes."""
    self.models, self.limits, self.index = models, limits, index
    self.metrics = metrics.Metrics()
    self.batcher = batching.Batcher(limits, self._count)
    self.threads = image_threads.ImageThreads(limits)
    self.metrics.measure(
      'queue_images',
      'Images that wait for a model.',
      lambda: self.batcher.waiting,
    )
    self.metrics.measure(
      'image_work',
      'Requests whose images are read or written, or wait for that.',
      lambda: self.threads.waiting,
    )
    self.watchers = [versions.Watcher(models, one, limits) for one in watched]
    self.metrics.registry.register(
      version_metrics.VersionCollector(self.watchers)
    )
    self.is_ready = self.has_failed = False
    self._warming: asyncio.Task | None = None
    self._watching: list[asyncio.Task] = []

  async def start(self) -> None:
    """Begins to work; is ready some time later."""
    self.batcher.start()
    self._warming = asyncio.create_task(self._warm_up())
    if self.limits.poll_s:
      self._watching = [
        asyncio.create_task(watcher.run()) for watcher in self.watchers
      ]

  async def close(self) -> None:
    """Finishes what was accepted."""
    self.is_ready = False
    for task in (self._warming, *self._watching):
      if task:
        task.cancel()
    await self.batcher.close()
    await asyncio.to_thread(self.threads.close)

  @property
  def problem(self) -> str | None:
    """Why a model translates nothing now, as its server is away; or None."""
    return next((w.problem for w in self.watchers if w.problem), None)

  def refused(self, name: str) -> versions.Refused | None:
    """The newest version of a model, if it is refused."""
    refused = (w.refused for w in self.watchers if w.name == name)
    return next(refused, None)

  async def in_time(self, answer: Awaitable[T]) -> T:
    """Waits for an answer until the deadline.

    Raises:
      ClientError: it took longer.
    """
    try:
      return await asyncio.wait_for(answer, self.limits.deadline_s)
    except asyncio.TimeoutError:  # Another one than TimeoutError in 3.10.
      raise problems.late(self.limits) from None

  async def square(
    self, reader: Any, content: bytes, domain: str
  ) -> np.ndarray:
    """The square that a model takes of an image.

    Args:
      reader: the model, or anything with its `read`.
      content: the content of a file.
      domain: name of the domain that it belongs to.

    Returns:
      uint8 RGB [resolution, resolution, 3].

    Raises:
      ClientError: it is refused, cannot be read, or has no face where one is
        needed; or too many images wait already.
    """

    def read() -> np.ndarray:
      uploads.check(content, self.limits)
      with uploads.readable():
        return reader.read(content, domain)

    return await self.threads.run(read)

  async def warm_up(self, model: models.ServedModel) -> None:
    """Computes a batch of each size and direction, as the first one is slow."""
    await asyncio.to_thread(steady_sizes.settle, model, self.limits)
    works = [model.translation(*pair) for pair in model.directions]
    if model.encodes:
      works += map(model.encoding, model.domains)
    await self._try(works, model.resolution)

  async def _try(self, works: Sequence[batching.Work], side: int) -> None:
    for work in works:
      for size in work.sizes or self.limits.batch_sizes:
        await self.batcher.run(work, np.zeros([size, side, side, 3], np.uint8))

  def _count(self, work: batching.Work, images: int, seconds: float) -> None:
    model, task = _names(work)
    self.metrics.add_batch(model, task, images, seconds)

  async def _warm_up(self) -> None:
    try:
      while not await self._are_there():
        await asyncio.sleep(_PAUSE_S)
    except Exception:
      logging.exception('A model fails, and the server will not be ready.')
      self.has_failed = True
      return
    self.is_ready = True

  async def _are_there(self) -> bool:
    """Tries all models; no, while a model server is away."""
    try:
      await self._try_all()
    except problems.ClientError as error:
      logging.warning('Not ready yet: %s', error)
      return False
    return True

  async def _try_all(self) -> None:
    for model in self.models:
      await self.warm_up(model)
    if self.index is not None:
      domain = self.index.domain(None)
      work = self.index.query(domain, k=1, by='fused')
      await self._try([work], self.index.resolution)


def _names(work: batching.Work) -> tuple[str, str]:
  """The model that does some work, and what it does, for figures."""
  owner, *words = work.key
  if isinstance(owner, models.ServedModel):
    return owner.name, '_'.join(words)
  # Of the index, whose key has numbers that clients choose.
  return 'index', 'search'
