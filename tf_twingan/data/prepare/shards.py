"""Shards: 64 photos prepared and written as one file, wholly or not at all.

A job is the sum of its shards. A shard follows from the photos and the options
alone, bit for bit, so it may be prepared by any process, and one that is there
is never prepared again. It is a zip file of the prepared images as PNGs, whose
checksums zip has itself, and of a record of them and of what was left out.
"""

import errno
import functools
import io
import json
import os
import pathlib
import zipfile
from collections.abc import Callable, Iterable, Sequence
from typing import NamedTuple

import numpy as np
from PIL import Image

from tf_twingan import errors, faces, files, image_io, json_files
from tf_twingan.data.prepare import inputs, near_duplicates, preparer
from tf_twingan.data.prepare import options as options_lib
from tf_twingan.data.prepare.rejections import Rejection

PHOTOS = 64  # Photos of a shard.
_RECORD = 'shard.json'
_REMEDY = 'delete it and give the same command again'

Read = Callable[[str], np.ndarray]


class Spec(NamedTuple):
  """What a shard follows from, beside the names of its photos.

  Attributes:
    dataset: the dataset's string, in a form that means the same everywhere.
    options: what decides the pixels.
    folder: the folder of the shards.
  """

  dataset: str
  options: options_lib.Options
  folder: str


class ImageRecord(json_files.Model):
  """What is kept of a prepared image beside its pixels.

  Attributes:
    photo: name of the photo that it was cut from.
    face: which of the photo's images it is, from 0 on.
    fingerprint: see `near_duplicates.fingerprint`.
    photo_fingerprint: the same of the whole photo. Where a detector sees eyes
      a little elsewhere in a copy of a photo, the aligned faces differ.
    photo_pixels: how many pixels of the photo it shows.
    box: left, top, right and bottom of the face in the photo; None with
      faces='none'.
    score: how sure the detector is of the face.
    number: place of the face among all that were found in the photo, from 0 on,
      those that were left out, too.
  """

  photo: str
  face: json_files.Count
  fingerprint: str
  photo_fingerprint: str
  photo_pixels: float
  box: list[float] | None
  score: float | None
  number: json_files.Count = 0


class _RejectionRecord(json_files.Model):
  file: str
  reason: str
  score: float | None
  repeats: str
  detail: str


class _ShardRecord(json_files.Model):
  photos: json_files.Count
  images: list[ImageRecord]
  rejections: list[_RejectionRecord]


class PhotoResult(NamedTuple):
  """What one photo gives: images as PNGs, their records, and rejections."""

  pngs: list[bytes]
  images: list[ImageRecord]
  rejections: list[Rejection]


class Shard(NamedTuple):
  """What the record of a finished shard says; its images stay on the disk."""

  photos: int
  images: list[ImageRecord]
  rejections: list[Rejection]


def split(names: Sequence[str]) -> list[Sequence[str]]:
  """The names of each shard's photos."""
  return [names[i : i + PHOTOS] for i in range(0, len(names), PHOTOS)]


def path_of(folder: str | os.PathLike, number: int) -> pathlib.Path:
  """The file of a shard."""
  return pathlib.Path(folder, f'shard-{number:06}.zip')


def prepare_shard(
  spec: Spec, number: int, names: Sequence[str]
) -> pathlib.Path:
  """Prepares and writes a shard, unless it is there and whole.

  Args:
    spec: what it follows from.
    number: its place among the shards.
    names: names of its photos.

  Raises:
    OSError: it cannot be written.
    ValueError: the dataset cannot be opened.
  """
  path = path_of(spec.folder, number)
  if not is_whole(path):
    prepare = _preparer(spec.options)
    read = _reader(spec.dataset)
    write(path, [prepare_photo(prepare, read, name) for name in names])
  return path


# For processes that are given one shard after the other.
@functools.lru_cache(maxsize=2)
def _preparer(options: options_lib.Options) -> preparer.Preparer:
  # Of a command line, and not of a file.
  faces.load(options.faces)
  return preparer.Preparer(options)


@functools.lru_cache(maxsize=2)
def _reader(dataset: str) -> Read:
  return inputs.reader(dataset)


