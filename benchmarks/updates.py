"""A gin configuration's updates, one resolution at a time, to be timed."""

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
    trainer: whose they are.
    growth: its schedule.
    resolution: px.
    batch_size: images of each domain.
    first: seconds that the first one took, tracing and compiling included.
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
    # Nothing that only a second one does is to be timed, either.
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
    """Multiply-accumulates of one, a lazy penalty's share included."""
    image = tf.TensorSpec(
      [self.batch_size, self.resolution, self.resolution, 3], tf.uint8
    )
    interval = self.trainer.objective.penalty_interval
    return macs.count(
      lambda batch: self._step(batch, 0),
      {d: image for d in self.trainer.model.domains},
      taken=1 / interval if interval else 0.0,
      turns=gin.query_parameter('Trainer.accumulate'),
    )

  def seconds(self, count: int) -> float:
    """Seconds for that many, with one wait for the device, as training has."""
    begun = time.perf_counter()
    for _ in range(count):
      last = self._update()
    last.numpy()
    return time.perf_counter() - begun

  def input_seconds(self, count: int) -> float:
    """Seconds for the batches of that many, with nothing trained on them."""
    begun = time.perf_counter()
    for _ in zip(range(count), self._stream):
      pass
    return time.perf_counter() - begun


def resolutions(gin_file: str, params: Sequence[str] = ()) -> list[int]:
  """Those that a configuration trains at, px."""
  return _of_growth(configure(gin_file, params))


def of(
  gin_file: str, params: Sequence[str] = (), only: Sequence[int] = ()
) -> Iterator[Updates]:
  """Those of every resolution that a configuration trains at, in turn.

  Args:
    gin_file: as for training.
    params: as for training.
    only: px; all resolutions if empty.
  """
  growth = configure(gin_file, params)
  domains = [name for name, _ in gin.query_parameter('train.domains')]
  trainer = gin.get_configurable('Trainer')(
    tuple(domains),
    growth.final_resolution,
    strategy=strategies.make(gin.query_parameter('train.strategy')),
  )
  for resolution in _of_growth(growth):
    if not only or resolution in only:
      yield Updates(trainer, growth, domains, resolution)


def configure(gin_file: str, params: Sequence[str] = ()) -> Any:
  """Parses a configuration, alone, and returns its schedule, a Growth.

  Args:
    gin_file: as for training.
    params: as for training.
  """
  gin.clear_config()
  gin_files.parse(gin_file, params)
  return gin.get_configurable('Growth')()


def _of_growth(growth):
  return sorted({p.resolution for p in growth.phases})
