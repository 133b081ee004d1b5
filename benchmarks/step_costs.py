"""Seconds, multiplications and peak memory of updates of one configuration.

Peak memory belongs to a process, and compiled graphs stay in it: nothing else
may have run in the process that measures.
"""

import resource
from collections.abc import Sequence
from typing import NamedTuple

import tensorflow as tf

from benchmarks import peak, updates
from tf_twingan import configurables

_TURNS = 4


class StepCost(NamedTuple):
  """Cost of an update at one resolution.

  Attributes:
    batch_size: images of each domain in an update.
    first: seconds of the first update, tracing and compiling included.
    macs: multiply-accumulates of an update.
    seconds: seconds of an update, the fastest of several turns.
    peak: multiply-accumulates a second of a convolution alone.
    memory: peak bytes of main memory, those of TensorFlow itself included.
  """

  batch_size: int
  first: float
  macs: float
  seconds: float
  peak: float
  memory: int

  @property
  def of_peak(self) -> float:
    """The share of the peak that updates reach."""
    return self.macs / self.seconds / self.peak


def measure(
  gin_file: str, params: Sequence[str], resolution: int, steps: int
) -> StepCost:
  """Times updates; to be called in a process of its own.

  Args:
    gin_file: name or path of the configuration.
    params: gin bindings.
    resolution: the stage to measure, px.
    steps: updates to time; a multiple of the interval of a lazy penalty.
  """
  updates.configure(gin_file, params)
  configurables.share_cores()
  tf.config.experimental.enable_op_determinism()
  tf.random.set_seed(0)
  (stage,) = updates.each_resolution(gin_file, params, [resolution])
  turn = -(-steps // _TURNS)
  seconds = min(stage.seconds(turn) for _ in range(_TURNS)) / turn
  memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024
  # Last, as these need memory, too.
  precision = stage.trainer.model.get_config()['precision']
  return StepCost(
    stage.batch_size,
    stage.first,
    stage.macs(),
    seconds,
    peak.convolution_rate(precision),
    memory,
  )
