"""What workers of Beam do in tests, beside or instead of their work.

Workers are other processes, which import this module by its name.
"""

import os
import pathlib

from tf_twingan.data.prepare import beam_job

_prepare_shard = beam_job._prepare_shard


def _beside(spec, name: str) -> pathlib.Path:
  """A file beside the output, which stays."""
  return pathlib.Path(spec.folder).parent.with_name(name)


def note_who_works(spec, versions, part) -> None:
  """Works, and leaves a file for each process that does."""
  _beside(spec, f'worker_{os.getpid()}').touch()
  _prepare_shard(spec, versions, part)


def die_once(spec, versions, part) -> None:
  """Works, but the process ends at the third shard that is not there yet."""
  try:
    _beside(spec, f'begun_{part[0]}').touch(exist_ok=False)
    if part[0] == 2:
      os._exit(3)
  except FileExistsError:
    pass
  _prepare_shard(spec, versions, part)


def fail_at_the_end(spec, versions, part) -> None:
  """Works, but for the last shard the disk is full."""
  if part[0] == 4:
    raise OSError(28, 'No space left on device')
  _prepare_shard(spec, versions, part)


def do_nothing(spec, versions, part) -> None:
  """As if it wrote into another computer's folder of that name."""


def have_another_numpy(spec, versions, part) -> None:
  """Works where another version is installed."""
  _prepare_shard(spec, {**versions, 'numpy': '1.0'}, part)
