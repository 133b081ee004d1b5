r"""Scores translations of held-out pictures, with floors and ceilings.

  python -m tf_twingan.evaluate --model=avatar_twins --output=scored
  python -m tf_twingan.evaluate --run_dir=runs/mine --output=scored \
      --source=photo=folder:/my/portraits --source=anime=folder:/my/anime

Writes evaluation.json and evaluation.html, which needs no other file, and
prints the tables. Sources are those that a run was trained on, where its
operative_config.gin names them plainly. Two styles of avatars show the same
held-out characters, so their translations have true answers.

Any other program's translations can be scored: write the held-out sources
out, let it translate them, and give the folder of its results, one picture of
the same name (0000.png, 0001.png ...) for each:

  python -m tf_twingan.evaluate --export_sources=sources --from=photo \
      --to=anime --source=photo=avatars:toon-head \
      --source=anime=avatars:lorelei --resolution=32
  python -m tf_twingan.evaluate --translations=DIR --output=scored ...
"""

import ast
import json
import pathlib
import re
from collections.abc import Mapping

import numpy as np
from absl import flags

from tf_twingan import command_line, inference
from tf_twingan import images as images_lib
from tf_twingan.data import sources as sources_lib
from tf_twingan.data import twins as twins_lib
from tf_twingan.evaluation import report, scores
from tf_twingan.metrics import nearest_counterpart

_RUN_DIR = flags.DEFINE_string('run_dir', None, "A training's directory.")
_MODEL = flags.DEFINE_string(
  'model', None, 'A model that ships with the package: avatar_twins.'
)
_TRANSLATIONS = flags.DEFINE_string(
  'translations', None, "A folder of another program's translations."
)
_EXPORT_SOURCES = flags.DEFINE_string(
  'export_sources', None, 'Write the held-out sources there, and nothing else.'
)
_SOURCE = flags.DEFINE_multi_string(
  'source', [], 'Pictures of a domain, as DOMAIN=SOURCE; give two.'
)
_FROM = flags.DEFINE_string(
  'from', None, 'Translations: the domain of sources.'
)
_TO = flags.DEFINE_string('to', None, 'Translations: the domain drawn.')
_RESOLUTION = flags.DEFINE_integer(
  'resolution', None, 'Translations: to compare at, px; a power of two.'
)
_COUNT = flags.DEFINE_integer(
  'count', 200, 'Held-out pictures of each domain.', lower_bound=scores.FEWEST
)
_OUTPUT = flags.DEFINE_string('output', None, 'The folder for the results.')

_SHOWN = 8  # Pictures on a sheet.
_SHIPPED = {
  'avatar_twins': {'photo': 'avatars:toon-head', 'anime': 'avatars:lorelei'}
}


def main(argv) -> None:
  """Scores a model, or a folder of translations."""
  command_line.no_arguments(argv)
  with command_line.clear_errors():
    if _TRANSLATIONS.value or _EXPORT_SOURCES.value:
      _of_a_folder()
    else:
      _of_a_model()


def _of_a_model() -> None:
  for flag in (_FROM, _TO, _RESOLUTION):
    if flag.value is not None:
      raise ValueError(
        f'--{flag.name} goes with --translations; a model is scored both '
        'ways, at its own resolution.'
      )
  translator = command_line.load_translator(_RUN_DIR.value, _MODEL.value)
  _check_output()
  named = _named_sources() or _default_sources(translator)
  for domain in named:
    translator.check_domain(domain)
  pictures = _load(named, translator.resolution)
  first, second = named
  directions = []
  for source, target in ((first, second), (second, first)):
    shown = pictures[source, 'test']
    translated = translator.translate(shown, to=target, source=source)
    mirrored = np.ascontiguousarray(shown[:, :, ::-1])
    directions.append(
      _direction(
        named,
        pictures,
        source,
        target,
        translated,
        of_mirrored=translator.translate(mirrored, to=target, source=source),
        returned={
          'reconstruction': translator.translate(
            shown, to=source, source=source
          ),
          'round trip': translator.translate(
            translated, to=source, source=target
          ),
        },
      )
    )
  _write(
    directions,
    named,
    what=_MODEL.value or _RUN_DIR.value,
    images_seen=translator.images_seen,
  )


