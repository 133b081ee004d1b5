"""A gin configuration's updates, one resolution at a time, to be timed."""

import itertools
import time
from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np

import gin
from tf_twingan import configs
from tf_twingan.data import pipeline
from tf_twingan.training import distribution, loop  # noqa: F401 (for gin)

_PICTURES = 512  # Noise, of each domain.


class Updates:
  """Updates of all networks of a configuration at one of its resolutions.

  Attributes:
    trainer: whose they are.
    growth: its schedule.
    resolution: px.
    batch_size: pictures of each domain.
    first: seconds that the first one took, tracing and compiling included.
  """

  def __init__(self, trainer, growth, domains, resolution):
    self.trainer, self.growth = trainer, growth
    self.resolution = resolution
    self.batch_size = next(
      p.batch_size for p in growth.phases if p.resolution == resolution
    )
    noise = np.random.default_rng(0)
    shape = [_PICTURES, resolution, resolution, 3]
    batches = pipeline.Batches(
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
    terms = self.trainer.step(
      next(self._stream),
      step=next(self._steps),
      resolution=self.resolution,
      alpha=0.5,
      average_decay=0.9,
    )
    return next(iter(terms.values()))

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


def of(
  gin_file: str, params: Sequence[str] = (), only: Sequence[int] = ()
) -> Iterator[Updates]:
  """Those of every resolution that a configuration trains at, in turn.

  Args:
    gin_file: as for training.
    params: as for training.
    only: px; all resolutions if empty.
  """
  gin.clear_config()
  configs.parse(gin_file, params)
  domains = [name for name, _ in gin.query_parameter('train.domains')]
  growth = gin.get_configurable('Growth')()
  trainer = gin.get_configurable('Trainer')(
    tuple(domains),
    growth.final_resolution,
    strategy=distribution.make(gin.query_parameter('train.strategy')),
  )
  for resolution in sorted({p.resolution for p in growth.phases}):
    if not only or resolution in only:
      yield Updates(trainer, growth, domains, resolution)
