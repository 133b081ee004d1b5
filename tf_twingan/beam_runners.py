"""Runners of Apache Beam: chosen by name; what stops them, in one line."""

import contextlib
import io
import logging
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from tf_twingan import errors, extras

# Beam's DirectRunner downloads yet another one, if it can, before it takes the
# first of these.
_LOCAL = ('FnApiRunner', 'DirectRunner')
# What FnApiRunner says of it.
_OF_A_DEAD_WORKER = 'Channel closed prematurely'


def parse(runner: str, options: Sequence[str] = ()) -> Any:
  """Options of Beam for a runner, checked.

  Args:
    runner: name of the runner: FnApiRunner is on this computer.
    options: options of Beam and of the runner, `direct_num_workers=2`.

  Returns:
    Beam's `PipelineOptions`.

  Raises:
    MissingPackage: Beam is not installed.
    ValueError: there is no such runner or option.
  """
  with extras.needed('beam'), without_warnings():
    from apache_beam.options import pipeline_options
  known = pipeline_options.StandardOptions.KNOWN_RUNNER_NAMES
  if runner not in known:
    raise ValueError(
      f'--runner={runner} is no runner of Apache Beam'
      f'{errors.did_you_mean(runner, known) or "; use FnApiRunner"}'
    )
  parsed = pipeline_options.PipelineOptions(
    [f'--{option.lstrip("-")}' for option in options]
  )
  _check_options(parsed, runner)
  # What runs is imported by workers, not sent to them.
  parsed.view_as(pipeline_options.SetupOptions).save_main_session = False
  return parsed


def pipeline(runner: str, options: Any) -> Any:
  """An empty pipeline.

  Args:
    runner: name of the runner.
    options: from `parse`.
  """
  with extras.needed('beam'):
    import apache_beam as beam
  return beam.Pipeline(
    runner=_local_runner(options) if runner in _LOCAL else runner,
    options=options,
  )


def check_versions(started: Mapping[str, str], here: Mapping[str, str]) -> None:
  """Refuses a worker that would do otherwise than the others.

  Args:
    started: versions of packages where all began.
    here: those of the worker.

  Raises:
    ValueError: they differ; names the package.
  """
  for name in {**started, **here}:
    if here.get(name) != started.get(name):
      raise ValueError(
        f'a worker has {name} {here.get(name)}, the computer that started it '
        f'{started.get(name)}: install the same packages on all of them'
      )


@contextlib.contextmanager
def without_warnings() -> Iterator[None]:
  """Keeps Beam from naming what it lacks for clouds."""
  before = logging.root.manager.disable
  logging.disable(logging.WARNING)
  try:
    yield
  finally:
    logging.disable(before)


def _check_options(options, runner: str) -> None:
  said = io.StringIO()
  try:
    with contextlib.redirect_stderr(said):
      known = options.get_all_options()
      given = options.get_all_options(retain_unknown_options=True)
  except SystemExit:
    # A manual of all options, and then what is wrong.
    line = said.getvalue().strip().splitlines()[-1]
    raise ValueError(f'--beam_option: {line.partition("error: ")[2]}') from None
  unknown = [name for name in given if name not in known]
  # Those of clusters go on to programs that may know more.
  if unknown and runner in _LOCAL:
    raise ValueError(
      f'--beam_option={unknown[0]} is no option of Apache Beam'
      f'{errors.did_you_mean(unknown[0], known)}'
    )


def _local_runner(options):
  """Beam's runner on this computer, whose workers know the options, too."""
  with extras.needed('beam'):
    from apache_beam.options import pipeline_options
    from apache_beam.portability.api import beam_provision_api_pb2
    from apache_beam.runners.portability import portable_runner
    from apache_beam.runners.portability.fn_api_runner import fn_runner
  worker = options.view_as(pipeline_options.WorkerOptions)
  if worker.default_sdk_harness_log_level is None:
    # What fails is said once, by this program.
    worker.default_sdk_harness_log_level = 'CRITICAL'
  encoded = portable_runner.JobServiceHandle.encode_pipeline_options(
    options.get_all_options()
  )
  return fn_runner.FnApiRunner(
    provision_info=fn_runner.ExtendedProvisionInfo(
      beam_provision_api_pb2.ProvisionInfo(pipeline_options=encoded)
    )
  )


@contextlib.contextmanager
def saying_what_failed(runner: str) -> Iterator[None]:
  """Turns what stops a pipeline into one line."""
  try:
    yield
  except extras.MissingPackage:
    raise
  except Exception as error:
    # The last line of the traceback of a worker.
    lines = str(error).strip().splitlines() or [type(error).__name__]
    reason = lines[-1].strip().rstrip('.')
    if reason == _OF_A_DEAD_WORKER:
      reason = 'a worker ended in the midst of its work'
    raise OSError(f'{runner} failed: {reason}') from error
