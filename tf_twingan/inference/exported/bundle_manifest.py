"""Reads manifest.json, the description that an export writes of its bundle.

A bundle of one direction has a `source` and a `target`, one of all directions
has `domains`.
"""

import itertools
import os
import pathlib
from collections.abc import Mapping
from typing import Any

from tf_twingan import framing, json_files, plain_names
from tf_twingan.data.prepare import options
from tf_twingan.runs import recorded_framing

MANIFEST = 'manifest.json'


class _File(json_files.Model):
  format: str
  contents: dict[json_files.PathInside, Any] = {}  # Of a folder.


class _Model(json_files.Model):
  origin: str | None = None
  fingerprint: str | None = None
  images_seen: json_files.Count | None = None


class _Manifest(json_files.Model):
  """What readers rely on; a bundle says more."""

  name: str | None = None
  files: dict[json_files.PathInside, _File] | None = None
  source: json_files.PlainName | None = None
  target: json_files.PlainName | None = None
  domains: list[json_files.PlainName] | None = None
  model: _Model = _Model()
  golden: dict[str, json_files.PathInside] = {}
  framing: dict[str, recorded_framing.Record] = {}
  alignment: dict[str, options.Options] = {}


def direction(source: str, to: str) -> str:
  """The name of translating one domain to another, such as photo2anime."""
  return f'{source}2{to}'


def directions(manifest: Mapping[str, Any]) -> list[tuple[str, str]]:
  """(source, target) of each direction that a bundle's files translate.

  Those of all directions include each domain to itself, and their sources are
  in the order of the domains' numbers.
  """
  if manifest.get('domains'):
    return list(itertools.product(manifest['domains'], repeat=2))
  return [(manifest['source'], manifest['target'])]


def framings(manifest: Mapping[str, Any]) -> dict[str, framing.Framing]:
  """{direction: how the images of its source become squares}.

  Directions whose images are not framed in any other way than by taking the
  largest square in the middle are missing.
  """
  by_domain = framing_of_domains(manifest)
  return {
    direction(source, to): by_domain[source]
    for source, to in directions(manifest)
    if source in by_domain
  }


def framing_of_domains(
  manifest: Mapping[str, Any],
) -> dict[str, framing.Framing]:
  """{domain: how its images become squares}, of domains that say it."""
  return {
    domain: recorded_framing.Record(**values).to_framing()
    for domain, values in manifest.get('framing', {}).items()
  }


def alignment_of_domains(
  manifest: Mapping[str, Any],
) -> dict[str, options.Options]:
  """{domain: how faces lie in its images}, see `photo_alignment.recorded`."""
  return {
    domain: options.Options(**values)
    for domain, values in manifest.get('alignment', {}).items()
  }


def read_manifest(folder: str | os.PathLike) -> dict[str, Any]:
  """Reads a bundle's manifest.

  Raises:
    FileNotFoundError: the folder holds none.
    ValueError: it is another program's, or damaged, or names something
      outside of the folder.
  """
  path = pathlib.Path(folder, MANIFEST)
  if not path.is_file():
    raise FileNotFoundError(
      f'{folder} is no bundle: it holds no {MANIFEST}. Give the folder of one '
      'direction, OUTPUT/<to>.'
    )
  manifest = json_files.read(path, _Manifest, remedy='export again')
  domains = manifest.domains or (manifest.source and manifest.target)
  if manifest.name is None or manifest.files is None or not domains:
    raise ValueError(
      f'{path} is not of a bundle; give the folder of one direction that '
      '`python -m export` wrote, OUTPUT/<to>.'
    )
  return manifest.model_dump(exclude_unset=True)


def file_path(folder: str | os.PathLike, name: str) -> pathlib.Path:
  """The location of a file that a bundle's manifest names.

  Raises:
    ValueError: it is outside of the bundle's folder.
  """
  try:
    return plain_names.inside(folder, name)
  except ValueError as error:
    raise ValueError(
      f'{pathlib.Path(folder, MANIFEST)} names a file outside of the bundle: '
      f'{error}; export again.'
    ) from None
