"""Names of a run's sample grids, `samples/<thousands of images seen>.png`."""

import os
import pathlib
import re

_FOLDER = 'samples'
_NAME = re.compile(r'\d{6,}\.\d\.png')


def path(run_dir: str | os.PathLike, images_seen: int) -> pathlib.Path:
  """The file of the grid that is made after a number of images."""
  return pathlib.Path(run_dir, _FOLDER, f'{images_seen / 1000:08.1f}.png')


def paths(run_dir: str | os.PathLike) -> list[pathlib.Path]:
  """All grids of a run, from the first to the newest; none in a new run.

  Raises:
    OSError: the folder can't be read.
  """
  folder = pathlib.Path(run_dir, _FOLDER)
  if not folder.is_dir():
    return []
  grids = [p for p in folder.iterdir() if _NAME.fullmatch(p.name)]
  return sorted(grids, key=lambda p: float(p.stem))
