"""Work in parts through Apache Beam: the list of parts, pipeline, progress."""

import contextlib
import json
import os
import threading
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Any

import tqdm.auto

from tf_twingan import beam_runners, extras

_INTERVAL = 0.5  # Seconds between two looks at what is there.

# Where the line of a part is in the file of all: its first byte, its length.
Part = tuple[int, int]


def write(path: str | os.PathLike, contents: Iterable[Any]) -> list[Part]:
  """Writes what each part is about to a file that all workers can read.

  In a pipeline itself, the names of millions of images would be more than
  runners take.

  Args:
    path: the file, a line of JSON a part.
    contents: of each part, as JSON knows it.

  Returns:
    Where each part is in the file, for `read`.
  """
  parts, offset = [], 0
  with open(path, 'wb') as file:
    for content in contents:
      # ASCII, whatever bytes the names are made of.
      line = json.dumps(content).encode() + b'\n'
      parts.append((offset, len(line)))
      offset += file.write(line)
  return parts


def read(path: str | os.PathLike, part: Part) -> Any:
  """What a part is about, from a file of `write`."""
  offset, length = part
  with open(path, 'rb') as file:
    file.seek(offset)
    return json.loads(file.read(length))


def run(
  runner: str, options: Any, parts: Sequence[Any], transform: Any
) -> None:
  """Lets a runner's workers do all parts.

  Args:
    runner: name of the runner.
    options: from `beam_runners.parse`.
    parts: what each element of the pipeline is.
    transform: Beam's transform of elements that does the work, with its label.

  Raises:
    MissingPackage: Beam is not installed.
    OSError: a worker failed; one line.
  """
  with extras.needed('beam'):
    import apache_beam as beam

  with beam_runners.saying_what_failed(runner):
    pipeline = beam_runners.pipeline(runner, options)
    # Without a reshuffle, one worker would take them all. What they are counted
    # for is that FnApiRunner notices that a worker died only where it waits for
    # what comes out.
    _ = (
      pipeline
      | 'parts' >> beam.Create(parts)
      | 'spread' >> beam.Reshuffle()
      | transform
      | 'count' >> beam.combiners.Count.Globally()
    )
    pipeline.run().wait_until_finish()


@contextlib.contextmanager
def progress(
  done: Callable[[], int], total: int, verb: str, unit: str
) -> Iterator[None]:
  """Shows how much is done while the block runs, whoever does it.

  Args:
    done: how many are done since the block began; called by one thread.
    total: how many there are to do.
    verb: what is done to them, such as 'translating'.
    unit: what they are, such as 'images'.
  """
  ended = threading.Event()
  with tqdm.auto.tqdm(total=total, desc=verb, unit=f' {unit}') as shown:

    def update() -> None:
      shown.update(done() - shown.n)

    def watch() -> None:
      while not ended.wait(_INTERVAL):
        update()

    thread = threading.Thread(target=watch, daemon=True)
    thread.start()
    try:
      yield
    finally:
      ended.set()
      thread.join()
      update()
