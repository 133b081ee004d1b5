"""The shards of a preparation through Apache Beam, by other machines too.

Beam only decides who prepares which shard. A worker does what this computer
would do, writes the shard into the job's folder, and returns nothing, so all
workers must see the input and the output by the same paths.
"""

import contextlib
import functools
import os
import pathlib
from collections.abc import Callable, Sequence

from tf_twingan import beam_parts, beam_runners, extras, faces
from tf_twingan.data.prepare import dataset_record, finish, shards

_NAMES = 'names.jsonl'  # Which photos belong to which shard.

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
    (number, *part)
    for number, part in enumerate(
      beam_parts.write(names, shards.split(job.opened.names))
    )
    if not _is_there(job, number)
  ]
  work = functools.partial(
    _prepare_shard, job.spec, dataset_record.package_versions()
  )
  with _progress(job, len(todo)):
    beam_parts.run(runner, options, todo, 'prepare' >> beam.Map(work))
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
  number, offset, length = part
  names = beam_parts.read(pathlib.Path(spec.folder, _NAMES), (offset, length))
  shards.prepare_shard(spec, number, names)


def _is_there(job: finish.Job, number: int) -> bool:
  return shards.is_whole(shards.path_of(job.unfinished, number))


def _progress(
  job: finish.Job, todo: int
) -> contextlib.AbstractContextManager[None]:
  """Shows how many shards are there, whoever writes them."""

  def count() -> int:
    suffix = shards.path_of(job.unfinished, 0).suffix
    return sum(name.endswith(suffix) for name in os.listdir(job.unfinished))

  before = count()
  return beam_parts.progress(
    lambda: count() - before, todo, 'preparing', 'shards'
  )
