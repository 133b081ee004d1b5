"""Translates image files, decoding and encoding in threads beside the network.

Images keep their order, and a bounded number of them is in memory: so many that
the network never waits for a disk, and so few that photos of many megapixels
fit, however many processors there are.
"""

import collections
import concurrent.futures
import itertools
import os
import pathlib
import threading
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

# What waits to be translated, as much again that is, and as much to be written.
# One image may take more.
_MAX_BYTES = 2**29
_MAX_AHEAD = 4 * batching.BATCH_SIZE


class _Read(NamedTuple):
  """What reading a file gave: an image, or a reason why not."""

  path: pathlib.Path
  source: result_record.Source | None
  loaded: file_methods.Loaded | None
  reason: str | None = None


class _Writing(NamedTuple):
  """A file whose result is written, or a reason why there is none."""

  path: pathlib.Path
  size: int = 0
  future: concurrent.futures.Future | None = None
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
  room, turns = _Room(_MAX_BYTES), itertools.count()

  def read_ahead() -> None:
    while (
      len(reading) < _MAX_AHEAD and (item := next(waiting, None)) is not None
    ):
      future = readers.submit(_read, method, item[0], room, next(turns))
      reading.append((item[1], future))

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
        room.leave(read.loaded.size)
      yield output, read

  def written(size: int) -> Iterator[tuple[pathlib.Path, str | None]]:
    # Results of what is written, until there is room for so much.
    while writing and (
      len(writing) >= _MAX_AHEAD
      or _is_known(writing[0])
      or size + sum(one.size for one in writing) > _MAX_BYTES
    ):
      yield _result(writing.popleft())

  with (
    concurrent.futures.ThreadPoolExecutor(count) as readers,
    concurrent.futures.ThreadPoolExecutor(count) as writers,
  ):
    try:
      while images := list(batch()):
        loaded = [read.loaded for _, read in images if read.loaded is not None]
        translated = iter(_translate(method, loaded))
        for output, read in images:
          if read.loaded is None:
            writing.append(_Writing(read.path, reason=read.reason))
            continue
          # While some are written, the next batch is translated.
          size = read.loaded.size + read.loaded.finishing
          yield from written(size)
          future = writers.submit(
            _write, method, writer, output, read, next(translated)
          )
          writing.append(_Writing(read.path, size, future))
        del images, loaded, translated, output, read
        yield from written(0)
      while writing:
        yield _result(writing.popleft())
    except BaseException:
      # What is being written has its name before the block is left.
      for _, future in reading:
        future.cancel()
      room.close()
      raise


class _Room:
  """The memory for images that wait to be translated.

  They enter in the order of their turns. As nobody knows how large an image is
  before it is read, each is taken for the largest of late, and the first one
  enters alone. One that is larger than all of the room enters alone, too.
  """

  def __init__(self, most: int):
    self._most, self._taken, self._turn = most, 0, 0
    self._sizes: collections.deque = collections.deque(maxlen=_MAX_AHEAD)
    self._changed = threading.Condition()
    self._is_open = True

  def enter(self, turn: int) -> int | None:
    """Waits for room; returns how much is taken, or None if it is closed."""
    with self._changed:
      self._changed.wait_for(lambda: not self._is_open or self._may_enter(turn))
      if not self._is_open:
        return None
      size = self._expected()
      self._taken += size
      self._turn += 1
      self._changed.notify_all()
      return size

  def see(self, expected: int, size: int | None) -> None:
    """Takes what an image needs instead of what was expected.

    Args:
      expected: what `enter` returned.
      size: of the image; None if there is none.
    """
    with self._changed:
      self._taken += (size or 0) - expected
      if size is not None:
        self._sizes.append(size)
      self._changed.notify_all()

  def leave(self, size: int) -> None:
    with self._changed:
      self._taken -= size
      self._changed.notify_all()

  def close(self) -> None:
    """Lets those that wait end."""
    with self._changed:
      self._is_open = False
      self._changed.notify_all()

  def _expected(self) -> int:
    return max(self._sizes) if self._sizes else self._most

  def _may_enter(self, turn: int) -> bool:
    has_room = not self._taken or self._taken + self._expected() <= self._most
    return turn == self._turn and has_room


def _read(
  method: file_methods.Method, path: pathlib.Path, room: _Room, turn: int
) -> _Read:
  source, size = result_record.Source.of(path), None
  if (expected := room.enter(turn)) is None:
    return _Read(path, source, None)
  try:
    loaded = method.load(path)
    size = loaded.size
    return _Read(path, source, loaded)
  except image_io.UnreadableImage as error:
    return _Read(path, source, None, error.reason)
  finally:
    room.see(expected, size)


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


def _is_known(one: _Writing) -> bool:
  return one.future is None or one.future.done()


def _result(one: _Writing) -> tuple[pathlib.Path, str | None]:
  return one.path, one.reason if one.future is None else one.future.result()
