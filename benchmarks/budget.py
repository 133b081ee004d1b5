"""How long a configuration trains, and what would make it as long as another.

Several configurations take turns in one process, a few updates each, again
and again, so that whatever else the machine does meets them all; of each the
fastest turn counts.
"""

import math
from collections.abc import Mapping
from typing import NamedTuple

from benchmarks import updates
from tf_twingan.models import resolutions
from tf_twingan.training import growth_schedule

_TURN = 16  # Updates at least: a lazy penalty comes once among them.


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
  """

  set_up: float
  per_image: dict[int, float]
  growth: growth_schedule.Growth

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


def stretched(growth: growth_schedule.Growth, factor: float) -> list[str]:
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
  found = {
    name: list(updates.of(experiment.gin_file, experiment.params))
    for name, experiment in experiments.items()
  }
  best: dict[tuple[str, int], float] = {}
  for _ in range(rounds):
    for name, stages in found.items():
      for stage in stages:
        key = (name, stage.resolution)
        best[key] = min(_turn(stage, seconds), best.get(key, math.inf))
  return {
    name: Cost(
      sum(stage.first for stage in stages),
      {stage.resolution: best[name, stage.resolution] for stage in stages},
      stages[0].growth,
    )
    for name, stages in found.items()
  }


def _turn(stage: updates.Updates, seconds: float) -> float:
  """Seconds for an image of each domain."""
  count, spent = 0, 0.0
  while spent < seconds:
    spent += stage.seconds(_TURN)
    count += _TURN
  return spent / (count * stage.batch_size)