def prepare_photo(
  prepare: preparer.Preparer, read: Read, name: str, *, encode: bool = True
) -> PhotoResult:
  """Reads and prepares one photo; safe in several threads at once.

  Args:
    prepare: what makes images of it.
    read: reads the photo of a name as uint8 RGB [height, width, 3].
    name: its name.
    encode: whether the PNGs are wanted; else they are empty.
  """
  try:
    photo = read(name)
  except image_io.UnreadableImage as error:
    rejection = Rejection(name, 'unreadable', detail=error.reason)
    return PhotoResult([], [], [rejection])
  except OSError as error:
    rejection = Rejection(name, 'unreadable', detail=errors.reason(error))
    return PhotoResult([], [], [rejection])
  prepared = prepare.prepare(photo, name)
  return PhotoResult(
    [_to_png(one.image) if encode else b'' for one in prepared.images],
    _records(photo, name, prepared.images),
    prepared.rejections,
  )


def _records(
  photo: np.ndarray, name: str, images: Sequence[preparer.PreparedImage]
) -> list[ImageRecord]:
  """The records of a photo's images."""
  if not images:
    return []
  whole = near_duplicates.fingerprint(photo)
  records = []
  for index, prepared in enumerate(images):
    image, face = prepared.image, prepared.face
    area = abs(float(np.linalg.det(prepared.matrix[:, :2])))
    record = ImageRecord(
      photo=name,
      face=index,
      fingerprint=near_duplicates.fingerprint(image),
      photo_fingerprint=whole,
      photo_pixels=len(image) ** 2 / area,
      box=None if face is None else [float(v) for v in face.box],
      score=None if face is None else float(face.score),
      number=prepared.number,
    )
    records.append(record)
  return records


def _to_png(image: np.ndarray) -> bytes:
  stream = io.BytesIO()
  Image.fromarray(image).save(stream, format='PNG')
  return stream.getvalue()


def write(path: pathlib.Path, results: Iterable[PhotoResult]) -> None:
  """Writes a shard, the same bytes for the same results.

  Args:
    path: its file.
    results: what each of its photos gave, in order.

  Raises:
    OSError: it cannot be written.
  """
  results = list(results)
  images = [image for result in results for image in result.images]
  rejections = [one for result in results for one in result.rejections]
  record = {
    'photos': len(results),
    'images': [image.model_dump() for image in images],
    'rejections': [rejection._asdict() for rejection in rejections],
  }
  pngs = (png for result in results for png in result.pngs)
  with (
    files.atomic_path(path) as unfinished,
    zipfile.ZipFile(unfinished, 'w') as archive,
  ):
    for number, png in enumerate(pngs):
      archive.writestr(_member(_image_name(number)), png)
    archive.writestr(_member(_RECORD), json.dumps(record))


def _image_name(number: int) -> str:
  return f'{number:04}.png'


def _member(name: str) -> zipfile.ZipInfo:
  # Of its own it would hold the time and the system.
  member = zipfile.ZipInfo(name)
  member.create_system = 3
  return member


def is_whole(path: pathlib.Path) -> bool:
  """Whether a shard is there and every byte of it as it was written."""
  try:
    with zipfile.ZipFile(path) as archive:
      return archive.testzip() is None and _RECORD in archive.namelist()
  # All kinds, where the directory of a zip file is damaged: zlib.error,
  # NotImplementedError, RuntimeError, EOFError and others.
  except Exception:
    return False


def read_record(path: pathlib.Path) -> Shard:
  """Reads what a shard holds, without its images.

  Raises:
    OSError: it cannot be read.
    ValueError: it is damaged; names it.
  """
  content = _read(path, [_RECORD])[0]
  record = json_files.parse(
    content, _ShardRecord, name=os.fspath(path), remedy=_REMEDY
  )
  return Shard(
    record.photos,
    record.images,
    [Rejection(**r.model_dump()) for r in record.rejections],
  )


def read_images(path: pathlib.Path, numbers: Sequence[int]) -> list[bytes]:
  """Reads some of a shard's images as PNGs.

  Args:
    path: its file.
    numbers: their places among the images of the record.

  Raises:
    OSError: it cannot be read.
    ValueError: it is damaged; names it.
  """
  return _read(path, [_image_name(number) for number in numbers])


def _read(path: pathlib.Path, members: Sequence[str]) -> list[bytes]:
  try:
    with zipfile.ZipFile(path) as archive:
      return [archive.read(member) for member in members]
  except Exception as error:
    # The disk fails, or a damaged directory leads to before the beginning.
    if isinstance(error, OSError) and error.errno != errno.EINVAL:
      raise
    # All kinds, see `is_whole`.
    raise ValueError(
      f'{errors.printable(path)} is damaged ({errors.first_line(error)}); '
      f'{_REMEDY}'
    ) from None
