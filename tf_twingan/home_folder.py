"""Paths that begin with `~`, the home folder.

A shell leaves the ~ of `--run_dir=~/runs` alone, so programs replace it. They
never make a folder of that name; one that is there is `./~`.
"""

import os


def expand(path: str) -> str:
  """A path with `~` or `~user` at its beginning replaced by the home folder.

  Raises:
    ValueError: there is no such user, or nobody knows of a home folder, as in
      containers that run under a number without an account.
  """
  if not path.startswith('~'):
    return path
  expanded = os.path.expanduser(path)
  if expanded == path:
    user = path.split('/')[0][1:]
    reason = f'there is no user {user!r}' if user else 'HOME is not set'
    raise ValueError(
      f'{path} begins with the home folder, but {reason}; give the whole path, '
      f'or ./{path} for what has that name.'
    )
  return expanded
