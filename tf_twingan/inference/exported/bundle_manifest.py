"""Reads manifest.json, the description that an export writes of its bundle.

A bundle of one direction has a `source` and a `target`, one of all directions
has `domains`.
"""

import itertools
import json
import os
import pathlib
from collections.abc import Mapping
from typing import Any

MANIFEST = 'manifest.json'


def direction(source: str, to: str) -> str:
  """The name of translating one domain to another, such as photo2anime."""
  return f'{source}2{to}'


def directions(manifest: Mapping[str, Any]) -> list[tuple[str, str]]:
  """(source, target) of each direction that a bundle's files translate.

  Those of all directions include each domain to itself, and their sources are
  in the order of the domains' numbers.
  """
  if 'domains' in manifest:
    return list(itertools.product(manifest['domains'], repeat=2))
  return [(manifest['source'], manifest['target'])]


def read_manifest(folder: str | os.PathLike) -> dict[str, Any]:
  """Reads a bundle's manifest.

  Raises:
    FileNotFoundError: the folder holds none.
    ValueError: it is another program's, or damaged.
  """
  path = pathlib.Path(folder, MANIFEST)
  if not path.is_file():
    raise FileNotFoundError(
      f'{folder} is no bundle: it holds no {MANIFEST}. Give the folder of one '
      'direction, OUTPUT/<to>.'
    )
  try:
    manifest = json.loads(path.read_text(encoding='utf-8'))
  except ValueError as error:
    raise ValueError(f'{path} is damaged ({error}); export again.') from error
  if (
    not isinstance(manifest, dict)
    or 'files' not in manifest
    or not ({'source', 'target'} <= set(manifest) or 'domains' in manifest)
  ):
    raise ValueError(
      f'{path} is not of a bundle; give the folder of one direction that '
      '`python -m export` wrote, OUTPUT/<to>.'
    )
  return manifest
