"""How long a configuration trains, and what would make it as long as another.

Several configurations take turns in one process, a few updates each, again
and again, so that whatever else the machine does meets them all; of each the
fastest turn counts.
"""

import time
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np

import gin
from tf_twingan import configs
from tf_twingan.data import pipeline
from tf_twingan.models import resolutions
from tf_twingan.training import distribution, loop  # noqa: F401 (for gin)
from tf_twingan.training import growth as growth_lib

_PICTURES = 64  # Noise, of each domain.


class Experiment(NamedTuple):
  """A gin file and what is changed in it.

  Attributes:
    gin_file: its name.
    params: bindings.
  """

  gin_file: str
  params: tuple[str, ...] = ()


class Cost(NamedTuple):
  """What a configuration costs.

  Attributes:
    set_up: seconds to trace and compile all its stages.
    per_image: {px: seconds for an image of each domain}.
    growth: its own schedule.
    parameters: numbers that its networks learn, discriminators left out.
  """

  set_up: float
  per_image: dict[int, float]
  growth: growth_lib.Growth
  parameters: int

  @property
  def seconds(self) -> float:
    """Of its own schedule, set-up included."""
    return self.set_up + sum(
      self.per_image[p.resolution] * (p.end - p.start)
      for p in self.growth.phases
    )

  def factor(self, seconds: float) -> float:
    """By how much its schedule must be longer to take that many seconds.

    Raises:
      ValueError: the set-up alone takes longer.
    """
    if seconds <= self.set_up:
      raise ValueError(
        f'{seconds:.0f} s is not even the {self.set_up:.0f} s of set-up; '
        'give more.'
      )
    return (seconds - self.set_up) / (self.seconds - self.set_up)


def stretched(growth: growth_lib.Growth, factor: float) -> list[str]:
  """Bindings that make a schedule longer, in whole batches."""

  def images(phase):
    batches = round(factor * (phase.end - phase.start) / phase.batch_size)
    return max(batches, 1) * phase.batch_size

  fades, holds = {}, {}
  for phase in growth.phases:
    (fades if phase.fading else holds)[phase.resolution] = images(phase)
  for rung in resolutions.up_to(growth.final_resolution):
    fades.setdefault(rung, 0)
    holds.setdefault(rung, 0)
  decay = round(factor * growth.decay_images)
  total = sum(fades.values()) + sum(holds.values())
  return [
    f'Growth.fade_images={fades}',
    f'Growth.stable_images={holds}',
    f'Growth.decay_images={min(decay, total)}',
  ]


def measure(
  experiments: Mapping[str, Experiment],
  *,
  rounds: int = 6,
  seconds: float = 0.5,
) -> dict[str, Cost]:
  """Times all of them side by side.

  Args:
    experiments: by name.
    rounds: how often each gets its turn.
    seconds: about how long a turn of one resolution is.
  """
  runners = [
    runner
    for name, experiment in experiments.items()
    for runner in _prepare(name, experiment)
  ]
  best: dict[tuple[str, int], float] = {}
  for _ in range(rounds):
    for runner in runners:
      key = (runner.name, runner.resolution)
      best[key] = min(runner.turn(seconds), best.get(key, np.inf))
  costs = {}
  for name in experiments:
    own = [r for r in runners if r.name == name]
    costs[name] = Cost(
      sum(r.first for r in own),
      {r.resolution: best[name, r.resolution] for r in own},
      own[0].growth,
      sum(
        int(np.prod(v.shape)) for v in own[0].trainer.model.trainable_variables
      ),
    )
  return costs


class _Runner:
  """Updates of one configuration at one of its resolutions."""

  def __init__(self, name, trainer, growth, domains, resolution):
    self.name, self.trainer, self.growth = name, trainer, growth
    self.resolution = resolution
    self._size = next(
      p.batch_size for p in growth.phases if p.resolution == resolution
    )
    noise = np.random.default_rng(0).integers(
      0, 256, [_PICTURES, resolution, resolution, 3], dtype=np.uint8
    )
    self._stream = iter(
      pipeline.Batches({d: noise for d in domains}).stream(
        0, resolution=resolution, batch_size=self._size
      )
    )
    self._step = 0
    begun = time.perf_counter()
    self._update().numpy()
    self.first = time.perf_counter() - begun

  def _update(self) -> Any:
    terms = self.trainer.step(
      next(self._stream),
      step=self._step,
      resolution=self.resolution,
      alpha=0.5,
      average_decay=0.9,
    )
    self._step += 1
    return next(iter(terms.values()))

  def turn(self, seconds: float) -> float:
    """Seconds for an image of each domain."""
    steps, begun = 0, time.perf_counter()
    while time.perf_counter() - begun < seconds:
      # Sixteen at a time: a lazy penalty comes once among them.
      for _ in range(16):
        last = self._update()
      last.numpy()
      steps += 16
    return (time.perf_counter() - begun) / (steps * self._size)


def _prepare(name: str, experiment: Experiment) -> Sequence[_Runner]:
  gin.clear_config()
  configs.parse(experiment.gin_file, experiment.params)
  domains = [name for name, _ in gin.query_parameter('train.domains')]
  growth = gin.get_configurable('Growth')()
  trainer = gin.get_configurable('Trainer')(
    tuple(domains),
    growth.final_resolution,
    strategy=distribution.make('default'),
  )
  return [
    _Runner(name, trainer, growth, domains, resolution)
    for resolution in sorted({p.resolution for p in growth.phases})
  ]
