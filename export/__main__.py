r"""Turns a model into files that others can load without tf_twingan.

  python -m export --model=avatar_twins --to=anime --output=bundles
  python -m export --run_dir=runs/mine --to=anime --output=bundles \
      --formats=saved_model,dynamic,int8
  python -m export --run_dir=runs/mine --to=all --output=bundles
  python -m export --model=avatar_twins --to=anime --output=bundles \
      --formats=search --index=faces.index
  python -m export plan --resolution=256 --max_mb=4 --max_ms=50
  python -m export benchmark bundles/anime

One direction goes into OUTPUT/TO/: a SavedModel for TensorFlow Serving, TFLite
files for phones, a README for whoever builds them in, and manifest.json with
sizes, checksums and parity. 32 held-out images go through the model and
through every file; a format whose images differ too much is left out, and
the exit code says so.

Formats: saved_model; float32, float16 (GPUs), dynamic (CPUs: 8-bit weights),
hybrid (8 bits but for the last stage), int8 (uint8 in and out), embed (for
search), onnx (needs the extra [onnx]), search (needs --index: a file for the
Task library's ImageSearcher, which embeds an image of --from and finds the
nearest of that index's images of --to).

--to=all writes all directions, which share the convolutions: a SavedModel, and
TFLite files (float32, float16, dynamic) that take the domains beside the
image. `plan` says which network fits, before any training: it converts
untrained ones. `benchmark` times a bundle's TFLite files on this host, which is
no phone. What a format costs in the scores of an evaluation:

  python -m tf_twingan.evaluate --exported=bundles/anime --output=scored
"""

import pathlib
import sys
from collections.abc import Mapping

import numpy as np
from absl import flags

from export import all_directions, benchmark, exporter, parity, plan
from export.bundle_files import metadata
from export.formats import embedding, saved_model
from export.formats import search_index as formats_search_index
from tf_twingan import cli, inference
from tf_twingan.data import dataset_strings
from tf_twingan.data.sources import registry
from tf_twingan.inference.exported import bundle_manifest
from tf_twingan.retrieval import options
from tf_twingan.retrieval import search_index as retrieval_search_index

_RUN_DIR = flags.DEFINE_string('run_dir', None, "A training's directory.")
_MODEL = flags.DEFINE_string(
  'model', None, 'A model that ships with the package: avatar_twins.'
)
_TO = flags.DEFINE_string('to', None, 'The domain to draw images in, or all.')
_FROM = flags.DEFINE_string(
  'from',
  None,
  'The domain of the images; may be left out if the model has two.',
)
_FORMATS = flags.DEFINE_list(
  'formats',
  list(exporter.DEFAULT_FORMATS),
  'What to write, with commas between.',
)
_OUTPUT = flags.DEFINE_string('output', None, 'The folder for the bundle.')
_SOURCE = flags.DEFINE_multi_string(
  'source',
  [],
  'Images of a domain, as DOMAIN=DATASET, to calibrate and compare with; by '
  'default what the model was trained on.',
)
_INDEX = flags.DEFINE_string(
  'index',
  None,
  'A search index, whose embedding the exported one is to be; by default one '
  'is learned from the images. Format search takes its images, too.',
)
_BY = flags.DEFINE_enum(
  'by',
  'fused',
  options.BY,
  'Format search: what to look an image up by; see tf_twingan.search.',
)
_VERSION = flags.DEFINE_integer(
  'version',
  None,
  'Of the SavedModel; by default the next one.',
  lower_bound=1,
)
_AUTHOR = flags.DEFINE_string('author', '', 'Who made the model.')
_LICENCE = flags.DEFINE_string('licence', '', 'Of the weights.')

_RESOLUTION = flags.DEFINE_integer(
  'resolution', None, 'plan: of the images, px.'
)
_MAX_MB = flags.DEFINE_float(
  'max_mb', None, 'plan: the largest file, in 1e6 bytes.', lower_bound=0
)
_MAX_MS = flags.DEFINE_float(
  'max_ms',
  None,
  'plan: the longest time an image, on this host.',
  lower_bound=0,
)
_FORMAT = flags.DEFINE_enum(
  'format', 'dynamic', plan.KINDS, 'plan: what the limits are for.'
)
_THREADS = flags.DEFINE_list(
  'threads', ['1', '2'], 'benchmark, plan: how many; plan takes the last.'
)

_ONLY = {
  'export': [
    'run_dir',
    'model',
    'to',
    'from',
    'formats',
    'output',
    'source',
    'index',
    'by',
    'version',
    'author',
    'licence',
  ],
  'plan': ['resolution', 'max_mb', 'max_ms', 'format'],
  'benchmark': [],
}
_LEARN_FROM = 512  # Images of each domain, for the embedding.
_CARD = 'MODEL_CARD.md'
_SHIPPED = {'author': 'tf_twingan', 'licence': 'Apache-2.0'}


