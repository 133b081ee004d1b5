"""Training updates of a gin configuration at one resolution, to be timed."""

import itertools
import time
from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
import tensorflow as tf

import gin
from benchmarks import macs
from tf_twingan import (
  configurables,  # noqa: F401 (registers what gin files name)
  gin_files,
)
from tf_twingan.data import batch_stream
from tf_twingan.training import strategies

_IMAGES = 512  # Noise, of each domain.


class Updates:
  """Updates of all networks of a configuration at one of its resolutions.

  Attributes:
    trainer: the trainer that makes the updates.
    growth: the schedule of the configuration.
    resolution: side of the images, px.
    batch_size: images of each domain in an update.
    first: seconds of the first update, tracing and compiling included.
  """

  def __init__(self, trainer, growth, domains, resolution):
    self.trainer, self.growth = trainer, growth
    self.resolution = resolution
    self.batch_size = next(
      p.batch_size for p in growth.phases if p.resolution == resolution
    )
    noise = np.random.default_rng(0)
    shape = [_IMAGES, resolution, resolution, 3]
    batches = batch_stream.Batches(
      {d: noise.integers(0, 256, shape, dtype=np.uint8) for d in domains}
    )
    self._stream = iter(
      trainer.strategy.experimental_distribute_dataset(
        batches.stream(0, resolution=resolution, batch_size=self.batch_size)
      )
    )
    self._steps = itertools.count()
    begun = time.perf_counter()
    self._update().numpy()
    self.first = time.perf_counter() - begun
    # The second update may still do work that no later one does.
    self._update().numpy()

  def _update(self) -> Any:
    terms = self._step(next(self._stream), next(self._steps))
    return next(iter(terms.values()))

  def _step(self, batch, number) -> dict[str, Any]:
    return self.trainer.step(
      batch,
      step=number,
      resolution=self.resolution,
      alpha=0.5,
      ema_decay=0.9,
    )

  def macs(self) -> float:
    """Multiply-accumulates of an update, with its share of a lazy penalty."""
    image = tf.TensorSpec(
      [self.batch_size, self.resolution, self.resolution, 3], tf.uint8
    )
    interval = self.trainer.objective.penalty_interval
    return macs.count(
      lambda batch: self._step(batch, 0),
      {d: image for d in self.trainer.model.domains},
      taken=1 / interval if interval else 0.0,
      turns=gin_files.value_of('Trainer.accumulate'),
    )

  def seconds(self, count: int) -> float:
    """Seconds of updates; the device is waited for once, at the end."""
    begun = time.perf_counter()
    for _ in range(count):
      last = self._update()
    last.numpy()
    return time.perf_counter() - begun

  def input_seconds(self, count: int) -> float:
    """Seconds to read the batches of updates, without training."""
    begun = time.perf_counter()
    for _ in zip(range(count), self._stream):
      pass
    return time.perf_counter() - begun


def resolutions(gin_file: str, params: Sequence[str] = ()) -> list[int]:
  """Resolutions that a configuration trains at, px."""
  return _resolutions_of(configure(gin_file, params))


def each_resolution(
  gin_file: str, params: Sequence[str] = (), only: Sequence[int] = ()
) -> Iterator[Updates]:
  """The updates of each resolution that a configuration trains at.

  Args:
    gin_file: name or path of the configuration.
    params: gin bindings.
    only: resolutions to choose, px; all if empty.
  """
  growth = configure(gin_file, params)
  domains = [name for name, _ in gin.query_parameter('train.domains')]
  trainer = gin.get_configurable('Trainer')(
    tuple(domains),
    growth.final_resolution,
    strategy=strategies.make(gin_files.value_of('train.strategy')),
  )
  for resolution in _resolutions_of(growth):
    if not only or resolution in only:
      yield Updates(trainer, growth, domains, resolution)


def configure(gin_file: str, params: Sequence[str] = ()) -> Any:
  """Parses a configuration, drops any earlier one, and returns its Growth.

  Args:
    gin_file: name or path of the configuration.
    params: gin bindings.
  """
  gin.clear_config()
  gin_files.parse(gin_file, params)
  return gin.get_configurable('Growth')()


def _resolutions_of(growth):
  return sorted({p.resolution for p in growth.phases})
