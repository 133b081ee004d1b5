r"""Looks for the same face in another domain.

  python -m tf_twingan.search build --model=avatar_twins \
      --source=avatars:adventurer --limit=200 --index=faces.index
  python -m tf_twingan.search query --index=faces.index \
      --source=avatars:toon-head --limit=5 --k=3 --output=found
  python -m tf_twingan.search query --index=faces.index \
      --image=portrait.jpg --output=found

`build` makes an index or adds to it: images that are in it already are
passed over, so the same command goes on after an interruption, and takes in
what has been added to a folder since. `query` writes `neighbours.json` and
contact sheets to --output.

A source is `folder:PATH`, `avatars:STYLE` or `tfds:NAME`, with options. Its
domain goes in front, `photo=folder:PATH`; without one, the images that
`build` is given are taken for the model's last domain (the drawn one, in the
experiments that ship), and those that `query` is given for the model's first
domain that the index holds no images of, or its first. Both say which.

--by says what to search another domain by: the image's `own` code, the code
of its `translation` to there, or both, `fused`.
"""

import json
import pathlib
import sys
from collections.abc import Iterator, Sequence

import numpy as np
import tqdm
from absl import flags

from tf_twingan import cli, image_arrays, image_io, inference
from tf_twingan.data import dataset_strings
from tf_twingan.data.sources import base, registry
from tf_twingan.retrieval import options, results, search_index

_INDEX = flags.DEFINE_string('index', None, "The index's folder.")
_RUN_DIR = flags.DEFINE_string('run_dir', None, "A training's directory.")
_MODEL = flags.DEFINE_string(
  'model',
  None,
  'A model that ships with the package: avatar_twins. A query may leave both '
  'out: the index knows its model.',
)
_SOURCE = flags.DEFINE_multi_string(
  'source',
  [],
  'Images, as DATASET or DOMAIN=DATASET; may be given several times.',
)
_LIMIT = flags.DEFINE_integer(
  'limit', None, 'The first so many images of each source.', lower_bound=1
)
_QDRANT = flags.DEFINE_string(
  'qdrant',
  None,
  'The address of a Qdrant server that does the searching, for what one '
  'machine cannot hold: http://localhost:6333.',
)
_KIND = flags.DEFINE_enum(
  'kind',
  None,
  options.KINDS,
  'build: how to search; by default exactly (flat) up to '
  f'{options.FLAT_UP_TO:,} images of a domain, and approximately '
  'beyond.',
)
_IMAGE = flags.DEFINE_multi_string(
  'image',
  [],
  'query: an image, as PATH or DOMAIN=PATH; may be given several times.',
)
_K = flags.DEFINE_integer('k', 5, 'query: how many neighbours to find.')
_BY = flags.DEFINE_enum(
  'by', 'fused', options.BY, 'query: what to search other domains by.'
)
_AMONG = flags.DEFINE_multi_string(
  'among',
  None,
  "query: a domain to search; by default all in the index but the images' own.",
)
_OUTPUT = flags.DEFINE_string(
  'output', None, 'query: the folder for the results.'
)

_ONLY = {'build': ['kind'], 'query': ['image', 'k', 'by', 'among', 'output']}
_BATCH = 256
_ROWS = 20  # On one sheet.

# The name of an image, and why it could not be read.
_Skipped = list[tuple[str, str]]


def main(argv) -> None:
  """Runs `build` or `query`."""
  command, *rest = argv[1:] or ['']
  if command not in _ONLY:
    sys.exit(
      f'Error: {command!r} is no command; write `search build` or `search '
      'query` before the flags.'
    )
  cli.reject_arguments([command, *rest])
  with cli.report_errors():
    for other, names in _ONLY.items():
      for name in names:
        if other != command and flags.FLAGS[name].present:
          raise ValueError(f'--{name} is a flag of `{other}`, not {command}.')
    if not _INDEX.value:
      raise ValueError("give --index, the index's folder.")
    skipped: _Skipped = []
    (_run_build if command == 'build' else _run_query)(skipped)


def _run_build(skipped: _Skipped) -> None:
  if not _SOURCE.value:
    raise ValueError('give --source, what to build the index of.')
  translator = cli.load_translator(_RUN_DIR.value, _MODEL.value)
  # All of them, before any work: the last may be misspelt.
  opened = _open_sources(translator, default=translator.domains[-1])
  index = search_index.SearchIndex.build(
    _INDEX.value, translator, kind=_KIND.value, server=_QDRANT.value
  )
  new = 0
  for domain, images in opened:
    known = index.names(domain, images.dataset)
    names = [name for name in images.names if name not in known]
    new += index.add(
      domain, _read(images, names, skipped), source=images.dataset
    )
  _report(skipped)
  index.finish()
  print(
    f'{new:,} new images; {_INDEX.value} holds '
    + ' and '.join(f'{index.count(d):,} of {d}' for d in index.domains)
  )


