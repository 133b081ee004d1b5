"""Names of domains: which ones are possible, and which one was meant.

A domain's name becomes a part of weights' names, of the folder of an export, of
a signature and of options such as `--source=NAME=DATASET`. So what is possible
is what all of these can hold, on every system.
"""

import re
import unicodedata
from collections.abc import Iterable
from typing import Any

from tf_twingan import errors

_MOST = 64  # Characters.
# What stands for every domain where a domain is asked for.
_EVERY = 'all'
_NAME = re.compile(r'[A-Za-z0-9_]([A-Za-z0-9_.-]*[A-Za-z0-9_-])?')
# Windows takes files of these names, with any ending, for devices.
_DEVICES = re.compile(r'(con|prn|aux|nul|com\d|lpt\d)(\..*)?', re.IGNORECASE)


def check_all(names: Iterable[Any]) -> tuple[str, ...]:
  """Returns the names if a model can have all of them.

  Raises:
    ValueError: one is not possible, or two are equal or differ in upper and
      lower case alone, which many disks take for one; says what is possible.
  """
  names = tuple(names)
  for name in names:
    if not _is_possible(name):
      raise ValueError(
        f'{name!r} is no name for a domain: it takes up to {_MOST} letters A-Z '
        "and a-z, digits, '_', '.' and '-', begins with a letter, a digit or "
        f"'_', does not end with '.', and is no device of Windows; for "
        f'example {_similar(name)!r}.'
      )
  by_lower: dict[str, str] = {}
  for name in names:
    other = by_lower.get(name.lower())
    if other == name:
      raise ValueError(
        f'There are two domains of the name {name!r}; give each its own.'
      )
    if other is not None:
      raise ValueError(
        f'The domains {other!r} and {name!r} differ in upper and lower case '
        'alone, which many disks take for one; rename one of them.'
      )
    if name.lower() == _EVERY:
      raise ValueError(
        f'{name!r} is no name for a domain, as --to={_EVERY} exports all of '
        'them; choose another.'
      )
    by_lower[name.lower()] = name
  return names


def check_known(name: str, known: Iterable[str]) -> str:
  """Returns the name if it is one of a model's domains.

  Raises:
    ValueError: it is not; lists those that there are, and the nearest.
  """
  known = tuple(known)
  if name not in known:
    raise ValueError(
      f'There is no domain {name!r} in this model; it has {", ".join(known)}'
      f'{errors.did_you_mean(str(name), known) or "."}'
    )
  return name


def _is_possible(name: Any) -> bool:
  return (
    isinstance(name, str)
    and len(name) <= _MOST
    and _NAME.fullmatch(name) is not None
    and _DEVICES.fullmatch(name) is None
  )


def _similar(name: Any) -> str:
  """A possible name that is like an impossible one."""
  plain = unicodedata.normalize('NFKD', str(name)).encode('ascii', 'ignore')
  words = re.findall(r'[A-Za-z0-9_]+', plain.decode())
  similar = '_'.join(words)[:_MOST]
  return similar if _is_possible(similar) else 'my_photos'
