"""Checksums of what a bundle holds: computed by an export, checked by readers.

That of a SavedModel, which is a folder, is over the names and the contents of
its files, in order.
"""

import hashlib
import os
import pathlib
from collections.abc import Mapping
from typing import Any

from tf_twingan import files
from tf_twingan.inference.exported import bundle_manifest


def of_content(content: bytes) -> dict[str, Any]:
  """Size and checksum of a file, as in a manifest's entry."""
  return dict(bytes=len(content), sha256=files.sha256(content))


def of_folder(folder: pathlib.Path) -> dict[str, Any]:
  """Size and checksum over the files' names and contents, in order."""
  digest, size = hashlib.sha256(), 0
  for path in sorted(p for p in folder.rglob('*') if p.is_file()):
    content = path.read_bytes()
    digest.update(path.relative_to(folder).as_posix().encode())
    digest.update(hashlib.sha256(content).digest())
    size += len(content)
  return dict(bytes=size, sha256=digest.hexdigest())


def files_of(folder: str | os.PathLike, name: str) -> list[pathlib.Path]:
  """The files of an entry, in order: one, or all in a folder.

  Args:
    folder: the bundle.
    name: the entry's name in the manifest.

  Raises:
    FileNotFoundError: there is none.
    ValueError: it is outside of the bundle.
  """
  path = bundle_manifest.file_path(folder, name)
  if not path.is_dir():
    path.stat()
    return [path]
  return sorted(p for p in path.rglob('*') if p.is_file())


def check(
  folder: str | os.PathLike, name: str, entry: Mapping[str, Any]
) -> None:
  """Raises unless a file is the one that the manifest describes.

  Args:
    folder: the bundle.
    name: the entry's name in the manifest.
    entry: the entry.

  Raises:
    OSError: it cannot be read.
    ValueError: its size or its checksum is another one.
  """
  path = bundle_manifest.file_path(folder, name)
  found = of_folder(path) if path.is_dir() else of_content(path.read_bytes())
  said = {key: entry[key] for key in found if key in entry}
  if said != found:
    raise ValueError(
      f'{name} is not the one that {bundle_manifest.MANIFEST} describes: '
      f'{_described(found)} instead of {_described(said)}; copy or export it '
      'again.'
    )


def _described(values: Mapping[str, Any]) -> str:
  return (
    f'{values.get("bytes", 0):,} bytes with the checksum '
    f'{str(values.get("sha256", "none"))[:12]}'
  )