def main(argv) -> None:
  """Exports, plans, or times a bundle."""
  command, *rest = argv[1:] or ['export']
  if command not in _ONLY:
    sys.exit(
      f'Error: {command!r} is no command; leave it out to export, or write '
      'plan or benchmark BUNDLE.'
    )
  with cli.report_errors():
    for other, names in _ONLY.items():
      for name in names:
        if other != command and flags.FLAGS[name].present:
          raise ValueError(f'--{name} is a flag of `{other}`, not {command}.')
    if command == 'benchmark':
      if len(rest) != 1:
        raise ValueError('write benchmark BUNDLE, the folder of a direction.')
      _benchmark(pathlib.Path(rest[0]))
      return
    cli.reject_arguments([command, *rest])
    _plan() if command == 'plan' else _export()


def _export() -> None:
  for flag in (_TO, _OUTPUT):
    if not flag.value:
      raise ValueError(f'give --{flag.name}; --help says what it is.')
  if _TO.value == all_directions.NAME:
    _export_everything()
    return
  exporter.check_formats(_FORMATS.value)
  if 'search' in _FORMATS.value and not _INDEX.value:
    raise ValueError(
      'format search needs --index, what `python -m tf_twingan.search build` '
      'made.'
    )
  if _BY.present and 'search' not in _FORMATS.value:
    raise ValueError('--by is for format search; name it in --formats.')
  translator = cli.load_translator(_RUN_DIR.value, _MODEL.value)
  source = translator.source_for(_TO.value, _FROM.value)
  direction = _direction(translator, source, _TO.value)
  try:
    manifest, failures = exporter.export(
      direction, _FORMATS.value, _OUTPUT.value
    )
  except ImportError as error:
    raise ValueError(str(error)) from error
  _report(manifest, failures)


def _report(manifest, failures) -> None:
  folder = pathlib.Path(_OUTPUT.value, _TO.value)
  print(_table(manifest))
  print(f'\n{folder}: {len(manifest["files"])} files; see its README.md')
  for failure in failures:
    print(
      f'  left out {failure.kind}: {failure.reached}, but it needs '
      f'{failure.gate}',
      file=sys.stderr,
    )
  if failures:
    sys.exit(
      f'Error: {len(failures)} of {len(failures) + len(manifest["files"])} '
      'formats failed their gate; a longer training, or one without pixel '
      'norm, may help.'
    )


def _export_everything() -> None:
  for name in ('from', 'index', 'by'):
    if flags.FLAGS[name].present:
      raise ValueError(f'--{name} does not go with --to={all_directions.NAME}.')
  formats = _FORMATS.value if _FORMATS.present else all_directions.FORMATS
  exporter.check_formats(formats, all_directions.FORMATS)
  translator = cli.load_translator(_RUN_DIR.value, _MODEL.value)
  named = _sources(translator)
  for domain in translator.domains:
    _check_named(domain, named)
  images = {d: _held_out(named[d], translator) for d in translator.domains}
  about = _about(
    translator,
    named,
    name=all_directions.NAME,
    description='Draws images of any of '
    f'{", ".join(translator.domains)} as any other, '
    f'{translator.resolution} px.',
  )
  manifest, failures = all_directions.export(
    translator, images, formats, _OUTPUT.value, about
  )
  _report(manifest, failures)


def _plan() -> None:
  if _RESOLUTION.value is None:
    raise ValueError('give --resolution, the side of the images in px.')
  limits = plan.Limits(_MAX_MB.value, _MAX_MS.value)
  kind, threads = _FORMAT.value, _thread_counts()[-1]
  print(
    f'{"base":>5} {"max":>4} {"weights":>10} '
    + ' '.join(f'{k + ", MB":>12}' for k in plan.KINDS)
    + f' {"GMAC":>8} {"memory, MB":>10} {"ms":>7}'
  )
  first = None
  for found in plan.plan(_RESOLUTION.value, limits, kind=kind, threads=threads):
    timed = f'{found.latency.milliseconds:7.1f}' if found.latency else '      -'
    print(
      f'{found.channels_base:5} {found.channels_max:4} {found.weights:10,} '
      + ' '.join(f'{s / 1e6:12.2f}' for s in found.sizes.values())
      + f' {found.gmacs:8.3f} {found.peak_memory / 1e6:10.1f} {timed}'
      + ('  fits' if found.fits else '')
    )
    first = first or (found if found.fits else None)
  if first is None:
    raise ValueError(
      f'no network of {_RESOLUTION.value} px fits; raise the limits, or lower '
      '--resolution.'
    )
  print(
    f'\nThe widest that fits, as {kind}:\n'
    f'  --gin_param="channels_base={first.channels_base}" '
    f'--gin_param="TwinGAN.channels_max={first.channels_max}"'
  )


