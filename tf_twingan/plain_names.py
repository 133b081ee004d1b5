"""Names read from files: plain, or paths that stay inside their folder.

A manifest or a model may come from a stranger, and what it names is opened,
replaced or deleted. A name such as `../../x` or `/tmp/x` must never reach the
file system.
"""

import os
import pathlib

# A name of this many bytes leaves room for the endings of unfinished files.
MAX_BYTES = 200


def check_name(name: str) -> str:
  """Returns the name of one file or folder inside another.

  Args:
    name: no separator, no drive, no control character, not hidden, at most
      `MAX_BYTES` bytes as UTF-8.

  Raises:
    ValueError: it is none; says why.
  """
  if not name:
    raise ValueError('is empty')
  if name.startswith('.'):
    raise ValueError(f'{name!r} begins with a dot')
  wrong = [c for c in name if c in '/\\:' or not c.isprintable()]
  if wrong:
    raise ValueError(f'{name!r} has the character {wrong[0]!r}')
  if len(os.fsencode(name)) > MAX_BYTES:
    raise ValueError(f'{name[:20]!r}... has over {MAX_BYTES} bytes')
  return name


def check_path(path: str) -> str:
  """Returns a path inside a folder: plain names with slashes between them.

  Raises:
    ValueError: it is none; says why.
  """
  for name in path.split('/'):
    check_name(name)
  return path


def inside(folder: str | os.PathLike, path: str) -> pathlib.Path:
  """The location of a path inside a folder, through no link out of it.

  Args:
    folder: the folder, which may be a link itself.
    path: plain names with slashes between them; need not exist.

  Raises:
    ValueError: it leads out of the folder; says how.
  """
  location = pathlib.Path(folder, check_path(path))
  if not location.resolve().is_relative_to(pathlib.Path(folder).resolve()):
    raise ValueError(f'{path!r} is a link out of {folder}')
  return location
