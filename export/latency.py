"""How long a TFLite file takes on this host, which is no phone."""

import statistics
import time
from collections.abc import Callable
from typing import NamedTuple

import numpy as np

from tf_twingan.exported import tflite

_WARM_UPS = 3
_FEWEST = 5


class Latency(NamedTuple):
  """Of one picture.

  Attributes:
    milliseconds: the median.
    runs: it is the median of.
  """

  milliseconds: float
  runs: int


def measure(model: bytes, *, threads: int, seconds: float = 1.0) -> Latency:
  """Times a file on noise, for its time does not depend on the picture.

  Args:
    model: a TFLite file of one picture.
    threads: to run on.
    seconds: to go on for; at least five runs.
  """
  file = tflite.File(model, threads)
  shape = [1, file.side, file.side, 3]
  picture = np.random.default_rng(0).uniform(-1, 1, shape).astype(np.float32)
  return time_calls(lambda: file.run(picture), seconds)


def time_calls(call: Callable[[], object], seconds: float) -> Latency:
  """Times a function, after a few calls to warm up; at least five runs."""
  for _ in range(_WARM_UPS):
    call()
  times, start = [], time.perf_counter()
  while len(times) < _FEWEST or time.perf_counter() - start < seconds:
    before = time.perf_counter()
    call()
    times.append(time.perf_counter() - before)
  return Latency(1000 * statistics.median(times), len(times))
