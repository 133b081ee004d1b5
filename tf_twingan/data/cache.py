"""A cache of decoded images: one memory mapped array for each dataset.

An array is named by where its images come from and how they were made square,
then by a digest of what was there, so one that is out of date is never read. A
finished array has a record (.json) beside it.
"""

import contextlib
import json
import os
import pathlib
import time
from collections.abc import Callable, Iterable, Iterator
from typing import Annotated, Any, NamedTuple

import numpy as np
import pydantic
from absl import logging

from tf_twingan import errors, files, home_folder, json_files
from tf_twingan.data import parallel

_VARIABLE = 'TF_TWINGAN_CACHE'
# An unfinished file that no one has written to for this long is a leftover.
_ABANDONED_SECONDS = 3600
# So often images are decoded again that another program removed meanwhile.
_ATTEMPTS = 5

Read = Callable[[Any], np.ndarray]


class _Record(json_files.Model):
  """What is read back of the file beside an array.

  Attributes:
    count: number of images in the array.
    held_out: number of those of the test split.
    skipped: [name, reason] of each image that could not be read.
  """

  count: json_files.Count
  held_out: json_files.Count
  skipped: list[
    Annotated[list[str], pydantic.Field(min_length=2, max_length=2)]
  ]


class DecodedImages(NamedTuple):
  """The decoded images of a dataset.

  Attributes:
    images: uint8 RGB [n, resolution, resolution, 3], read-only, memory mapped.
    skipped: (name, reason) of each image that could not be read.
    held_out: number of the images that belong to the test split.
    record: path of the file that lists all this.
  """

  images: np.ndarray
  skipped: tuple[tuple[str, str], ...]
  held_out: int
  record: pathlib.Path


def folder() -> pathlib.Path:
  """The cache's folder: `$TF_TWINGAN_CACHE` or `~/.cache/tf_twingan`.

  Raises:
    OSError: nobody knows of a home folder, as in containers that run under a
      number without an account; names the variable.
  """
  path = os.environ.get(_VARIABLE) or '~/.cache/tf_twingan'
  try:
    return pathlib.Path(home_folder.expand(path))
  except ValueError as error:
    raise OSError(
      'there is no folder to keep decoded images in: '
      f'{error.args[0].split("; ")[0]}; set {_VARIABLE} to a folder that can '
      'be written'
    ) from error


@contextlib.contextmanager
def explain_errors(what: str, needed: int) -> Iterator[None]:
  """Says where the cache was to be written, and what to do about it.

  Args:
    what: what the body writes, for the message.
    needed: its bytes.

  Raises:
    OSError: the body raised one; names the folder and the variable.
  """
  there = folder()
  try:
    yield
  except OSError as error:
    raise OSError(
      f'cannot write the {needed} bytes of {what} to '
      f'{there} ({errors.reason(error)}); free some space, or set {_VARIABLE} '
      'to a folder with room'
    ) from error


def check_room(needed: int) -> None:
  """Makes the cache's folder and raises OSError if its disk is too full.

  A disk that does not say how much is free may have room.

  Args:
    needed: number of bytes that are about to be written.
  """
  there = folder()
  there.mkdir(parents=True, exist_ok=True)
  free = files.free_bytes(there)
  if free is not None and free < needed:
    raise OSError(f'{free} bytes free')


