"""The command `benchmark`: times TFLite files on this computer, no phone."""

import pathlib
import statistics
import time
from collections.abc import Callable, Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np

from tf_twingan import regular_files
from tf_twingan.inference.exported import bundle_manifest, tflite

_WARM_UPS = 3
_MIN_RUNS = 5


class Latency(NamedTuple):
  """Time for one image.

  Attributes:
    milliseconds: median time.
    runs: number of runs that it is the median of.
  """

  milliseconds: float
  runs: int


def print_benchmark(folder: pathlib.Path, thread_counts: Sequence[int]) -> None:
  """Prints a table of the times of a bundle's TFLite files.

  Args:
    folder: folder of the bundle.
    thread_counts: numbers of threads to time on.

  Raises:
    FileNotFoundError: the folder holds no bundle.
    ValueError: the bundle holds no TFLite file, or names one outside of it.
  """
  files = bundle_manifest.read_manifest(folder)['files']
  names = [name for name in files if name.endswith('.tflite')]
  if not names:
    raise ValueError(f'{folder} holds no TFLite file to time.')
  print('Median milliseconds an image on this host; a phone differs.')
  header = ''.join(f'{f"{count} threads":>12}' for count in thread_counts)
  print(f'{"file":40}{header}')
  for name in names:
    location = bundle_manifest.file_path(folder, name)
    model = regular_files.read(location)
    times = [measure(model, threads=c).milliseconds for c in thread_counts]
    print(f'{name:40}' + ''.join(f'{t:12.2f}' for t in times))


def measure(model: bytes, *, threads: int, seconds: float = 1.0) -> Latency:
  """Times a file on noise, as its time does not depend on the image.

  Args:
    model: content of a TFLite file that takes one image.
    threads: number of threads to run on.
    seconds: time to go on for; at least five runs.
  """
  file = tflite.File(model, threads)
  # The time does not depend on the domains either, where they are inputs.
  numbers = dict.fromkeys(file.choices, 0)
  shape = [1, file.side, file.side, 3]
  image = np.random.default_rng(0).uniform(-1, 1, shape).astype(np.float32)
  return time_calls(lambda: file.run(image, **numbers), seconds)


def time_by_turns(
  calls: Mapping[Any, Callable[[], object]], seconds: float
) -> dict[Any, float]:
  """Median milliseconds of functions that take turns, to be compared.

  Whatever else slows the computer down slows all of them; at least five turns.
  """
  return {n: found.milliseconds for n, found in _time(calls, seconds).items()}


def time_calls(call: Callable[[], object], seconds: float) -> Latency:
  """Times a function, after a few calls to warm up; at least five runs."""
  return _time({'': call}, seconds)['']


def _time(calls, seconds) -> dict[Any, Latency]:
  for call in calls.values():
    for _ in range(_WARM_UPS):
      call()
  times = {name: [] for name in calls}
  start, turns = time.perf_counter(), 0
  while turns < _MIN_RUNS or time.perf_counter() - start < seconds:
    for name, call in calls.items():
      before = time.perf_counter()
      call()
      times[name].append(time.perf_counter() - before)
    turns += 1
  return {
    name: Latency(1000 * statistics.median(t), len(t))
    for name, t in times.items()
  }