def _of_a_folder() -> None:
  if _RUN_DIR.value or _MODEL.value:
    raise ValueError(
      '--translations and --export_sources need no model; leave --run_dir and '
      '--model out.'
    )
  if _TRANSLATIONS.value and _EXPORT_SOURCES.value:
    raise ValueError(
      'give --export_sources first, and --translations when they are there.'
    )
  named = _named_sources()
  source, target = _FROM.value, _TO.value
  if {source, target} != set(named) or not named:
    raise ValueError(
      f'--from={source} and --to={target} are not the domains of --source '
      f'({", ".join(named) or "none given"}); name both of them.'
    )
  if _RESOLUTION.value is None:
    raise ValueError('give --resolution, the side to compare at in pixels.')
  if _TRANSLATIONS.value:
    _check_output()
  pictures = _load(named, _RESOLUTION.value)
  shown = pictures[source, 'test']
  if _EXPORT_SOURCES.value:
    folder = pathlib.Path(_EXPORT_SOURCES.value)
    for i, picture in enumerate(shown):
      images_lib.write_png(folder / _name(i), picture)
    print(f'{len(shown)} held-out pictures of {source} in {folder}')
    return
  folder = pathlib.Path(_TRANSLATIONS.value)
  missing = [
    _name(i) for i in range(len(shown)) if not (folder / _name(i)).is_file()
  ]
  if missing:
    raise ValueError(
      f'{folder} lacks {len(missing)} of {len(shown)} translations, first '
      f'{missing[0]}; each is named like its source of --export_sources.'
    )
  translated = np.stack(
    [
      images_lib.square(images_lib.read(folder / _name(i)), _RESOLUTION.value)
      for i in range(len(shown))
    ]
  )
  _write(
    [_direction(named, pictures, source, target, translated)],
    named,
    what=_TRANSLATIONS.value,
    images_seen=None,
  )


def _name(place: int) -> str:
  return f'{place:04}.png'


def _check_output() -> None:
  if not _OUTPUT.value:
    raise ValueError('give --output, the folder for the results.')


def _named_sources() -> dict[str, str]:
  named = {}
  for text in _SOURCE.value:
    domain, equals, source = text.partition('=')
    # An option of a source has an equals sign, too, behind its colon.
    if not equals or ':' in domain:
      raise ValueError(f'--source={text} names no domain; write DOMAIN=SOURCE.')
    named[domain] = source
  if len(_SOURCE.value) not in (0, 2) or len(named) != len(_SOURCE.value):
    raise ValueError(
      f'--source is {_SOURCE.value}; give DOMAIN=SOURCE of two domains.'
    )
  return named


def _default_sources(translator: inference.Translator) -> dict[str, str]:
  """Those that the model was trained on, as far as they are plain to read."""
  if _MODEL.value in _SHIPPED:
    return _SHIPPED[_MODEL.value]
  named = {}
  config = pathlib.Path(_RUN_DIR.value or '', 'operative_config.gin')
  if _RUN_DIR.value and config.is_file():
    # Only `domain = 'source'`: a run may come from anyone, and gin executes.
    for line in config.read_text(encoding='utf-8').splitlines():
      found = re.fullmatch(r"(\w+) = ('[^'\\]*')", line)
      if found and found[1] in translator.domains:
        named[found[1]] = ast.literal_eval(found[2])
  if len(named) != 2 or len(translator.domains) != 2:
    raise ValueError(
      'what to score with does not go without saying; give --source='
      f'DOMAIN=SOURCE for two of the domains {", ".join(translator.domains)}.'
    )
  return named


