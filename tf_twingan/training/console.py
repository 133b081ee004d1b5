"""What a training prints: lines, and a progress bar below them.

A terminal that was closed, or a program that read the output and has ended,
must not end a training. What can't be printed is dropped.
"""

import contextlib
import os
import sys
from typing import Any

import tqdm.auto


def say(text: str, *, to_stderr: bool = False) -> None:
  """Prints a line above the progress bar, if there is one."""
  stream = sys.stderr if to_stderr else sys.stdout
  try:
    tqdm.tqdm.write(text, file=stream)
    stream.flush()
  except OSError:
    _silence(stream)


def progress_bar(**options: Any) -> tqdm.tqdm:
  """A progress bar with tqdm's options: on stderr, or a notebook's own."""
  return tqdm.auto.tqdm(file=_UnfailingStream(sys.stderr), **options)


class _UnfailingStream:
  """A stream that drops what it cannot write."""

  def __init__(self, stream: Any):
    self._stream = stream

  def __getattr__(self, name: str) -> Any:
    return getattr(self._stream, name)

  def write(self, text: str) -> None:
    """Writes text, or drops it."""
    try:
      self._stream.write(text)
    except OSError:
      _silence(self._stream)

  def flush(self) -> None:
    """Flushes what was written, or drops it."""
    try:
      self._stream.flush()
    except OSError:
      _silence(self._stream)


def _silence(stream: Any) -> None:
  """Sends a stream to the null device, so that nothing written to it fails."""
  # Some streams are no files.
  with contextlib.suppress(OSError, ValueError):
    nowhere = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, stream.fileno())
    os.close(nowhere)
