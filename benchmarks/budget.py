"""Seconds that configurations train, and schedules that take equally long.

Several configurations take turns in one process, a few updates each, again and
again, so that other load on the machine slows all of them; of each the fastest
turn counts.
"""

import math
from collections.abc import Mapping
from typing import NamedTuple

from benchmarks import updates
from tf_twingan.models import resolutions
from tf_twingan.training import growth_schedule

_TURN = 16  # Updates; a lazy penalty comes once among them.


class Experiment(NamedTuple):
  """A gin file and bindings that change it.

  Attributes:
    gin_file: name or path of the file.
    params: gin bindings.
  """

  gin_file: str
  params: tuple[str, ...] = ()


class Cost(NamedTuple):
  """Seconds that a configuration takes.

  Attributes:
    set_up: seconds to trace and compile all stages.
    per_image: {resolution in px: seconds for an image of each domain}.
    growth: the schedule of the configuration.
  """

  set_up: float
  per_image: dict[int, float]
  growth: growth_schedule.Growth

  @property
  def seconds(self) -> float:
    """Seconds of the whole schedule, set-up included."""
    return self.set_up + sum(
      self.per_image[p.resolution] * (p.end - p.start)
      for p in self.growth.phases
    )

  def factor(self, seconds: float) -> float:
    """How many times longer the schedule must be to take so many seconds.

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
  """Gin bindings that make a schedule longer, in whole batches."""

  def images(phase):
    batches = round(factor * (phase.end - phase.start) / phase.batch_size)
    return max(batches, 1) * phase.batch_size

  fades, stables = {}, {}
  for phase in growth.phases:
    (fades if phase.fading else stables)[phase.resolution] = images(phase)
  for resolution in resolutions.up_to(growth.final_resolution):
    fades.setdefault(resolution, 0)
    stables.setdefault(resolution, 0)
  decay = round(factor * growth.decay_images)
  total = sum(fades.values()) + sum(stables.values())
  return [
    f'Growth.fade_images={fades}',
    f'Growth.stable_images={stables}',
    f'Growth.decay_images={min(decay, total)}',
  ]


def measure(
  experiments: Mapping[str, Experiment],
  *,
  rounds: int = 6,
  seconds: float = 0.5,
) -> dict[str, Cost]:
  """Times experiments by turns.

  Args:
    experiments: {name: experiment}.
    rounds: number of turns of each experiment.
    seconds: length of a turn at one resolution, about.
  """
  stages_of = {
    name: list(updates.each_resolution(experiment.gin_file, experiment.params))
    for name, experiment in experiments.items()
  }
  best: dict[tuple[str, int], float] = {}
  for _ in range(rounds):
    for name, stages in stages_of.items():
      for stage in stages:
        key = (name, stage.resolution)
        best[key] = min(_turn(stage, seconds), best.get(key, math.inf))
  return {
    name: Cost(
      sum(stage.first for stage in stages),
      {stage.resolution: best[name, stage.resolution] for stage in stages},
      stages[0].growth,
    )
    for name, stages in stages_of.items()
  }


def _turn(stage: updates.Updates, seconds: float) -> float:
  """Seconds for an image of each domain, over one turn."""
  count, spent = 0, 0.0
  while spent < seconds:
    spent += stage.seconds(_TURN)
    count += _TURN
  return spent / (count * stage.batch_size)