def _benchmark(folder: pathlib.Path) -> None:
  files = bundle_manifest.read_manifest(folder)['files']
  names = [n for n, e in files.items() if n.endswith('.tflite')]
  if not names:
    raise ValueError(f'{folder} holds no TFLite file to time.')
  counts = _thread_counts()
  print('Median milliseconds an image on this host; a phone differs.')
  print(f'{"file":40}' + ''.join(f'{f"{c} threads":>12}' for c in counts))
  for name in names:
    model = (folder / name).read_bytes()
    times = [benchmark.measure(model, threads=c).milliseconds for c in counts]
    print(f'{name:40}' + ''.join(f'{t:12.2f}' for t in times))


def _thread_counts() -> list[int]:
  if not all(t.isdecimal() and int(t) for t in _THREADS.value):
    raise ValueError(f'--threads={",".join(_THREADS.value)} are no numbers.')
  return [int(t) for t in _THREADS.value]


def _direction(
  translator: inference.Translator, source: str, target: str
) -> exporter.ExportDirection:
  named = _sources(translator)
  _check_named(source, named)
  images = {
    domain: registry.load(name, translator.resolution).images[:_LEARN_FROM]
    for domain, name in named.items()
    if domain in (source, target)
  }
  held_out = _held_out(named[source], translator)
  index = _index(translator, source)
  return exporter.ExportDirection(
    translator,
    source,
    target,
    exporter.Images(images[source], held_out),
    (lambda: index.embedding)
    if index
    else lambda: embedding.learn(translator, images),
    _about(
      translator,
      named,
      name=bundle_manifest.direction(source, target),
      description=f'Draws images of {source} as {target}, '
      f'{translator.resolution} px.',
    ),
    formats_search_index.Search(index, _BY.value) if index else None,
  )


def _about(translator, named, **texts: str) -> metadata.About:
  version = _VERSION.value or saved_model.next_version(
    pathlib.Path(_OUTPUT.value, _TO.value, 'saved_model')
  )
  shipped = _SHIPPED if _MODEL.value else dict.fromkeys(_SHIPPED, '')
  return metadata.About(
    version=str(version),
    author=_AUTHOR.value or shipped['author'],
    licence=_LICENCE.value or shipped['licence'],
    card=_card(translator, named),
    **texts,
  )


def _check_named(domain: str, named: Mapping[str, str]) -> None:
  if domain not in named:
    raise ValueError(
      f'the run does not say what {domain} was trained on; give '
      f'--source={domain}=DATASET, such as folder:/my/images.'
    )


def _held_out(source: str, translator: inference.Translator) -> np.ndarray:
  images = registry.load(source, translator.resolution, split='test').images
  images = images[: parity.IMAGES]
  if len(images) < parity.IMAGES:
    trained_on = registry.load(source, translator.resolution).images
    more = trained_on[: parity.IMAGES - len(images)]
    print(
      f'Only {len(images)} images of {source} are held out; {len(more)} of '
      'those trained on fill up.',
      file=sys.stderr,
    )
    images = np.concatenate([images, more])
  return images


def _sources(translator) -> Mapping[str, str]:
  folder = cli.model_folder(_RUN_DIR.value, _MODEL.value)
  named = dataset_strings.recorded_datasets(folder, translator.domains)
  for text in _SOURCE.value:
    domain, source = dataset_strings.parse_flag(text)
    named[translator.check_domain(domain)] = source
  return named


def _index(translator, source) -> retrieval_search_index.SearchIndex | None:
  if not _INDEX.value:
    return None
  index = retrieval_search_index.SearchIndex.load(
    _INDEX.value, translator=translator
  )
  if source not in index.embedding.means:
    raise ValueError(f'{_INDEX.value} has learned nothing of {source}.')
  return index


def _card(translator, named) -> str:
  folder = cli.model_folder(_RUN_DIR.value, _MODEL.value)
  path = pathlib.Path(folder, _CARD)
  if path.is_file():
    return path.read_text(encoding='utf-8')
  trained_on = '\n'.join(f'- {d}: `{s}`' for d, s in named.items())
  return (
    f'# Model card\n\nTrained by tf_twingan on {translator.images_seen:,} '
    f'images of each domain, at {translator.resolution} px:\n\n{trained_on}\n\n'
    f'Write more about it in {_CARD} of the run directory, and export again.\n'
  )


def _table(manifest) -> str:
  lines = [f'{"file":40} {"bytes":>11} {"PSNR, dB":>9} {"largest":>8}']
  for name, entry in manifest['files'].items():
    reached = entry['parity']
    psnr = reached.get('psnr')
    if 'cosine' in reached:
      last = f'cosine {reached["cosine"]:.5f}'
    elif 'top_1' in reached:
      last = f'same neighbour {reached["top_1"]:.1%} of the time'
    else:
      equal = 'equal' if psnr is None else f'{psnr:.1f}'
      last = f'{equal:>9} {reached["max_difference"]:8.2g}'
    note = '  experimental' if entry.get('experimental') else ''
    lines.append(f'{name:40} {entry["bytes"]:11,} {last}{note}')
  return '\n'.join(lines)


def run() -> None:
  """The console script."""
  cli.run(main)


if __name__ == '__main__':
  run()
