"""Prepares the photos of a job in threads, with a progress bar.

Decoding, resizing and the detectors' networks run outside of Python's lock.
"""

import collections
import concurrent.futures
import contextlib
import os
from collections.abc import Iterator

import tqdm.auto

from tf_twingan.data.prepare import finish, preparer, shards

# So many shards are in work at once, which bounds the memory.
_AHEAD = 2


@contextlib.contextmanager
def preparing(
  job: finish.Job,
  prepare: preparer.Preparer,
  workers: int | None,
  *,
  encode: bool = True,
) -> Iterator[Iterator[tuple[int, list[shards.PhotoResult]]]]:
  """Prepares photos in threads, shard by shard in order.

  Args:
    job: from `plan`; its shards that are there are left out.
    prepare: what makes images of a photo.
    workers: number of threads; None for that of the processors.
    encode: whether PNGs are wanted.

  Yields:
    An iterator of (number of a shard, what its photos gave).
  """
  parts = shards.split(job.opened.names)
  todo = collections.deque(
    number
    for number in range(len(parts))
    if not encode or not shards.is_whole(shards.path_of(job.unfinished, number))
  )
  done = sum(map(len, parts)) - sum(len(parts[number]) for number in todo)
  with (
    concurrent.futures.ThreadPoolExecutor(workers or os.cpu_count()) as pool,
    tqdm.auto.tqdm(
      total=len(job.opened.names),
      initial=done,
      desc='preparing',
      unit=' photos',
      smoothing=0.1,
    ) as progress,
  ):

    def start(number: int) -> tuple[int, list[concurrent.futures.Future]]:
      return number, [
        pool.submit(
          shards.prepare_photo, prepare, job.opened.read, name, encode=encode
        )
        for name in parts[number]
      ]

    def results() -> Iterator[tuple[int, list[shards.PhotoResult]]]:
      started: collections.deque = collections.deque()
      while todo or started:
        while todo and len(started) < _AHEAD:
          started.append(start(todo.popleft()))
        number, futures = started.popleft()
        finished = []
        for future in futures:
          finished.append(future.result())
          progress.update()
        yield number, finished

    try:
      yield results()
    except BaseException:
      pool.shutdown(wait=False, cancel_futures=True)
      raise
