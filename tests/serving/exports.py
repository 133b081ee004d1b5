"""Bundles of one name in two versions, small ones whose results differ."""

import json
import pathlib
import shutil

import numpy as np

import tf_twingan
from export import exporter
from tests import shared_artifacts
from tests.export import untrained

NAME = 'photo2anime'
IMAGES = untrained.images(count=6)


def translator(seed: int) -> tf_twingan.Translator:
  """The model of which version `seed` is an export."""
  return tf_twingan.Translator(str(shared_artifacts.run(seed=seed)))


def expected(seed: int) -> np.ndarray:
  """The translations of `IMAGES` by that version."""
  return translator(seed).translate(IMAGES, 'anime', 'photo')


def export(
  folder: pathlib.Path, version: int, formats=('saved_model', 'float32')
) -> None:
  """Exports a version to a bundle, as `python -m export` does.

  Args:
    folder: the bundle, which is called anime.
    version: 1 or 2; each is of another model.
    formats: the formats.
  """
  context = untrained.one_direction(
    translator(version), version=str(version), name=NAME
  )
  _, failures = exporter.export(context, formats, folder.parent)
  assert not failures, failures


def bundle(version: int) -> pathlib.Path:
  """Returns a copy of a bundle with one version, to be changed."""
  artifact = shared_artifacts.build_once(
    f'served_bundle_{version}', lambda path: export(path / 'anime', version)
  )
  return shared_artifacts.copy_of(artifact) / 'anime'


def add_damaged(folder: pathlib.Path, version: int) -> pathlib.Path:
  """Adds a version whose weights are damaged.

  Args:
    folder: a bundle.
    version: number of the new version.

  Returns:
    The file that is damaged; its bytes are those of the newest version, but
    for one.
  """
  manifest = json.loads((folder / 'manifest.json').read_text())
  newest = f'saved_model/{manifest["version"]}'
  shutil.copytree(folder / newest, folder / f'saved_model/{version}')
  (path,) = (folder / f'saved_model/{version}').glob('variables/*.data-*')
  content = bytearray(path.read_bytes())
  content[len(content) // 2] ^= 0xFF
  path.write_bytes(content)
  manifest['version'] = version
  manifest['files'][f'saved_model/{version}'] = manifest['files'].pop(newest)
  replace_manifest(folder, manifest)
  return path


def replace_manifest(folder: pathlib.Path, manifest) -> None:
  """Writes another manifest, whole."""
  part = folder / 'manifest.part'
  part.write_text(json.dumps(manifest))
  part.replace(folder / 'manifest.json')
