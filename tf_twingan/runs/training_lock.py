"""The lock of a run directory: one training in it at a time.

Two trainings would write each value of the metrics twice, and checkpoints of
the same names with files of both. The lock belongs to the process, so that it
ends with it, however that ends. Only who writes the run directory holds it, so
translating, evaluating and exporting go on meanwhile.
"""

import contextlib
import os
import pathlib
import socket
from collections.abc import Iterator

from absl import logging

from tf_twingan import errors, files, json_files

_LOCK = 'training.lock'
_OWNER = 'training.json'  # Which process holds the lock.


class _Owner(json_files.Model):
  pid: json_files.Count
  host: str


@contextlib.contextmanager
def hold(run_dir: str) -> Iterator[None]:
  """Keeps other trainings out of a run directory, which is made if missing.

  Where the file system has no locks it only warns. If nothing was written
  meanwhile, the directory is removed again if it was made.

  Args:
    run_dir: the run directory.

  Raises:
    OSError: another program trains there, or nothing can be written there.
  """
  folder = pathlib.Path(run_dir)
  made = [p for p in (folder, *folder.parents) if not p.exists()]
  folder.mkdir(parents=True, exist_ok=True)
  with contextlib.ExitStack() as held:
    try:
      held.enter_context(files.lock(folder / _LOCK))
    except files.Locked:
      raise OSError(
        f'Another program trains in {run_dir}{_describe_owner(folder)}; wait '
        'until it ends, or choose another --run_dir.'
      ) from None
    except OSError as error:
      if error.errno not in files.NO_LOCKS:
        raise
      logging.warning(
        '%s cannot be locked on this file system (%s): see to it that no other '
        'program trains there.',
        run_dir,
        errors.first_line(error),
      )
    # While the lock is held: who waits for it sees that its file is gone.
    held.callback(_remove_if_empty, folder, made)
    held.enter_context(_named_owner(folder))
    yield


@contextlib.contextmanager
def _named_owner(folder: pathlib.Path) -> Iterator[None]:
  owner = _Owner(pid=os.getpid(), host=socket.gethostname())
  path = folder / _OWNER
  # It only makes a message clearer.
  with contextlib.suppress(OSError):
    path.write_text(owner.model_dump_json(), encoding='utf-8')
  try:
    yield
  finally:
    with contextlib.suppress(OSError):
      path.unlink()


def _describe_owner(folder: pathlib.Path) -> str:
  try:
    owner = json_files.read(folder / _OWNER, _Owner, remedy='wait')
  except (OSError, ValueError):
    return ''
  host = '' if owner.host == socket.gethostname() else f' on {owner.host}'
  return f' (process {owner.pid}{errors.printable(host)})'


def _remove_if_empty(folder: pathlib.Path, made: list[pathlib.Path]) -> None:
  with contextlib.suppress(OSError):
    if made and os.listdir(folder) == [_LOCK]:
      (folder / _LOCK).unlink()
      for path in made:  # The innermost first.
        path.rmdir()
