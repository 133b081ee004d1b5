"""A bundle's folder: built aside, described by its manifest, moved in place."""

import contextlib
import json
import os
import pathlib
import shutil
import uuid
from collections.abc import Iterator, Mapping
from typing import Any

import tensorflow as tf

import tf_twingan
from export import contexts
from tf_twingan import files, framing
from tf_twingan.inference import photo_alignment
from tf_twingan.inference.exported import bundle_manifest
from tf_twingan.runs import recorded_framing

_CARD, _README = 'MODEL_CARD.md', 'README.md'


def manifest(
  context: contexts.Context,
  golden: Mapping[str, str],
  entries: Mapping[str, Any],
  failed: Mapping[str, Any],
) -> dict[str, Any]:
  """The manifest of a bundle.

  Args:
    context: directions of the bundle.
    golden: the golden images, {'input': file, 'output': file}.
    entries: {file: its entry}.
    failed: {format: its figures and its gate}, of formats that are left out.
  """
  translator, about = context.translator, context.about
  alignments = {
    domain: options.model_dump(mode='json')
    for domain, options in photo_alignment.recorded(translator).items()
  }
  framings = {
    domain: recorded_framing.to_json(frame)
    for domain, frame in translator.framings.items()
    if frame != framing.Framing()
  }
  return dict(
    name=context.name,
    **context.manifest_head(),
    resolution=context.resolution,
    weights=context.networks[context.directions[0]].weights,
    version=int(about.version),
    author=about.author,
    licence=about.licence,
    model=dict(
      origin=translator.origin,
      fingerprint=translator.fingerprint,
      images_seen=translator.images_seen,
    ),
    made_with={
      'tf_twingan': tf_twingan.__version__,
      'tensorflow': tf.__version__,
    },
    golden=golden,
    files=entries,
    failed=failed,
    **({'framing': framings} if framings else {}),
    **({'alignment': alignments} if alignments else {}),
  )


def write_texts(
  folder: pathlib.Path, manifest: Mapping[str, Any], card: str, readme: str
) -> None:
  """Writes the manifest, the model card and the README."""
  for name, text in {
    bundle_manifest.MANIFEST: json.dumps(manifest, indent=1) + '\n',
    _CARD: card,
    _README: readme,
  }.items():
    (folder / name).write_text(text, encoding='utf-8')


@contextlib.contextmanager
def replacing(target: pathlib.Path, name: str) -> Iterator[pathlib.Path]:
  """Gives a folder to build a bundle in, which then replaces the old one.

  Nothing is moved if the block raises.

  Args:
    target: folder of the bundle.
    name: name of the bundle.

  Raises:
    ValueError: the target holds a bundle of another name, or one whose
      manifest names files outside of it, or is no bundle and holds files of the
      names of a bundle's.
  """
  old = {}
  if (target / bundle_manifest.MANIFEST).is_file():
    old = bundle_manifest.read_manifest(target)
    if old['name'] != name:
      raise ValueError(
        f'{target} holds {old["name"]}; choose another --output for {name}.'
      )
    # Before the work rather than after it.
    list(_files_of(target, old))
  else:
    for file in (_README, _CARD, 'golden', 'serving', 'web'):
      if os.path.lexists(target / file):
        raise ValueError(
          f'{target} is no bundle and holds {file}, which would be replaced; '
          'choose another --output.'
        )
  aside = target.with_name(f'.{target.name}.{uuid.uuid4().hex}.part')
  try:
    aside.mkdir(parents=True)
    yield aside
    files.sync(aside)
    _move(aside, target, old)
  finally:
    shutil.rmtree(aside, ignore_errors=True)


def _files_of(
  target: pathlib.Path, old: Mapping[str, Any]
) -> Iterator[pathlib.Path]:
  """The files that a manifest names, but those of SavedModels."""
  for name, entry in old.get('files', {}).items():
    location = bundle_manifest.file_path(target, name)
    # What else a user put beside the files of a page stays.
    locations = [
      bundle_manifest.file_path(location, file)
      for file in entry.get('contents', {})
    ]
    if entry['format'] != 'saved_model':
      locations.append(location)
    # A folder is a version of a SavedModel, whatever its entry says.
    yield from (path for path in locations if not path.is_dir())


def _move(
  aside: pathlib.Path, target: pathlib.Path, old: Mapping[str, Any]
) -> None:
  """Replaces old files by new ones, the manifest last; older SavedModels stay.

  Whoever follows the manifest, as a server does, finds all that it names.
  """
  for location in _files_of(target, old):
    location.unlink(missing_ok=True)
  for path in aside.glob('saved_model/*'):
    (target / 'saved_model').mkdir(parents=True, exist_ok=True)
    path.rename(target / 'saved_model' / path.name)
  paths = [p for p in aside.rglob('*') if p.is_file()]
  manifest_path = aside / bundle_manifest.MANIFEST
  for path in sorted(paths, key=lambda p: (p == manifest_path, p)):
    place = target / path.relative_to(aside)
    place.parent.mkdir(parents=True, exist_ok=True)
    os.replace(path, place)
