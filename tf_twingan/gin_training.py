"""Trains as a gin file says, for programs and notebooks alike.

gin keeps its values in the process. A training parses its own, and gives back
those that were there before it, however it ends; so several can follow one
another in a process, each with nothing but its own values.
"""

import contextlib
import threading
from collections.abc import Iterator, Sequence

import gin
from tf_twingan import configurables, errors, gin_files
from tf_twingan.training import progress_reports

_ONE_AT_A_TIME = threading.Lock()


def train(
  run_dir: str,
  gin_file: str,
  gin_params: Sequence[str] = (),
  *,
  on_progress: progress_reports.OnProgress | None = None,
) -> None:
  """Trains a run to the end of its schedule, or continues it.

  Args:
    run_dir: the run directory; one that holds a run is continued.
    gin_file: the experiment, a name or a path.
    gin_params: bindings that change it, see `gin_files.parse`.
    on_progress: see `setup.train`.

  Raises:
    FileNotFoundError: there is no such gin file.
    RuntimeError: another thread of this process is training.
    ValueError: a name or a value is wrong.
    Stopped, FloatingPointError, OSError: see `setup.train`.
  """
  if not _ONE_AT_A_TIME.acquire(blocking=False):
    raise RuntimeError(
      'A training is running in this process already; wait until it ends, or '
      'start another process.'
    )
  try:
    with _values_of_its_own():
      gin_files.parse(gin_file, gin_params)
      configurables.share_cores()
      configurables.train(run_dir, on_progress=on_progress)
  except Exception as error:
    plain = _without_gin_context(error)
    if plain is error:
      raise
    raise plain from plain.__cause__
  finally:
    _ONE_AT_A_TIME.release()


@contextlib.contextmanager
def _values_of_its_own() -> Iterator[None]:
  """Gives back gin's values at the end, all that gin can write as text."""
  before, was_locked = gin.config_str(), gin.config_is_locked()
  try:
    yield
  finally:
    gin.clear_config()
    gin.parse_config(before)
    if was_locked:
      gin.finalize()


def _without_gin_context(error: Exception) -> Exception:
  """The exception as it was raised, before gin added to its message."""
  while errors.GIN_CONTEXT in str(error) and isinstance(
    error.__context__, Exception
  ):
    error = error.__context__
  return error
