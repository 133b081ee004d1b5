"""The versions of a bundle, checked by checksums and golden images."""

import pathlib
from collections.abc import Mapping
from typing import Any, NamedTuple

from tf_twingan import files, image_io
from tf_twingan.inference.exported import (
  bundle_checksums,
  bundle_manifest,
  bundle_translator,
)
from tf_twingan.metrics import fidelity
from tf_twingan.serving import models, versions

# How near the golden images have to be to the model's, dB: this much suffices,
# and so does a little less than the export measured.
_SUFFICIENT, _LOST_AT_MOST = 40.0, 6.0


class Key(NamedTuple):
  """What tells one state of a bundle from another.

  Attributes:
    version: the version in its manifest.
    folder: the folder, without links.
    manifest: checksum of its manifest.
    stamps: path, size and time of each file that is read.
  """

  version: int
  folder: str
  manifest: str
  stamps: tuple[tuple[str, int, int], ...]


class BundleSource:
  """The versions of a bundle's folder; a `versions.Source`.

  A version is what the manifest says: a SavedModel that it does not name is
  not served, as nothing says what should be in it. An export writes the next
  version into the folder; the folder may also be replaced as a whole, as by a
  link to another one.

  Attributes:
    name: name of the model.
  """

  def __init__(self, folder: str, name: str | None = None):
    """Names a bundle.

    Args:
      folder: the folder with its manifest.
      name: name of the model; by default that in the manifest.

    Raises:
      FileNotFoundError: it is no bundle.
      ValueError: its manifest is damaged.
    """
    self._folder = folder
    self.name: str = name or bundle_manifest.read_manifest(folder)['name']

  def newest(self) -> Key:
    """The bundle as it is now.

    Raises:
      OSError: a file is missing.
      ValueError: the manifest is damaged, or names nothing that translates.
    """
    folder = pathlib.Path(self._folder).resolve(strict=True)
    digest = files.sha256_of(folder / bundle_manifest.MANIFEST)
    manifest = bundle_manifest.read_manifest(folder)
    names = [_served_file(manifest), *manifest.get('golden', {}).values()]
    stamps = []
    for name in names:
      for path in bundle_checksums.files_of(folder, name):
        stat = path.stat()
        stamps.append((str(path), stat.st_size, stat.st_mtime_ns))
    version = manifest.get('version', 1)
    return Key(version, str(folder), digest, tuple(stamps))

  def load(self, key: Key) -> models.ServedModel:
    """Opens the bundle, unless a checksum or a golden image is wrong.

    Raises:
      InvalidVersion: it is; says which one.
      OSError: a file is missing.
      ValueError: a file is damaged.
    """
    manifest = bundle_manifest.read_manifest(key.folder)
    name = _served_file(manifest)
    try:
      bundle_checksums.check(key.folder, name, manifest['files'][name])
    except ValueError as error:
      raise versions.InvalidVersion(str(error)) from error
    path = bundle_manifest.file_path(key.folder, name)
    model = models.from_bundle(str(path), self.name)
    _check_golden(key.folder, manifest, manifest['files'][name], model)
    if self.newest() != key:
      raise versions.InvalidVersion('it was changed while it was loaded.')
    return model


def _served_file(manifest: Mapping[str, Any]) -> str:
  """The file of a bundle that is served.

  Raises:
    ValueError: there is none.
  """
  by_format = {
    entry['format']: name for name, entry in manifest['files'].items()
  }
  for kind in bundle_translator.FORMATS:
    if kind in by_format:
      return by_format[kind]
  raise ValueError(
    f'the bundle {manifest["name"]} holds nothing that can be served, only '
    f'{", ".join(by_format) or "a manifest"}; export again with '
    '--formats=saved_model.'
  )


def _check_golden(
  folder: str,
  manifest: Mapping[str, Any],
  entry: Mapping[str, Any],
  model: models.ServedModel,
) -> None:
  """Raises InvalidVersion unless the golden image comes out as it should."""
  golden = manifest.get('golden', {})
  if set(golden) != {'input', 'output'}:
    return
  image, expected = (
    image_io.read(bundle_manifest.file_path(folder, golden[end]))
    for end in ('input', 'output')
  )
  # Those of the first direction to another domain.
  source, to = next(
    (s, t) for s, t in bundle_manifest.directions(manifest) if s != t
  )
  try:
    result = model.translator.translate(image[None], to, source)
  except FloatingPointError as error:
    raise versions.InvalidVersion(
      'its golden image gives NaN or infinite values.'
    ) from error
  measured = entry.get('parity', {}).get('psnr')
  needed = _SUFFICIENT
  if measured is not None:
    needed = min(needed, measured - _LOST_AT_MOST)
  if result.shape[1:] != expected.shape:
    reached = 0.0
  else:
    (reached,) = fidelity.psnr(result, expected[None])
  if reached < needed:
    raise versions.InvalidVersion(
      f'{golden["input"]} does not come out as {golden["output"]}: '
      f'{reached:.1f} dB, and {needed:.1f} are needed.'
    )
