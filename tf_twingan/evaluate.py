r"""Scores translations of held-out images, with floors and ceilings.

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

Exported files are scored in the direction that they draw, all files of a bundle
side by side, or one of them:

  python -m export --model=avatar_twins --to=anime --output=bundles
  python -m tf_twingan.evaluate --exported=bundles/anime --output=scored
  python -m tf_twingan.evaluate --output=scored --against=avatar_twins \
      --exported=bundles/anime/photo2anime_32_int8.tflite

Any other program's translations can be scored: write the held-out sources
out, let it translate them, and give the folder of its results, one image of
the same name (0000.png, 0001.png ...) for each:

  python -m tf_twingan.evaluate --export_sources=sources --from=photo \
      --to=anime --source=photo=avatars:toon-head \
      --source=anime=avatars:lorelei --resolution=32
  python -m tf_twingan.evaluate --translations=DIR --output=scored ...
"""

import pathlib
from collections.abc import Mapping

from absl import flags

from tf_twingan import cli
from tf_twingan.evaluation import candidates as candidates_lib
from tf_twingan.evaluation import (
  dataset_pair,
  directions,
  feature_networks,
  report,
  scores,
)
from tf_twingan.inference.exported import exported_translator
from tf_twingan.runs import loading

_RUN_DIR = flags.DEFINE_string('run_dir', None, "A training's directory.")
_MODEL = flags.DEFINE_string(
  'model', None, 'A model that ships with the package: avatar_twins.'
)
_EXPORTED = flags.DEFINE_string(
  'exported',
  None,
  'What `python -m export` wrote: a bundle (OUTPUT/<to>), a version of its '
  'SavedModel (OUTPUT/<to>/saved_model/1), or one .tflite file.',
)
_TRANSLATIONS = flags.DEFINE_string(
  'translations', None, "A folder of another program's translations."
)
_EXPORT_SOURCES = flags.DEFINE_string(
  'export_sources', None, 'Write the held-out sources there, and nothing else.'
)
_SOURCE = flags.DEFINE_multi_string(
  'source', [], 'Images of a domain, as DOMAIN=DATASET; give two.'
)
_FROM = flags.DEFINE_string(
  'from',
  None,
  'Translations, or an exported file that is not in its bundle: the domain of '
  'sources.',
)
_TO = flags.DEFINE_string('to', None, 'The same: the domain drawn.')
_RESOLUTION = flags.DEFINE_integer(
  'resolution', None, 'Translations: to compare at, px; a power of two.'
)
_COUNT = flags.DEFINE_integer(
  'count', 200, 'Held-out images of each domain.', lower_bound=scores.FEWEST
)
_AGAINST = flags.DEFINE_multi_string(
  'against',
  [],
  'What else to score, side by side: the directory of another run, a model '
  'that ships, or what --exported takes; with --translations, also a folder of '
  'translations.',
)
_FEATURES = flags.DEFINE_string(
  'features',
  feature_networks.OWN,
  'The network behind Fréchet and kernel distance: own, trained on the target '
  'domain within seconds; inception; or the path of a Keras or SavedModel.',
)
_OUTPUT = flags.DEFINE_string('output', None, 'The folder for the results.')


def main(argv) -> None:
  """Scores a model, exported files, or a folder of translations."""
  cli.reject_arguments(argv)
  with cli.report_errors():
    if _EXPORTED.value:
      _of_exports()
    elif _TRANSLATIONS.value or _EXPORT_SOURCES.value:
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
  translator = cli.load_translator(_RUN_DIR.value, _MODEL.value)
  _check_output()
  sources = dataset_pair.parse(_SOURCE.value) or dataset_pair.of_a_run(
    cli.model_folder(_RUN_DIR.value, _MODEL.value), translator.domains
  )
  for domain in sources:
    translator.check_domain(domain)
  images = dataset_pair.load(sources, translator.resolution, _COUNT.value)
  others = _others(sources)
  runs = {'translation': _RUN_DIR.value} if _RUN_DIR.value else {}
  report.write(
    _OUTPUT.value,
    _parts(images, {'translation': translator}, others),
    images,
    runs=runs | _runs(others),
    features=_FEATURES.value,
    what=_MODEL.value or _RUN_DIR.value,
    images_seen=translator.images_seen,
  )


