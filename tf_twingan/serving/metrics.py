"""Figures of a server for Prometheus, at `/metrics`.

Labels take few values, whatever clients send: routes as they are declared,
known methods, status codes, models and their domains.
"""

import time
from collections.abc import Callable
from typing import Any

from tf_twingan import extras

with extras.needed('serve'):
  import prometheus_client

CONTENT_TYPE = prometheus_client.CONTENT_TYPE_LATEST
_METHODS = {'GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS'}
_SECONDS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30)
_BATCHES = (1, 2, 4, 8, 16, 32, 64)


class Metrics:
  """The figures of one server, in a registry of its own."""

  def __init__(self):
    """Begins with zeros."""
    self.registry = prometheus_client.CollectorRegistry()
    # Memory, processor time and open files of the process, where there is
    # /proc.
    prometheus_client.ProcessCollector(registry=self.registry)
    prometheus_client.PlatformCollector(registry=self.registry)
    self._requests = self._make(
      prometheus_client.Counter,
      'requests',
      'Requests that were answered.',
      ('route', 'method', 'code'),
    )
    self._seconds = self._make(
      prometheus_client.Histogram,
      'request_seconds',
      'Time from the head of a request to the end of its answer.',
      ('route',),
      buckets=_SECONDS,
    )
    self._running = self._make(
      prometheus_client.Gauge,
      'requests_in_progress',
      'Requests that are being answered.',
    )
    self._images = self._make(
      prometheus_client.Counter,
      'images',
      'Images that went through a model.',
      ('model', 'task'),
    )
    self._batches = self._make(
      prometheus_client.Histogram,
      'batch_images',
      'Images of a batch, without what fills it up.',
      buckets=_BATCHES,
    )
    self._batch_seconds = self._make(
      prometheus_client.Histogram,
      'batch_seconds',
      'Time of a batch in the model.',
      buckets=_SECONDS,
    )
    self._models = self._make(
      prometheus_client.Gauge,
      'model_version',
      'Version of each model that is served.',
      ('model',),
    )

  def _make(
    self, kind: Callable, name: str, meaning: str, labels=(), **options: Any
  ) -> Any:
    return kind(
      f'tf_twingan_{name}', meaning, labels, registry=self.registry, **options
    )

  def measure(self, name: str, meaning: str, value: Callable[[], float]):
    """Adds a figure that is asked for when Prometheus comes.

    Args:
      name: what follows `tf_twingan_`.
      meaning: one sentence.
      value: its value now; called in the event loop.
    """
    self._make(prometheus_client.Gauge, name, meaning).set_function(value)

  def add_batch(
    self, model: str, task: str, images: int, seconds: float
  ) -> None:
    """Counts a batch that a model has computed.

    Args:
      model: name of the model.
      task: what was done, such as `photo_to_anime`; one of few.
      images: how many images it had.
      seconds: how long it took.
    """
    self._images.labels(model, task).inc(images)
    self._batches.observe(images)
    self._batch_seconds.observe(seconds)

  def set_version(self, model: str, version: int) -> None:
    """Says which version of a model is served."""
    self._models.labels(model).set(version)

  def text(self) -> bytes:
    """All figures, as Prometheus reads them."""
    return prometheus_client.generate_latest(self.registry)

  def request_begins(self) -> None:
    """Counts a request that is being answered."""
    self._running.inc()

  def request_ends(
    self, route: str, method: str, status: int, seconds: float
  ) -> None:
    """Counts a request that was answered.

    Args:
      route: as it was declared, such as `/v1/models/{name}`.
      method: as the client sent it.
      status: of the answer.
      seconds: how long it took.
    """
    self._running.dec()
    method = method if method in _METHODS else 'other'
    self._requests.labels(route, method, str(status)).inc()
    self._seconds.labels(route).observe(seconds)


class Observed:
  """ASGI middleware that counts requests and times them."""

  def __init__(self, app, metrics: Metrics):
    """Wraps an ASGI application."""
    self._app, self._metrics = app, metrics

  async def __call__(self, scope, receive, send):
    """Handles a request."""
    if scope['type'] != 'http':
      return await self._app(scope, receive, send)
    begun = time.perf_counter()
    # What a client sees that is gone before it is answered.
    status = 499

    async def watched_send(message):
      nonlocal status
      if message['type'] == 'http.response.start':
        status = message['status']
      await send(message)

    self._metrics.request_begins()
    try:
      await self._app(scope, receive, watched_send)
    finally:
      self._metrics.request_ends(
        _route(scope),
        scope['method'],
        status,
        time.perf_counter() - begun,
      )


def _route(scope) -> str:
  """The path of a request as its route declares it, or `none`."""
  # What a middleware refuses, and what there is not, never got to a route.
  return getattr(scope.get('route'), 'path', None) or 'none'