def _run_query(skipped: _Skipped) -> None:
  if not _OUTPUT.value:
    raise ValueError('give --output, the folder for the results.')
  if not (_IMAGE.value or _SOURCE.value):
    raise ValueError('give --image or --source, whom to look for.')
  translator = None
  if _RUN_DIR.value or _MODEL.value:
    translator = cli.load_translator(_RUN_DIR.value, _MODEL.value)
  index = search_index.SearchIndex.load(
    _INDEX.value, translator, server=_QDRANT.value
  )
  queries = list(_queries(index, skipped))
  _report(skipped)
  if not queries:
    raise ValueError('no image could be read.')
  answers: list[results.Answer] = []
  for domain in dict.fromkeys(query.domain for query in queries):
    own = [query for query in queries if query.domain == domain]
    among = index.searched(domain, _AMONG.value)
    print(
      f'{len(own):,} images of {domain}, looked up among '
      + ' and '.join(f'{index.count(d):,} of {d}' for d in among)
    )
    for start in tqdm.trange(
      0, len(own), _BATCH, desc='searching', unit=' batches', delay=1
    ):
      answers += results.look_up(
        index,
        own[start : start + _BATCH],
        among,
        k=_K.value,
        by=_BY.value,
      )
  _write(index, answers, skipped)


def _open_sources(
  translator: inference.Translator, *, default: str
) -> list[tuple[str, base.NamedImages]]:
  """The sources with their domains, which are printed."""
  opened = []
  for text in _SOURCE.value:
    domain, dataset = dataset_strings.split_flag(text)
    if domain is not None:
      translator.check_domain(domain)
    else:
      domain = default
      print(
        f'{dataset}: taken for images of {domain!r}; '
        f'--source=DOMAIN={dataset} says otherwise'
      )
    opened.append(
      (
        domain,
        registry.named_images(
          dataset, translator.resolution, limit=_LIMIT.value
        ),
      )
    )
  return opened


def _queries(
  index: search_index.SearchIndex, skipped: _Skipped
) -> Iterator[results.Query]:
  translator = index.translator
  missing = [d for d in translator.domains if d not in index.domains]
  default = (missing or translator.domains)[0]
  opened = _open_sources(translator, default=default)
  for text in _IMAGE.value:
    domain, equals, path = text.partition('=')
    if not equals or domain not in translator.domains:
      domain, path = default, text
      print(
        f'{path}: taken for an image of {domain!r}; '
        f'--image=DOMAIN={path} says otherwise'
      )
    one = base.NamedImages(
      path,
      [path],
      lambda name: image_arrays.square(
        image_io.read(name, at_least=2 * translator.resolution),
        translator.resolution,
      ),
    )
    opened.append((domain, one))
  for domain, images in opened:
    for name, image in _read(images, images.names, skipped):
      yield results.Query(name, images.dataset, domain, image)


def _read(
  images: base.NamedImages, names: Sequence[str], skipped: _Skipped
) -> Iterator[tuple[str, np.ndarray]]:
  """Reads images, with a progress bar; lists those that can't be."""
  for name in tqdm.tqdm(
    names, desc=f'reading {images.dataset}', unit=' images', delay=1
  ):
    try:
      yield name, images.read(name)
    except image_io.UnreadableImage as error:
      skipped.append((name, error.reason))
    except OSError as error:
      skipped.append((name, error.strerror or str(error)))


def _report(skipped: _Skipped) -> None:
  for name, reason in skipped:
    print(f'  skipped {name}: {reason}', file=sys.stderr)


def _write(
  index: search_index.SearchIndex,
  answers: Sequence[results.Answer],
  skipped: _Skipped,
) -> None:
  output = pathlib.Path(_OUTPUT.value)
  # A longer answer's further sheets must not pass for this one's.
  for old in output.glob('neighbours-*.png'):
    old.unlink()
  sheets = []
  for start in range(0, len(answers), _ROWS):
    sheets.append(output / f'neighbours-{1 + start // _ROWS}.png')
    part = answers[start : start + _ROWS]
    image_io.write_png(sheets[-1], results.sheet(index, part, by=_BY.value))
  found = results.as_json(index, answers, by=_BY.value)
  found['skipped'] = [{'name': n, 'reason': r} for n, r in skipped]
  file = output / 'neighbours.json'
  file.write_text(
    json.dumps(found, indent=1, ensure_ascii=False) + '\n', encoding='utf-8'
  )
  more = f' to {sheets[-1].name}' if len(sheets) > 1 else ''
  print(f'{file}, {sheets[0]}{more}')


def run() -> None:
  """The console script."""
  cli.run(main)


if __name__ == '__main__':
  run()