def _of_exports() -> None:
  for flag in (_RUN_DIR, _MODEL, _TRANSLATIONS, _EXPORT_SOURCES, _RESOLUTION):
    if flag.value is not None:
      remedy = (
        f'to set them side by side, give --against={flag.value}'
        if flag.name in (_RUN_DIR.name, _MODEL.name)
        else 'leave one of them out'
      )
      raise ValueError(f'--{flag.name} does not go with --exported; {remedy}.')
  asked = (_FROM.value, _TO.value) if _FROM.value or _TO.value else None
  _check_output()
  opened = exported_translator.open_path(_EXPORTED.value)
  sources = dataset_pair.parse(_SOURCE.value) or _sources_of(opened)
  scored = {
    kind or 'translation': drawer.between(*sources, asked)
    for kind, drawer in opened.drawers.items()
  }
  resolution = next(iter(scored.values())).resolution
  images = dataset_pair.load(sources, resolution, _COUNT.value)
  others = _others(sources, asked)
  for name in scored.keys() & others.keys():
    raise ValueError(
      f'--against={name} would give two columns one name, as a format of '
      f'{_EXPORTED.value} is called so; give ./{name}.'
    )
  report.write(
    _OUTPUT.value,
    _parts(images, scored, others),
    images,
    runs=_runs(others),
    features=_FEATURES.value,
    what=_EXPORTED.value,
    images_seen=opened.images_seen,
    note=' '.join(
      f'{file} is left out: {why}.' for file, why in opened.left_out.items()
    ),
  )


def _sources_of(opened: exported_translator.Opened) -> Mapping[str, str]:
  """What the model of an export was trained on, if that is still known."""
  if opened.domains is None or opened.origin is None:
    raise ValueError(
      f'{_EXPORTED.value} does not say what its images are; give '
      '--source=DOMAIN=DATASET for both of its domains.'
    )
  return dataset_pair.of_a_run(loading.folder(opened.origin), opened.domains)


def _parts(
  images: dataset_pair.Domains,
  scored: Mapping[str, candidates_lib.Subject],
  others: Mapping[str, candidates_lib.Subject],
) -> list[report.Part]:
  """Both directions, as far as what is scored draws them."""
  asked = {**scored, **others}
  first, second = images.sources
  parts = []
  for pair in ((first, second), (second, first)):
    drawing = {
      n: s for n, s in asked.items() if candidates_lib.supports(s, *pair)
    }
    if set(scored) & set(drawing):
      direction = directions.between(images, *pair)
      parts.append(
        report.Part(
          direction,
          {n: candidates_lib.ask(s, direction) for n, s in drawing.items()},
          absent=[name for name in asked if name not in drawing],
        )
      )
  return parts


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
  sources = dataset_pair.parse(_SOURCE.value)
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
  images = dataset_pair.load(sources, _RESOLUTION.value, _COUNT.value)
  if _EXPORT_SOURCES.value:
    candidates_lib.export(_EXPORT_SOURCES.value, images.held_out[source])
    print(
      f'{images.count} held-out images of {source} in {_EXPORT_SOURCES.value}'
    )
    return
  direction = directions.between(images, source, target)
  candidates = {
    'translation': candidates_lib.read_folder(_TRANSLATIONS.value, direction)
  }
  for name in _AGAINST.value:
    if _is_folder(name):
      candidates[name] = candidates_lib.read_folder(name, direction)
      continue
    for column, subject in _other(name, sources, (source, target)).items():
      candidates[column] = candidates_lib.ask(subject, direction)
  report.write(
    _OUTPUT.value,
    [report.Part(direction, candidates)],
    images,
    features=_FEATURES.value,
    what=_TRANSLATIONS.value,
  )


def _others(
  sources: Mapping[str, str], asked: tuple[str, str] | None = None
) -> dict[str, candidates_lib.Subject]:
  """What --against names, by column."""
  found = {}
  for name in _AGAINST.value:
    found |= _other(name, sources, asked)
  return found


def _other(
  name: str,
  sources: Mapping[str, str],
  asked: tuple[str, str] | None = None,
) -> dict[str, candidates_lib.Subject]:
  """What one value of --against names; a bundle is several."""
  if _is_folder(name):
    raise ValueError(
      f'--against={name} holds no run (no model.json) and no export '
      '(no manifest.json, no saved_model.pb); a folder of translations goes '
      'with --translations.'
    )
  if not _is_run(name) and exported_translator.is_export(name):
    return {
      f'{name}, {kind}' if kind else name: drawer.between(*sources, asked)
      for kind, drawer in exported_translator.open_path(name).drawers.items()
    }
  translator = cli.load_translator(
    *((name, None) if _is_run(name) else (None, name))
  )
  for domain in sources:
    translator.check_domain(domain)
  return {name: translator}


def _is_run(name: str) -> bool:
  return pathlib.Path(name, 'model.json').is_file()


def _is_folder(name: str) -> bool:
  """Whether it is a folder and neither of a run nor of an export."""
  return (
    pathlib.Path(name).is_dir()
    and not _is_run(name)
    and not exported_translator.is_export(name)
  )


def _runs(others: Mapping[str, candidates_lib.Subject]) -> dict[str, str]:
  """Those of which there may be curves over training."""
  return {name: name for name in others if _is_run(name)}


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
  cli.run(main)


if __name__ == '__main__':
  run()
