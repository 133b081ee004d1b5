r"""Scores translations of held-out pictures, with floors and ceilings.

  python -m tf_twingan.evaluate --model=avatar_twins --output=scored
  python -m tf_twingan.evaluate --run_dir=runs/mine --output=scored \
      --source=photo=folder:/my/portraits --source=anime=folder:/my/anime

Writes evaluation.json and evaluation.html, which needs no other file, and
prints the tables. Sources are those that a run was trained on, where its
operative_config.gin names them plainly. Two styles of avatars show the same
held-out characters, so their translations have true answers.

What a run is set against stands beside it, with its curves over training:

  python -m tf_twingan.evaluate --run_dir=runs/mine --against=runs/other \
      --against=avatar_twins --output=scored

Any other program's translations can be scored: write the held-out sources
out, let it translate them, and give the folder of its results, one picture of
the same name (0000.png, 0001.png ...) for each:

  python -m tf_twingan.evaluate --export_sources=sources --from=photo \
      --to=anime --source=photo=avatars:toon-head \
      --source=anime=avatars:lorelei --resolution=32
  python -m tf_twingan.evaluate --translations=DIR --output=scored ...
"""

import pathlib
from collections.abc import Mapping

from absl import flags

from tf_twingan import command_line
from tf_twingan.evaluation import (
  directions,
  domains,
  feature_networks,
  report,
  scores,
  subjects,
)

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
_AGAINST = flags.DEFINE_multi_string(
  'against',
  [],
  'What else to score, side by side: the directory of another run or a model '
  'that ships; with --translations, also a folder of translations.',
)
_FEATURES = flags.DEFINE_string(
  'features',
  feature_networks.OWN,
  'The network behind Fréchet and kernel distance: own, trained on the target '
  'domain within seconds; inception; or the path of a Keras or SavedModel.',
)
_OUTPUT = flags.DEFINE_string('output', None, 'The folder for the results.')


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
  sources = domains.parse(_SOURCE.value) or domains.of_a_run(
    command_line.model_folder(_RUN_DIR.value, _MODEL.value), translator.domains
  )
  for domain in sources:
    translator.check_domain(domain)
  pictures = domains.load(sources, translator.resolution, _COUNT.value)
  others = {name: _other(name, sources) for name in _AGAINST.value}
  first, second = sources
  parts = []
  for source, target in ((first, second), (second, first)):
    direction = directions.between(pictures, source, target)
    candidates = {
      name: subjects.ask(subject, direction)
      for name, subject in {'translation': translator, **others}.items()
    }
    parts.append(report.Part(direction, candidates))
  runs = {'translation': _RUN_DIR.value} if _RUN_DIR.value else {}
  report.write(
    _OUTPUT.value,
    parts,
    pictures,
    runs=runs | {name: name for name in others},
    features=_FEATURES.value,
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
  sources = domains.parse(_SOURCE.value)
  source, target = _FROM.value, _TO.value
  if {source, target} != set(sources) or not sources:
    raise ValueError(
      f'--from={source} and --to={target} are not the domains of --source '
      f'({", ".join(sources) or "none given"}); name both of them.'
    )
  if _RESOLUTION.value is None:
    raise ValueError('give --resolution, the side to compare at in pixels.')
  if _TRANSLATIONS.value:
    _check_output()
  pictures = domains.load(sources, _RESOLUTION.value, _COUNT.value)
  if _EXPORT_SOURCES.value:
    subjects.export(_EXPORT_SOURCES.value, pictures.held_out[source])
    print(
      f'{pictures.count} held-out pictures of {source} in '
      f'{_EXPORT_SOURCES.value}'
    )
    return
  direction = directions.between(pictures, source, target)
  candidates = {
    'translation': subjects.read_folder(_TRANSLATIONS.value, direction)
  }
  for name in _AGAINST.value:
    is_folder = pathlib.Path(name).is_dir() and not _is_run(name)
    candidates[name] = (
      subjects.read_folder(name, direction)
      if is_folder
      else subjects.ask(_other(name, sources), direction)
    )
  report.write(
    _OUTPUT.value,
    [report.Part(direction, candidates)],
    pictures,
    features=_FEATURES.value,
    what=_TRANSLATIONS.value,
  )


def _other(name: str, sources: Mapping[str, str]) -> subjects.Subject:
  """The model that one value of --against names."""
  path = pathlib.Path(name)
  if path.is_dir() and not _is_run(name):
    raise ValueError(
      f'--against={name} holds no run (no model.json); a folder of '
      'translations goes with --translations.'
    )
  translator = command_line.load_translator(
    *((name, None) if path.is_dir() else (None, name))
  )
  for domain in sources:
    translator.check_domain(domain)
  return translator


def _is_run(name: str) -> bool:
  return pathlib.Path(name, 'model.json').is_file()


def _check_output() -> None:
  if not _OUTPUT.value:
    raise ValueError('give --output, the folder for the results.')
  for name in _AGAINST.value:
    if name in directions.RESERVED or _AGAINST.value.count(name) > 1:
      raise ValueError(
        f'--against={name} would give two columns one name; name each once, '
        'and a folder by its whole path.'
      )


def run() -> None:
  """The console script."""
  command_line.run(main)


if __name__ == '__main__':
  run()
