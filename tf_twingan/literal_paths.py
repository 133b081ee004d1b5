"""Paths that TensorFlow takes for nothing but paths.

TensorFlow finds checkpoints and SavedModels by patterns, which cannot be
escaped: it finds none in a folder `exp[1]`. It refuses names that are not
UTF-8, too.
"""

import contextlib
import os
import re
import tempfile
from collections.abc import Iterator

# What may be part of a pattern, or of a server's address.
_NOT_LITERAL = re.compile(r'[*?\[\]{}\\]|://')


@contextlib.contextmanager
def folder(path: str | os.PathLike) -> Iterator[str]:
  """Gives a path of a folder that TensorFlow reads from and writes to.

  A folder whose name it would misunderstand gets another path for as long as
  the block runs, through a symbolic link.

  Args:
    path: a folder that exists.

  Yields:
    The path as a string, or another one of the same folder.

  Raises:
    OSError: it needs another one, and no link can be made.
  """
  path = _with_slashes(os.fspath(path))
  if _is_literal(path):
    yield path
    return
  with contextlib.ExitStack() as stack:
    try:
      temporary = _with_slashes(
        stack.enter_context(tempfile.TemporaryDirectory())
      )
      if not _is_literal(temporary):
        raise OSError(f'{temporary} has such characters, too; set TMPDIR')
      link = f'{temporary}/folder'
      os.symlink(os.path.abspath(path), link, target_is_directory=True)
    except OSError as error:
      raise OSError(
        f'{path!r} has characters that TensorFlow takes for a pattern, such as '
        f'[ ] * ? or a backslash, and no link to it can be made ({error}); '
        'rename it.'
      ) from error
    yield link


def _with_slashes(path):
  """The path without the backslashes that separate folders on Windows."""
  return path.replace('\\', '/') if os.sep == '\\' else path


def _is_literal(path):
  try:
    path.encode()
  except UnicodeEncodeError:
    return False
  return not _NOT_LITERAL.search(path)