def _load(
  named: Mapping[str, str], resolution: int
) -> dict[tuple[str, str], np.ndarray]:
  pictures = {
    (domain, split): sources_lib.load(source, resolution, split=split).images
    for domain, source in named.items()
    for split in sources_lib.SPLITS
  }
  # Equally many of each domain, for measures that need as many real ones.
  count = min(_COUNT.value, *(len(pictures[d, 'test']) for d in named))
  for domain in named:
    pictures[domain, 'test'] = pictures[domain, 'test'][:count]
  return pictures


def _direction(named, pictures, source, target, translated, **more):
  shown, real = pictures[source, 'test'], pictures[target, 'test']
  size = shown.shape[1]
  if twins_lib.are_twins(*named.values()):
    twins = twins_lib.describe(named[target], size, len(shown))
    other = twins_lib.describe(named[source], size, len(shown))
    more['twins'] = twins
    more['background_masks'] = twins.background_masks & other.background_masks
  return scores.Direction(
    source,
    target,
    shown,
    translated,
    real,
    pictures[target, 'train'],
    **more,
  )


def _write(directions, named, *, what, images_seen) -> None:
  output = pathlib.Path(_OUTPUT.value)
  output.mkdir(parents=True, exist_ok=True)
  count, size = directions[0].sources.shape[:2]
  summary = (
    f'{count} held-out pictures of each domain at {size} px; '
    + ', '.join(f'{domain} from {source}' for domain, source in named.items())
  )
  found = dict(
    scored=what,
    images_seen=images_seen,
    sources=dict(named),
    count=count,
    resolution=size,
    meanings=dict(scores.MEANINGS),
    directions={},
  )
  sections = []
  print(summary)
  for direction in directions:
    title = f'{direction.source} to {direction.target}'
    table = scores.score(direction)
    found['directions'][title] = {'scores': table}
    print(f'\n{title}\n{report.as_text(table)}')
    sections.append(report.Section(title, table, _sheets(direction)))
    if direction.returned:
      returned = scores.score_returned(direction)
      found['directions'][title]['returned'] = returned
      back = f'{direction.source} given back'
      print(f'\n{back}\n{report.as_text(returned)}')
      sections.append(report.Section(back, returned))
  (output / 'evaluation.json').write_text(
    json.dumps(found, indent=1, ensure_ascii=False) + '\n', encoding='utf-8'
  )
  page = output / 'evaluation.html'
  page.write_text(
    report.as_html(f'Scores of {what}', summary, sections), encoding='utf-8'
  )
  print(f'\n{page}, {output / "evaluation.json"}')


def _sheets(direction):
  """Pictures drawn at random, the best, and the worst with their evidence."""
  order = scores.best_first(direction)
  rng = np.random.Generator(np.random.Philox(key=0))
  random = rng.permutation(len(order))[:_SHOWN]
  by = (
    'rank of the own counterpart, then error'
    if direction.twins
    else 'distance to the nearest training picture'
  )
  rows = {'source': direction.sources, 'translation': direction.translations}
  if direction.twins:
    rows['true answer'] = direction.real
    nearest = nearest_counterpart.order(direction.translations, direction.real)
    rows['nearest true answer'] = direction.real[nearest[:, 0]]
  for name, pictures in direction.returned.items():
    rows[name] = pictures
  return [
    (
      caption,
      images_lib.contact_sheet(
        [[pictures[i] for i in places] for pictures in rows.values()],
        [str(i) for i in places],
        list(rows),
        cell=96,
      ),
    )
    for caption, places in (
      ('Drawn at random', random),
      (f'Best by {by}', order[:_SHOWN]),
      (f'Worst by {by}, worst first', order[::-1][:_SHOWN]),
    )
  ]


def run() -> None:
  """The console script."""
  command_line.run(main)


if __name__ == '__main__':
  run()
