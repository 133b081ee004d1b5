"""Translates image files, decoding and encoding in threads beside the network.

Images keep their order, and a bounded number of them is in memory: so many that
the network never waits for a disk, and so few that photos of many megapixels
fit.
"""

import collections
import concurrent.futures
import os
import pathlib
from collections.abc import Generator, Iterable, Iterator
from typing import NamedTuple

import numpy as np

from tf_twingan import image_io
from tf_twingan.inference import (
  batching,
  file_methods,
  output_files,
  result_record,
)

# What waits to be translated, and as much again to be written.
_MAX_BYTES = 2**28
_MAX_AHEAD = 4 * batching.BATCH_SIZE


class _Read(NamedTuple):
  """What reading a file gave: an image, or a reason why not."""

  path: pathlib.Path
  source: result_record.Source | None
  loaded: file_methods.Loaded | None
  reason: str | None = None


def translate(
  method: file_methods.Method,
  outputs: Iterable[tuple[pathlib.Path, pathlib.Path]],
  writer: output_files.OutputFiles,
  *,
  workers: int | None = None,
) -> Generator[tuple[pathlib.Path, str | None], None, None]:
  """Translates image files and writes the results.

  Args:
    method: what becomes of each.
    outputs: files, and where the result of each goes.
    writer: writes them.
    workers: number of threads; None for that of the processors.

  Yields:
    (file, None), or (file, why it is not translated), in order.

  Raises:
    FloatingPointError: the network gives NaN, as its training diverged.
    OSError: nothing can be written any more.
  """
  waiting = iter(outputs)
  count = workers or os.cpu_count() or 1
  reading: collections.deque = collections.deque()
  writing: collections.deque = collections.deque()
  largest = _Largest()

  def read_ahead() -> None:
    # The first ones show how large they are.
    ahead = min(_MAX_AHEAD, max(count, largest.fitting(_MAX_BYTES)))
    while len(reading) < ahead and (item := next(waiting, None)) is not None:
      reading.append((item[1], pool.submit(_read, method, item[0])))

  def batch() -> Iterator[tuple[pathlib.Path, _Read]]:
    squares = size = 0
    while squares < batching.BATCH_SIZE and size < _MAX_BYTES:
      read_ahead()
      if not reading:
        return
      output, future = reading.popleft()
      read = future.result()
      if read.loaded is not None:
        squares += len(read.loaded.squares)
        size += read.loaded.size
        largest.see(read.loaded.size)
      yield output, read

  with concurrent.futures.ThreadPoolExecutor(count) as pool:
    try:
      while images := list(batch()):
        loaded = [read.loaded for _, read in images if read.loaded is not None]
        translated = iter(_translate(method, loaded))
        for output, read in images:
          if read.loaded is None:
            writing.append((read.path, None, read.reason))
            continue
          future = pool.submit(
            _write, method, writer, output, read, next(translated)
          )
          writing.append((read.path, future, None))
        del images, loaded, translated
        # While this batch is written, the next one is translated.
        most = max(count, min(_MAX_AHEAD, largest.fitting(_MAX_BYTES)))
        while writing and (len(writing) > most or _is_known(writing[0])):
          yield _result(writing.popleft())
      while writing:
        yield _result(writing.popleft())
    except BaseException:
      # What is translated is written before the block is left.
      for _, future in reading:
        future.cancel()
      raise


class _Largest:
  """How large the images of late were."""

  def __init__(self) -> None:
    self._sizes: collections.deque = collections.deque(maxlen=_MAX_AHEAD)

  def see(self, size: int) -> None:
    self._sizes.append(size)

  def fitting(self, size: int) -> int:
    """How many such images have room; 0 if none was seen yet."""
    if not self._sizes:
      return 0
    return size // max(1, max(self._sizes))


def _read(method: file_methods.Method, path: pathlib.Path) -> _Read:
  source = result_record.Source.of(path)
  try:
    return _Read(path, source, method.load(path))
  except image_io.UnreadableImage as error:
    return _Read(path, source, None, error.reason)


def _translate(
  method: file_methods.Method, loaded: list[file_methods.Loaded]
) -> list[np.ndarray]:
  """Translations of each image's squares."""
  if not loaded:
    return []
  squares = np.concatenate([one.squares for one in loaded])
  ends = np.cumsum([len(one.squares) for one in loaded])
  translated = method.translate(squares) if len(squares) else squares
  return np.split(translated, ends[:-1])


def _write(
  method: file_methods.Method,
  writer: output_files.OutputFiles,
  output: pathlib.Path,
  read: _Read,
  translated: np.ndarray,
) -> str | None:
  assert read.loaded is not None
  result = method.finish(read.loaded, translated)
  # Where the first one is, the others are, too.
  others = result.others or ()
  for number, image in enumerate(others, 2):
    reason = writer.write(
      result_record.other_path(output, number),
      image,
      source=read.source,
      is_checked=False,
    )
    if reason is not None:
      return reason
  if result.others is not None:
    writer.remove_others(output, len(others))
  return writer.write(
    output,
    result.image,
    metadata=result.metadata,
    source=read.source,
    others=len(others),
  )


def _is_known(
  item: tuple[pathlib.Path, concurrent.futures.Future | None, str | None],
) -> bool:
  _, future, _ = item
  return future is None or future.done()


def _result(
  item: tuple[pathlib.Path, concurrent.futures.Future | None, str | None],
) -> tuple[pathlib.Path, str | None]:
  path, future, reason = item
  return path, reason if future is None else future.result()
