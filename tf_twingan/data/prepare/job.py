"""A preparation from the input to the finished dataset, on this computer.

It may be stopped and started again at any time: what is finished of it stays in
OUTPUT/.unfinished, with a record of what was asked for.
"""

import contextlib
import os
import pathlib
import re
import shutil
from collections.abc import Callable, Iterator

from absl import logging

from tf_twingan import errors, files
from tf_twingan.data.prepare import (
  dataset_record,
  embedding,
  finish,
  inputs,
  job_record,
  preparer,
  shards,
  tfrecord_output,
  threads,
)
from tf_twingan.data.prepare import options as options_lib
from tf_twingan.data.sources import base

_LOCK = 'lock'


def plan(
  text: str,
  options: options_lib.Options,
  output: str | os.PathLike,
  *,
  format: dataset_record.Format = 'folder',
  labels: str | os.PathLike | None = None,
  embedder: embedding.Embedder | None = None,
) -> finish.Job:
  """What there is to do; nothing is written.

  Args:
    text: a folder of photos, or the string of a dataset.
    options: everything that decides the pixels.
    output: folder of the dataset.
    format: 'folder' or 'tfrecord'.
    labels: a file like attributes.csv; None for that of the input.
    embedder: computes vectors of the images; None for those of the input.

  Raises:
    OSError: the input is not there, or nothing can be written to the output.
    ValueError: there is nothing to prepare, or the output holds other files.
  """
  _check_address(output)
  output = pathlib.Path(output)
  opened = inputs.open_input(text, output, labels)
  _check_output(output)
  files.check_writable(output, *finish.NAMES)
  return finish.Job(text, opened, options, output, format, embedder)


def is_finished(job: finish.Job) -> bool:
  """Whether the dataset is there already, made of the same photos likewise.

  If it is, what a program that was stopped at its very end left in
  OUTPUT/.unfinished is removed.

  Raises:
    OSError: its record cannot be read.
    ValueError: it was made of other photos or otherwise, or is damaged.
  """
  if not _is_there(job):
    return False
  if job.unfinished.exists():
    # Another program may be at it, or nothing may be written here.
    with contextlib.suppress(OSError):
      with _locked(job):
        _empty(job)
      shutil.rmtree(job.unfinished, ignore_errors=True)
  return True


def _is_there(job: finish.Job) -> bool:
  try:
    record = dataset_record.read(job.output)
  except FileNotFoundError:
    return False
  difference = job_record.difference_of_finished(record, job)
  if difference:
    raise ValueError(
      f'{errors.printable(job.output)} holds a dataset that was prepared with '
      f'{difference}; choose another --output'
    )
  damaged = dataset_record.verify(job.output)
  if damaged:
    raise ValueError(
      f'{len(damaged)} files of {errors.printable(job.output)} are missing or '
      f'damaged, the first of them {damaged[0]}; delete the folder and prepare '
      'it again, or train on it as it is'
    )
  return True


def run(
  job: finish.Job,
  workers: int | None = None,
  prepare_shards: Callable[[finish.Job], None] | None = None,
) -> finish.Choice | None:
  """Prepares what is not prepared yet, and finishes the dataset.

  Args:
    job: from `plan`.
    workers: number of threads; by default, that of the processors.
    prepare_shards: sees to it that all shards of a job are there, as by
      `shards.prepare_shard` in other processes; by default threads of this one
      do.

  Returns:
    What was kept and left out; None if another program has finished the same
    dataset since it was planned.

  Raises:
    KeyboardInterrupt: the user stopped it; says what is done.
    OSError: another program prepares there, or something cannot be written;
      says what is done.
    ValueError: what is unfinished there is of other options, photos or
      packages, or not one image is left.
  """
  # What it lacks is said before anything is made.
  prepare = preparer.Preparer(job.options)
  job.unfinished.mkdir(parents=True, exist_ok=True)
  with _locked(job), _saying_what_is_done(job):
    choice = None
    if not _is_there(job):
      job_record.begin(job)
      if prepare_shards is not None:
        prepare_shards(job)
      else:
        with threads.preparing(job, prepare, workers) as results:
          for number, done in results:
            shards.write(shards.path_of(job.unfinished, number), done)
      choice = finish.finish(job)
    _empty(job)
  shutil.rmtree(job.unfinished, ignore_errors=True)
  return choice


