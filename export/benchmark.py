"""How long a TFLite file takes on this host, which is no phone."""

import statistics
import time
from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

import numpy as np

from tf_twingan.inference.exported import tflite

_WARM_UPS = 3
_FEWEST = 5


class Latency(NamedTuple):
  """Of one image.

  Attributes:
    milliseconds: the median.
    runs: it is the median of.
  """

  milliseconds: float
  runs: int


def measure(model: bytes, *, threads: int, seconds: float = 1.0) -> Latency:
  """Times a file on noise, for its time does not depend on the image.

  Args:
    model: a TFLite file of one image.
    threads: to run on.
    seconds: to go on for; at least five runs.
  """
  file = tflite.File(model, threads)
  # Speed does not depend on the domains, where there is a choice.
  file.choose(**dict.fromkeys(file.choices, 0))
  shape = [1, file.side, file.side, 3]
  image = np.random.default_rng(0).uniform(-1, 1, shape).astype(np.float32)
  return time_calls(lambda: file.run(image), seconds)


def time_by_turns(
  calls: Mapping[Any, Callable[[], object]], seconds: float
) -> dict[Any, float]:
  """Median milliseconds of functions that take turns, to be compared.

  Whatever else slows the host down slows them all; at least five turns.
  """
  return {
    name: found.milliseconds for name, found in _timed(calls, seconds).items()
  }


def time_calls(call: Callable[[], object], seconds: float) -> Latency:
  """Times a function, after a few calls to warm up; at least five runs."""
  return _timed({'': call}, seconds)['']


def _timed(calls, seconds) -> dict[Any, Latency]:
  for call in calls.values():
    for _ in range(_WARM_UPS):
      call()
  times = {name: [] for name in calls}
  start, turns = time.perf_counter(), 0
  while turns < _FEWEST or time.perf_counter() - start < seconds:
    for name, call in calls.items():
      before = time.perf_counter()
      call()
      times[name].append(time.perf_counter() - before)
    turns += 1
  return {
    name: Latency(1000 * statistics.median(t), len(t))
    for name, t in times.items()
  }
