"""Writes a bundle: a model's files in each format, compared with the model.

  OUTPUT/<to>/<from>2<to>_<px>_<kind>.tflite     see `graph.tflite_conversion`
  OUTPUT/<to>/embed_<from>_<px>.tflite           for search
  OUTPUT/<to>/search_<from>2<to>_<px>.tflite     with an index
  OUTPUT/<to>/<from>2<to>_<px>.onnx
  OUTPUT/<to>/saved_model/<version>/             see `formats.saved_model`
  OUTPUT/<to>/serving/*.config                   for tensorflow_model_server
  OUTPUT/<to>/golden/{input,output}.png          to check an integration with
  OUTPUT/<to>/manifest.json, README.md, MODEL_CARD.md

With all directions, <to> and <from>2<to> are `all`, and golden/ holds an image
of each domain and its translation to each other domain.

A file is built, run on held-out images in every direction, and written if it
passes its format's gate; otherwise it is left out and named in the manifest.
The bundle is made aside and moved in place at the end.
"""

import os
import pathlib
import shutil
import tempfile
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import tqdm.auto

from export import contexts, directions, parity
from export.bundle_files import directory, golden
from export.formats import base, registry
from tf_twingan.inference.exported import bundle_manifest


class Failure(NamedTuple):
  """A format whose file did not pass its gate.

  Attributes:
    format: name of the format.
    figures: figures of the direction that failed first.
    gate: the conditions in words.
  """

  format: str
  figures: dict[str, Any]
  gate: str


def export(
  context: contexts.Context, formats: Sequence[str], output: str | os.PathLike
) -> tuple[dict[str, Any], list[Failure]]:
  """Exports one direction, or all.

  Args:
    context: directions, images and texts.
    formats: names in `formats.registry`.
    output: folder of the bundle's folder.

  Returns:
    The manifest, and the formats that failed their gate.

  Raises:
    extras.MissingPackage: a format needs a package that is not installed.
    OSError: something could not be written; the old bundle is untouched.
    ValueError: a format is unknown or lacks its index, or the folder holds
      another bundle, or the version of the SavedModel.
  """
  of_all = isinstance(context, directions.AllDirections)
  registry.check(formats, registry.names(all_directions=of_all))
  chosen = [registry.load(name) for name in formats]
  target = pathlib.Path(output, context.folder_name)
  with directory.replacing(target, context.name) as folder:
    for file_format in chosen:
      file_format.check(context, target)
    entries, failures = {}, []
    with tqdm.auto.tqdm(chosen, unit=' formats') as bar:
      for file_format in bar:
        bar.set_description(f'exporting {context.name}: {file_format.name}')
        failure = _export_format(file_format, context, folder, entries)
        if failure:
          failures.append(failure)
    manifest = directory.manifest(
      context,
      golden.write(folder, context),
      entries,
      failures_to_json(failures),
    )
    directory.write_texts(
      folder, manifest, context.about.card, context.readme(manifest)
    )
  return manifest, failures


def _export_format(
  file_format: base.Format,
  context: contexts.Context,
  folder: pathlib.Path,
  entries: dict[str, Any],
) -> Failure | None:
  """Builds and compares a file; writes it and its entry if it passes."""
  with tempfile.TemporaryDirectory(dir=folder) as scratch:
    built = file_format.build(context, pathlib.Path(scratch))
    loaded = file_format.load(built)
    parities = {
      direction: file_format.compare(loaded, context, direction)
      for direction in context.directions
    }
    failure = _first_failure(file_format, parities)
    if failure:
      return failure
    name = file_format.file_name(context)
    entries[name] = {
      **file_format.manifest_entry(built, loaded, context),
      **_parity_entries(file_format, parities),
    }
    _write(built, folder / name)
  for name, text in file_format.more_files(context).items():
    _write(text.encode(), folder / name)
  return None


def _first_failure(
  file_format: base.Format, parities: Mapping[contexts.Direction, parity.Parity]
) -> Failure | None:
  """The failure of the first direction that does not pass the gate."""
  gate = parity.GATES[file_format.name]
  for direction, found in parities.items():
    failing = gate.failures(found)
    if failing:
      figures = found.to_json() | {n: getattr(found, n) for n in failing}
      if len(parities) > 1:
        name = bundle_manifest.direction(*direction)
        figures = dict(direction=name, **figures)
      return Failure(file_format.name, figures, str(gate))
  return None


def _parity_entries(
  file_format: base.Format, parities: Mapping[contexts.Direction, parity.Parity]
) -> dict[str, Any]:
  """The manifest's entries of a file's parity: the worst, and by direction."""
  if len(parities) == 1:
    (found,) = parities.values()
    return dict(parity=found.to_json(), **file_format.parity_notes(found))
  return dict(
    parity=parity.worst(list(parities.values())).to_json(),
    directions={
      bundle_manifest.direction(*direction): found.to_json()
      for direction, found in parities.items()
    },
  )


def _write(built: bytes | pathlib.Path, path: pathlib.Path) -> None:
  path.parent.mkdir(parents=True, exist_ok=True)
  if isinstance(built, bytes):
    path.write_bytes(built)
  else:
    shutil.move(built, path)


def failures_to_json(failures: Sequence[Failure]) -> dict[str, Any]:
  """The manifest's entry of the formats that failed."""
  return {f.format: dict(reached=f.figures, gate=f.gate) for f in failures}
