"""Images decoded once, kept on disk as one memory mapped array.

An array is named by where its images come from and how they were fitted,
then by what was there, so one that is out of date is never read. A finished
array has a record (.json) beside it.
"""

import concurrent.futures
import itertools
import json
import os
import pathlib
import shutil
import time
from collections.abc import Callable, Iterable, Mapping
from typing import Any, NamedTuple

import numpy as np
import tqdm
from absl import logging

from tf_twingan import files

_VARIABLE = 'TF_TWINGAN_CACHE'
# An unfinished file that no one has written to for this long is a leftover.
_ABANDONED_SECONDS = 3600

Read = Callable[[Any], np.ndarray]


class Decoded(NamedTuple):
  """What `decoded` returns.

  Attributes:
    images: uint8 RGB [n, resolution, resolution, 3], read-only, memory mapped.
    skipped: (name, reason) of each image that could not be read.
    held_out: how many of the images belong to the test split.
    record: the file that lists all this.
  """

  images: np.ndarray
  skipped: tuple[tuple[str, str], ...]
  held_out: int
  record: pathlib.Path


def folder() -> pathlib.Path:
  """Where images are kept: `$TF_TWINGAN_CACHE` or `~/.cache/tf_twingan`."""
  return pathlib.Path(
    os.environ.get(_VARIABLE) or '~/.cache/tf_twingan'
  ).expanduser()


def decoded(
  source: str,
  *,
  read: Read,
  resolution: int,
  fit: str,
  crop: float,
  where: str,
  content: Any,
  count: int,
  images: Callable[[], Iterable[tuple[str, Any]]],
  held_out: Callable[[str], bool] = lambda name: False,
) -> Decoded:
  """The decoded images from the cache, decoded first if need be.

  Args:
    source: what the user calls them, for messages and the record.
    read: makes uint8 [resolution, resolution, 3] of a file or bytes; raises
      ValueError or OSError for an image to skip.
    resolution: px.
    fit: how `read` makes them square.
    crop: the share that `read` keeps.
    where: names the place the images come from.
    content: JSON-able; changes when the images there do.
    count: how many there are.
    images: yields (name, file or bytes).
    held_out: whether the image of that name belongs to the test split.

  Raises:
    OSError: the cache cannot be written; names the folder and the variable.
  """
  place = _digest([where, resolution, fit, crop])
  base = folder() / f'{place}-{_digest(content)}'
  array_path = base.with_suffix('.npy')
  record_path = base.with_suffix('.json')
  shape = (resolution, resolution, 3)
  try:
    record = json.loads(record_path.read_text())
    array = np.load(array_path, mmap_mode='r')
    if array.shape != (record['count'], *shape) or array.dtype != np.uint8:
      raise ValueError(f'holds {array.dtype} {array.shape}')
  except FileNotFoundError:
    pass
  except (ValueError, KeyError, TypeError, EOFError, OSError) as error:
    logging.warning(
      '%s is damaged (%s): decoding the images again', array_path, error
    )
  else:
    return Decoded(
      array,
      tuple(map(tuple, record['skipped'])),
      record['held_out'],
      record_path,
    )

  needed = count * int(np.prod(shape)) + 4096
  try:
    base.parent.mkdir(parents=True, exist_ok=True)
    _tidy(base.parent, place, keep=base.name)
    free = shutil.disk_usage(base.parent).free
    if free < needed:
      raise OSError(f'{free} bytes free')
    record = {
      'source': source,
      'from': where,
      'resolution': resolution,
      'fit': fit,
      'crop': crop,
    }
    with files.atomic_path(array_path) as part, open(part, 'wb') as file:
      record |= _write(file, source, read, shape, count, images(), held_out)
    # Last, because the record is what declares the array finished.
    files.atomic_write(record_path, json.dumps(record, indent=1))
  except OSError as error:
    raise OSError(
      f'{source}: cannot write the {needed} bytes of its decoded '
      f'images to {base.parent} ({error.strerror or error}); free some '
      f'space, or set {_VARIABLE} to a folder with room'
    ) from error
  return Decoded(
    np.load(array_path, mmap_mode='r'),
    tuple(map(tuple, record['skipped'])),
    record['held_out'],
    record_path,
  )


def _digest(value: Any) -> str:
  return files.sha256(json.dumps(value))[:16]


def _tidy(folder: pathlib.Path, place: str, *, keep: str) -> None:
  """Removes what an array of this place supersedes, and old leftovers."""
  for path in folder.glob(f'{place}-*'):
    try:
      if path.suffix == files.UNFINISHED:
        obsolete = time.time() - path.stat().st_mtime > _ABANDONED_SECONDS
      else:
        obsolete = path.stem != keep
      if obsolete:
        path.unlink()
    # Another process was quicker, finishing or removing it.
    except FileNotFoundError:
      pass


def _write(
  file: Any,
  source: str,
  read: Read,
  shape: tuple[int, ...],
  count: int,
  images: Iterable[tuple[str, Any]],
  held_out: Callable[[str], bool],
) -> Mapping[str, Any]:
  """Writes the decoded images as .npy; returns what the record says of them.

  By plain writes: a memory map on a full disk ends the process by SIGBUS
  instead of raising an error.
  """
  header = {'descr': '|u1', 'fortran_order': False, 'shape': (count, *shape)}
  np.lib.format.write_array_header_1_0(file, header)
  start = file.tell()
  written = tests = 0
  skipped = []

  def decode(item: tuple[str, Any]) -> tuple[str, np.ndarray | Exception]:
    name, encoded = item
    try:
      return name, read(encoded)
    except (ValueError, OSError) as error:
      return name, error

  workers = min(8, os.cpu_count() or 1)
  images = iter(images)
  with (
    concurrent.futures.ThreadPoolExecutor(workers) as pool,
    tqdm.tqdm(
      total=count, desc=f'reading {source}', delay=1, unit='image'
    ) as progress,
  ):
    # By the handful, so that no more than that waits in memory.
    while handful := list(itertools.islice(images, 32 * workers)):
      for name, result in pool.map(decode, handful):
        progress.update()
        if isinstance(result, Exception):
          skipped.append((name, getattr(result, 'reason', str(result))))
          continue
        file.write(result.tobytes())
        written += 1
        tests += held_out(name)
  # numpy pads the header so that the first dimension can be set afterwards.
  file.seek(0)
  np.lib.format.write_array_header_1_0(
    file, header | {'shape': (written, *shape)}
  )
  assert file.tell() == start
  return {'count': written, 'held_out': tests, 'skipped': skipped}
