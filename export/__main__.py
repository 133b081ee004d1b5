r"""Turns a model into files that others can load without tf_twingan.

  python -m export --model=avatar_twins --to=anime --output=bundles
  python -m export --run_dir=runs/mine --to=anime --output=bundles \
      --formats=saved_model,dynamic,int8

One direction goes into OUTPUT/TO/: a SavedModel for TensorFlow Serving, TFLite
files for phones, a README for whoever builds them in, and manifest.json with
sizes, checksums and parity. 32 held-out pictures go through the model and
through every file; a format whose pictures differ too much is left out, and
the exit code says so.

Formats: saved_model; float32, float16 (GPUs), dynamic (CPUs: 8-bit weights),
hybrid (8 bits but for the last stage), int8 (uint8 in and out), embed (for
search), onnx (needs the extra [onnx]).
"""

import pathlib
import sys
from collections.abc import Mapping

import numpy as np
from absl import flags

from export import bundle, embedder, metadata, parity, serving
from tf_twingan import command_line, inference
from tf_twingan.data import recorded, sources
from tf_twingan.retrieval import index as index_lib

_RUN_DIR = flags.DEFINE_string('run_dir', None, "A training's directory.")
_MODEL = flags.DEFINE_string(
  'model', None, 'A model that ships with the package: avatar_twins.'
)
_TO = flags.DEFINE_string('to', None, 'The domain to draw pictures in.')
_FROM = flags.DEFINE_string(
  'from',
  None,
  'The domain of the pictures; may be left out if the model has two.',
)
_FORMATS = flags.DEFINE_list(
  'formats', list(bundle.DEFAULT_FORMATS), 'What to write, with commas between.'
)
_OUTPUT = flags.DEFINE_string('output', None, 'The folder for the bundle.')
_SOURCE = flags.DEFINE_multi_string(
  'source',
  [],
  'Pictures of a domain, as DOMAIN=SOURCE, to calibrate and compare with; by '
  'default what the model was trained on.',
)
_INDEX = flags.DEFINE_string(
  'index',
  None,
  'A search index, whose embedding the exported one is to be; by default one '
  'is learned from the pictures.',
)
_VERSION = flags.DEFINE_integer(
  'version',
  None,
  'Of the SavedModel; by default the next one.',
  lower_bound=1,
)
_AUTHOR = flags.DEFINE_string('author', '', 'Who made the model.')
_LICENCE = flags.DEFINE_string('licence', '', 'Of the weights.')

_LEARN_FROM = 512  # Pictures of each domain, for the embedding.
_CARD = 'MODEL_CARD.md'
_SHIPPED = {'author': 'tf_twingan', 'licence': 'Apache-2.0'}


def main(argv) -> None:
  """Exports one direction."""
  command_line.no_arguments(argv)
  with command_line.clear_errors():
    for flag in (_TO, _OUTPUT):
      if not flag.value:
        raise ValueError(f'give --{flag.name}; --help says what it is.')
    bundle.check_formats(_FORMATS.value)
    translator = command_line.load_translator(_RUN_DIR.value, _MODEL.value)
    source = translator.source_for(_TO.value, _FROM.value)
    direction = _direction(translator, source, _TO.value)
    try:
      manifest, failures = bundle.export(
        direction, _FORMATS.value, _OUTPUT.value
      )
    except ImportError as error:
      raise ValueError(str(error)) from error
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
      f'Error: {len(failures)} of {len(_FORMATS.value)} formats failed their '
      'gate; a longer training, or one without pixel norm, may help.'
    )


def _direction(
  translator: inference.Translator, source: str, target: str
) -> bundle.Direction:
  folder = (
    inference.pretrained_dir(_MODEL.value) if _MODEL.value else _RUN_DIR.value
  )
  named = _sources(folder, translator)
  if source not in named:
    raise ValueError(
      f'the run does not say what {source} was trained on; give '
      f'--source={source}=SOURCE, such as folder:/my/pictures.'
    )
  pictures = {
    domain: sources.load(name, translator.resolution).images[:_LEARN_FROM]
    for domain, name in named.items()
    if domain in (source, target)
  }
  held_out = sources.load(
    named[source], translator.resolution, split='test'
  ).images[: parity.PICTURES]
  if len(held_out) < parity.PICTURES:
    more = pictures[source][: parity.PICTURES - len(held_out)]
    print(
      f'Only {len(held_out)} pictures of {source} are held out; '
      f'{len(more)} of those trained on fill up.',
      file=sys.stderr,
    )
    held_out = np.concatenate([held_out, more])
  version = _VERSION.value or serving.next_version(
    pathlib.Path(_OUTPUT.value, target, 'saved_model')
  )
  return bundle.Direction(
    translator,
    source,
    target,
    bundle.Pictures(pictures[source], held_out),
    _embedding(translator, pictures, source),
    metadata.About(
      name=f'{source}2{target}',
      description=f'Draws pictures of {source} as {target}, '
      f'{translator.resolution} px.',
      version=str(version),
      author=_AUTHOR.value or (_SHIPPED['author'] if _MODEL.value else ''),
      licence=_LICENCE.value or (_SHIPPED['licence'] if _MODEL.value else ''),
      card=_card(folder, translator, named),
    ),
  )


def _sources(folder, translator) -> Mapping[str, str]:
  named = recorded.sources(folder, translator.domains)
  for text in _SOURCE.value:
    domain, equals, source = text.partition('=')
    # An option of a source has an equals sign, too, behind its colon.
    if not equals or ':' in domain:
      raise ValueError(f'--source={text} names no domain; write DOMAIN=SOURCE.')
    named[translator.check_domain(domain)] = source
  return named


def _embedding(translator, pictures, source):
  if not _INDEX.value:
    return embedder.learn(translator, pictures)
  learned = index_lib.SearchIndex.load(
    _INDEX.value, translator=translator
  ).embedding
  if source not in learned.means:
    raise ValueError(f'{_INDEX.value} has learned nothing of {source}.')
  return learned


def _card(folder, translator, named) -> str:
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
    last = (
      f'cosine {reached["cosine"]:.5f}'
      if 'cosine' in reached
      else f'{"equal" if psnr is None else format(psnr, ".1f"):>9} '
      f'{reached["max_difference"]:8.2g}'
    )
    note = '  experimental' if entry.get('experimental') else ''
    lines.append(f'{name:40} {entry["bytes"]:11,} {last}{note}')
  return '\n'.join(lines)


def run() -> None:
  """The console script."""
  command_line.run(main)


if __name__ == '__main__':
  run()
