"""The shards of a preparation through Apache Beam, by other machines too.

Beam only decides who prepares which shard. A worker does what this computer
would do, writes the shard into the job's folder, and returns nothing, so all
workers must see the input and the output by the same paths.
"""

import contextlib
import functools
import io
import json
import logging
import os
import pathlib
import threading
from collections.abc import Callable, Iterator, Sequence

import tqdm.auto

from tf_twingan import errors, extras, faces
from tf_twingan.data.prepare import dataset_record, finish, shards

# Which photos belong to which shard: one line of JSON a shard. In a pipeline
# itself, the names of millions of photos would be more than runners take.
_NAMES = 'names.jsonl'
# Beam's DirectRunner downloads yet another one, if it can, before it takes the
# first of these.
_LOCAL = ('FnApiRunner', 'DirectRunner')
# What FnApiRunner says of it.
_OF_A_DEAD_WORKER = 'Channel closed prematurely'
_INTERVAL = 0.5  # Seconds between two looks at what is there.

# Number of a shard, and where in the file of names its line is.
_Part = tuple[int, int, int]


def through(
  runner: str, options: Sequence[str] = ()
) -> Callable[[finish.Job], None]:
  """What prepares the shards of a job by a runner of Beam, for `job.run`.

  Args:
    runner: name of the runner: FnApiRunner is on this computer.
    options: options of Beam and of the runner, `direct_num_workers=2`.

  Raises:
    MissingPackage: Beam is not installed.
    ValueError: there is no such runner or option.
  """
  with extras.needed('beam'), _without_warnings():
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
  return functools.partial(_prepare_shards, runner=runner, options=parsed)


@contextlib.contextmanager
def _without_warnings() -> Iterator[None]:
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


def _prepare_shards(job: finish.Job, *, runner: str, options) -> None:
  """Prepares the shards of a job that are not there."""
  with extras.needed('beam'):
    import apache_beam as beam

  names = job.unfinished / _NAMES
  todo = [
    part
    for part in _write_names(names, job.opened.names)
    if not _is_there(job, part[0])
  ]
  work = functools.partial(
    _prepare_shard, job.spec, dataset_record.package_versions()
  )
  with _progress(job, len(todo)), _saying_what_failed(runner):
    pipeline = beam.Pipeline(
      runner=_local_runner(options) if runner in _LOCAL else runner,
      options=options,
    )
    # Without a reshuffle, one worker would take them all. What they are counted
    # for is that FnApiRunner notices that a worker died only where it waits for
    # what comes out.
    _ = (
      pipeline
      | 'shards' >> beam.Create(todo)
      | 'spread' >> beam.Reshuffle()
      | 'prepare' >> beam.Map(work)
      | 'count' >> beam.combiners.Count.Globally()
    )
    pipeline.run().wait_until_finish()
  missing = sum(not _is_there(job, number) for number, _, _ in todo)
  if missing:
    raise OSError(
      f'{runner} ended, but {missing} of {len(todo)} shards are not here: all '
      'workers need this folder by the same path'
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


def _prepare_shard(
  spec: shards.Spec, versions: dict[str, str], part: _Part
) -> None:
  """What a worker does."""
  here = dataset_record.package_versions()
  for name in {**versions, **here}:
    if here.get(name) != versions.get(name):
      raise ValueError(
        f'a worker has {name} {here.get(name)}, the computer that started it '
        f'{versions.get(name)}: install the same packages on all of them'
      )
  # What the command line named where all this began.
  faces.load(spec.options.faces)
  number, offset, size = part
  with open(pathlib.Path(spec.folder, _NAMES), 'rb') as file:
    file.seek(offset)
    names = json.loads(file.read(size))
  shards.prepare_shard(spec, number, names)


def _write_names(path: pathlib.Path, names: Sequence[str]) -> list[_Part]:
  parts, offset = [], 0
  with open(path, 'wb') as file:
    for number, part in enumerate(shards.split(names)):
      # ASCII, whatever bytes the names are made of.
      line = json.dumps(part).encode() + b'\n'
      parts.append((number, offset, len(line)))
      offset += file.write(line)
  return parts


def _is_there(job: finish.Job, number: int) -> bool:
  return shards.is_whole(shards.path_of(job.unfinished, number))


@contextlib.contextmanager
def _saying_what_failed(runner: str) -> Iterator[None]:
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


@contextlib.contextmanager
def _progress(job: finish.Job, todo: int) -> Iterator[None]:
  """Shows how many shards are there, whoever writes them."""
  ended = threading.Event()

  def count() -> int:
    suffix = shards.path_of(job.unfinished, 0).suffix
    return sum(name.endswith(suffix) for name in os.listdir(job.unfinished))

  before = count()
  with tqdm.auto.tqdm(total=todo, desc='preparing', unit=' shards') as progress:

    def update() -> None:
      progress.update(count() - before - progress.n)

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
