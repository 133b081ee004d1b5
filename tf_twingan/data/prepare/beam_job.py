"""The shards of a preparation through Apache Beam, by other machines too.

Beam only decides who prepares which shard. A worker does what this computer
would do, writes the shard into the job's folder, and returns nothing, so all
workers must see the input and the output by the same paths.
"""

import contextlib
import functools
import json
import os
import pathlib
import threading
from collections.abc import Callable, Iterator, Sequence

import tqdm.auto

from tf_twingan import beam_runners, extras, faces
from tf_twingan.data.prepare import dataset_record, finish, shards

# Which photos belong to which shard: one line of JSON a shard. In a pipeline
# itself, the names of millions of photos would be more than runners take.
_NAMES = 'names.jsonl'
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
  parsed = beam_runners.parse(runner, options)
  return functools.partial(_prepare_shards, runner=runner, options=parsed)


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
  with _progress(job, len(todo)), beam_runners.saying_what_failed(runner):
    pipeline = beam_runners.pipeline(runner, options)
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


def _prepare_shard(
  spec: shards.Spec, versions: dict[str, str], part: _Part
) -> None:
  """What a worker does."""
  beam_runners.check_versions(versions, dataset_record.package_versions())
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