def decode(
  dataset: str,
  *,
  read: Read,
  resolution: int,
  fit: str,
  crop: float,
  location: str,
  content: Any,
  count: int,
  images: Callable[[], Iterable[tuple[str, Any]]],
  is_held_out: Callable[[str], bool] = lambda name: False,
) -> DecodedImages:
  """Returns the images of a dataset from the cache, decoded first if need be.

  Args:
    dataset: the dataset's string, for messages and the record.
    read: makes uint8 [resolution, resolution, 3] of a file or bytes; raises
      ValueError or OSError for an image to skip.
    resolution: side of the decoded images in pixels.
    fit: how `read` makes images square.
    crop: central fraction of an image's sides that `read` keeps.
    location: names the place where the images come from.
    content: any value that JSON can hold; changes when the images there do.
    count: number of images there.
    images: yields (name, file or bytes) of each image.
    is_held_out: whether the image of a name belongs to the test split.

  Raises:
    OSError: the cache cannot be written; names the folder and the variable.
  """
  prefix = _digest([location, resolution, fit, crop])
  base = folder() / f'{prefix}-{_digest(content)}'
  array_path, record_path = base.with_suffix('.npy'), base.with_suffix('.json')
  shape = (resolution, resolution, 3)
  record: dict[str, Any] = {
    'source': dataset,
    'from': location,
    'resolution': resolution,
    'fit': fit,
    'crop': crop,
  }
  needed = count * int(np.prod(shape)) + 4096
  # Another program that finds other images there removes what is out of date
  # to it, at any time.
  for _ in range(_ATTEMPTS):
    stored = _open(array_path, record_path, shape)
    if stored is not None:
      return stored
    with explain_errors(f'the decoded images of {dataset}', needed):
      # Before the room is counted, as it makes some.
      _tidy(base.parent, prefix, keep=base.name)
      check_room(needed)
      with files.atomic_path(array_path) as part, open(part, 'wb') as file:
        written = _write(
          file, dataset, read, shape, count, images(), is_held_out
        )
      try:
        # Before its record, with which another program may remove it.
        array = np.load(array_path, mmap_mode='r')
      except FileNotFoundError:
        continue
      # Last, because the record is what declares the array finished.
      files.atomic_write(record_path, json.dumps(record | written, indent=1))
    skipped = tuple(map(tuple, written['skipped']))
    return DecodedImages(array, skipped, written['held_out'], record_path)
  raise OSError(
    f'{dataset}: other programs removed its decoded images from {base.parent} '
    f'{_ATTEMPTS} times, as its images change all the time; wait until they '
    f'are whole, or set {_VARIABLE} to a folder of its own'
  )


def _open(
  array_path: pathlib.Path, record_path: pathlib.Path, shape: tuple[int, ...]
) -> DecodedImages | None:
  """The decoded images that are there; None if there are none, or damaged."""
  try:
    stored = json_files.read(record_path, _Record, remedy='delete it')
    array = np.load(array_path, mmap_mode='r')
    if array.shape != (stored.count, *shape) or array.dtype != np.uint8:
      raise ValueError(f'holds {array.dtype} {array.shape}')
  except (FileNotFoundError, NotADirectoryError):
    return None
  except (ValueError, EOFError, OSError) as error:
    logging.warning(
      '%s is damaged (%s): decoding the images again', array_path, error
    )
    return None
  skipped = tuple((name, why) for name, why in stored.skipped)
  return DecodedImages(array, skipped, stored.held_out, record_path)


def _digest(value: Any) -> str:
  return files.sha256(json.dumps(value))[:16]


def _tidy(folder: pathlib.Path, prefix: str, *, keep: str) -> None:
  """Removes arrays that are out of date, and leftovers of killed programs.

  What cannot be removed stays: another program may be quicker, use it on a
  system that keeps what is in use, or be of another user.
  """
  for record in folder.glob(f'{prefix}-*.json'):
    if record.stem != keep:
      _remove(record.with_suffix('.npy'))
      _remove(record)
  # An array without a record may be one that a program is about to finish.
  for path in folder.glob(f'{prefix}-*'):
    with contextlib.suppress(OSError):
      age = time.time() - path.stat().st_mtime
      if age > _ABANDONED_SECONDS and path.stem != keep:
        _remove(path)


def _remove(path: pathlib.Path) -> None:
  with contextlib.suppress(OSError):
    path.unlink()


def _write(
  file: Any,
  dataset: str,
  read: Read,
  shape: tuple[int, ...],
  count: int,
  images: Iterable[tuple[str, Any]],
  is_held_out: Callable[[str], bool],
) -> dict[str, Any]:
  """Writes the decoded images as .npy; returns their part of the record.

  By plain writes: a memory map on a full disk ends the process by SIGBUS
  instead of raising an error.
  """
  header = {'descr': '|u1', 'fortran_order': False, 'shape': (count, *shape)}
  np.lib.format.write_array_header_1_0(file, header)
  start = file.tell()
  written = held_out = 0
  skipped = []

  results = parallel.results(
    read, images, count=count, description=f'reading {dataset}', chunk=32
  )
  # Its threads end with this block, whatever a full disk raises in it.
  with contextlib.closing(results):
    for name, result in results:
      if isinstance(result, Exception):
        skipped.append((name, getattr(result, 'reason', str(result))))
        continue
      file.write(result.tobytes())
      written += 1
      held_out += is_held_out(name)
  # numpy pads the header so that the first dimension can be set afterwards.
  file.seek(0)
  np.lib.format.write_array_header_1_0(
    file, header | {'shape': (written, *shape)}
  )
  assert file.tell() == start
  return {'count': written, 'held_out': held_out, 'skipped': skipped}