def _empty(job: finish.Job) -> None:
  """Removes what is unfinished, but for the lock that this program holds.

  Some systems keep what is open, so the lock goes after it is released.
  """
  for path in job.unfinished.iterdir():
    if path.name == _LOCK:
      continue
    if path.is_dir() and not path.is_symlink():
      shutil.rmtree(path, ignore_errors=True)
    else:
      with contextlib.suppress(OSError):
        path.unlink()


def dry_run(
  text: str,
  options: options_lib.Options,
  output: str | os.PathLike | None = None,
  labels: str | os.PathLike | None = None,
  workers: int | None = None,
) -> tuple[int, finish.Choice]:
  """Finds out what would be kept and left out; nothing is written.

  Args:
    text: see `plan`.
    options: see `plan`.
    output: see `plan`: what is below it is no input; None for no folder.
    labels: see `plan`; they are only checked.
    workers: see `run`.

  Returns:
    The number of photos, and what would become of them.

  Raises:
    OSError: the input is not there.
    ValueError: there is nothing to prepare, or not one image would be left.
  """
  opened = inputs.open_input(text, output, labels)
  job = finish.Job(text, opened, options, pathlib.Path())
  prepare = preparer.Preparer(options)
  images, rejected = [], []
  with threads.preparing(job, prepare, workers, encode=False) as results:
    for _, done in results:
      images += [image for result in done for image in result.images]
      rejected += [one for result in done for one in result.rejections]
  return len(opened.names), finish.choose(job, images, rejected)


@contextlib.contextmanager
def _locked(job: finish.Job) -> Iterator[None]:
  with contextlib.ExitStack() as held:
    try:
      held.enter_context(files.lock(job.unfinished / _LOCK))
    except files.Locked:
      raise OSError(
        f'another program prepares images in {errors.printable(job.output)}; '
        'wait until it ends, or choose another --output'
      ) from None
    except OSError as error:
      if error.errno not in files.NO_LOCKS:
        raise
      logging.warning(
        '%s cannot be locked on this file system: see to it that no other '
        'program prepares images there.',
        job.output,
      )
    yield


@contextlib.contextmanager
def _saying_what_is_done(job: finish.Job) -> Iterator[None]:
  """Adds to what stops the job how far it came, and how to go on."""
  try:
    yield
  except KeyboardInterrupt:
    raise KeyboardInterrupt(
      f'{_done(job)}; the same command goes on from there.'
    ) from None
  except OSError as error:
    path = job.output if error.filename is None else error.filename
    raise OSError(
      f'{errors.printable(path)}: {errors.reason(error)}. {_done(job)}; mend '
      'that, and give the same command again.'
    ) from None


def _done(job: finish.Job) -> str:
  parts = shards.split(job.opened.names)
  done = sum(
    len(part)
    for number, part in enumerate(parts)
    if shards.path_of(job.unfinished, number).exists()
  )
  return f'{done:,} of {len(job.opened.names):,} photos are prepared and stay'


def _check_address(output: str | os.PathLike) -> None:
  """Refuses what is no path: gs://, hdfs://."""
  if re.match(r'\w+://', os.fspath(output)):
    raise ValueError(
      f'--output={errors.printable(output)} is an address, not a folder; '
      'prepare into a folder that all workers see by the same path, such as a '
      'network drive, or a bucket that is mounted'
    )


def _check_output(output: pathlib.Path) -> None:
  """Refuses an output that holds files of others."""
  try:
    names = sorted(os.listdir(output))
  # The next check says what it is, if it is no folder.
  except (FileNotFoundError, NotADirectoryError):
    return
  is_ours = dataset_record.NAME in names or '.unfinished' in names
  for name in names:
    known = name in (*base.SPLITS, *finish.NAMES)
    is_shard = tfrecord_output.NAME.fullmatch(name) is not None
    if not (name.startswith('.') or (is_ours and (known or is_shard))):
      raise ValueError(
        f'{errors.printable(output)} holds {errors.printable(name)}, which is '
        'no prepared dataset; choose a new folder for --output'
      )
