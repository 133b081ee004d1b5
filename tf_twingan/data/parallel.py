"""Calls a function for many items in threads, in order, with a progress bar."""

import concurrent.futures
import itertools
import os
from collections.abc import Callable, Generator, Iterable
from typing import Any

import tqdm.auto


def results(
  function: Callable[[Any], Any],
  items: Iterable[tuple[str, Any]],
  *,
  count: int,
  description: str,
  chunk: int,
) -> Generator[tuple[str, Any], None, None]:
  """Yields (name, result, or the ValueError or OSError that was raised).

  Args:
    function: what to call; several threads call it at once.
    items: name and argument of each call.
    count: number of the items, for the progress bar.
    description: what the progress bar says.
    chunk: items of a thread that are taken at once, which is what waits in
      memory, and what Ctrl-C waits for.
  """

  def attempt(item: tuple[str, Any]) -> tuple[str, Any]:
    name, argument = item
    try:
      return name, function(argument)
    except (ValueError, OSError) as error:
      return name, error

  workers = min(8, os.cpu_count() or 1)
  waiting = iter(items)
  with (
    concurrent.futures.ThreadPoolExecutor(workers) as pool,
    tqdm.auto.tqdm(
      total=count, desc=description, delay=1, unit='image'
    ) as progress,
  ):
    while taken := list(itertools.islice(waiting, chunk * workers)):
      for result in pool.map(attempt, taken):
        progress.update()
        yield result
