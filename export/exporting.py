"""Exports a Translator: what the program and notebooks call."""

import os
import pathlib
import sys
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from export import checks, exporter, inputs
from export.formats import registry
from tf_twingan import cli, files, home_folder, inference


class Exported(NamedTuple):
  """A bundle that was written.

  Attributes:
    folder: the bundle, OUTPUT/<to>.
    manifest: the content of its manifest.json.
    failures: the formats that failed their gate, and are not in it.
  """

  folder: pathlib.Path
  manifest: Mapping[str, Any]
  failures: Sequence[exporter.Failure]


@cli.escaped_output()
@cli.untouched_logging()
def export(
  translator: inference.Translator,
  *,
  to: str,
  output: str | os.PathLike,
  source: str | None = None,
  formats: Sequence[str] | None = None,
  datasets: Mapping[str, str] | None = None,
  run_datasets: bool = False,
  index: str | os.PathLike | None = None,
  qdrant: str | None = None,
  by: str | None = None,
  version: int | None = None,
  author: str = '',
  licence: str = '',
  litert_js: str | os.PathLike | None = None,
) -> Exported:
  """Exports a model, and prints a table of the files.

  Args:
    translator: the model.
    to: the domain to translate to, or 'all'.
    output: folder of the bundle's folder.
    source: the domain of the images, if not the other one of two.
    formats: what to write; by default all but onnx, search and web.
    datasets: {domain: dataset} to calibrate and compare with; by default the
      embedded avatars that the model was trained on.
    run_datasets: read the folders and TFDS datasets that the run's record
      names; say so only of runs of your own.
    index: path of a search index, for its embedding; by default one is learned
      from the images. Format search takes its images, too.
    qdrant: address of a Qdrant server that searches `index`.
    by: for format search, by which codes: own, translation or fused, the
      default.
    version: of the SavedModel; the next one if not given.
    author: who made the model.
    licence: the licence of the weights.
    litert_js: for format web, the folder of `npm install @litertjs/core`, which
      is copied; a page without it loads LiteRT.js from a public host.

  Returns:
    The bundle. A format that differs too much from the model is left out, and
    is one of its failures.

  Raises:
    FileNotFoundError: a dataset or an index is missing.
    extras.MissingPackage: a format needs a package that is not installed.
    OSError: the bundle can't be written.
    ValueError: a value is wrong, or the folder holds another bundle.
  """
  output = home_folder.expand(os.fspath(output))
  index = index and home_folder.expand(os.fspath(index))
  litert_js = litert_js and home_folder.expand(os.fspath(litert_js))
  formats = checks.formats(
    formats,
    to=to,
    source=source,
    index=index,
    qdrant=qdrant,
    by=by,
    litert_js=litert_js,
  )
  folder = pathlib.Path(output, to)
  files.check_writable(folder)
  chosen = inputs.Inputs(
    translator,
    inputs.Options(
      to=to,
      output=output,
      source=source,
      datasets=datasets or {},
      run_datasets=run_datasets,
      index=index,
      qdrant=qdrant,
      by=by,
      version=version,
      author=author,
      licence=licence,
      litert_js=litert_js,
    ),
  )
  context = (
    chosen.all_directions() if to == registry.ALL else chosen.one_direction()
  )
  manifest, failures = exporter.export(context, formats, output)
  print(_table(manifest['files']))
  print(f'\n{folder}: {len(manifest["files"])} files; see its README.md')
  for failure in failures:
    print(
      f'  left out {failure.format}: {failure.figures}, but it needs '
      f'{failure.gate}',
      file=sys.stderr,
    )
  return Exported(folder, manifest, failures)


def _table(entries: Mapping[str, Any]) -> str:
  lines = [f'{"file":40} {"bytes":>11} {"PSNR, dB":>9} {"largest":>8}']
  for name, entry in entries.items():
    note = '  experimental' if entry.get('experimental') else ''
    figures = _figures(entry['parity'])
    lines.append(f'{name:40} {entry["bytes"]:11,} {figures}{note}')
  return '\n'.join(lines)


def _figures(parity: Mapping[str, Any]) -> str:
  if 'cosine' in parity:
    return f'cosine {parity["cosine"]:.5f}'
  if 'top_1' in parity:
    return f'same neighbour {parity["top_1"]:.1%} of the time'
  psnr = 'equal' if parity['psnr'] is None else f'{parity["psnr"]:.1f}'
  return f'{psnr:>9} {parity["max_difference"]:8.2g}'
