"""A bundle's manifest: what an export says of its files.

One direction has a `source` and a `target`, all directions have `domains`.
"""

import json
import os
import pathlib
from typing import Any

MANIFEST = 'manifest.json'


def direction(source: str, to: str) -> str:
  """What drawing one domain as another is called: photo2anime."""
  return f'{source}2{to}'


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
