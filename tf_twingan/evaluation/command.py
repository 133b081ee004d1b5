"""The work of `python -m tf_twingan.evaluate`: loads, translates, reports."""

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from tf_twingan import extras, files, shell_words
from tf_twingan.data import run_datasets
from tf_twingan.evaluation import (
  against,
  candidates,
  dataset_pair,
  names,
  report,
  tasks,
)
from tf_twingan.runs import loading


class Options(NamedTuple):
  """The flags of the program.

  Attributes:
    run_dir: directory of a run.
    model: name of a model that ships with the package.
    exported: path of an export.
    translations: folder of another program's translations.
    export_sources: folder to write the held-out sources to.
    source: two strings DOMAIN=DATASET.
    run_datasets: whether to read the datasets that only a run's record names.
    source_domain: domain of the sources, --from.
    target_domain: domain of the translations, --to.
    resolution: side of the images, px.
    count: largest number of held-out images of each domain.
    against: names of what else is scored.
    features: name or path of the feature network.
    output: folder for the results.
  """

  run_dir: str | None = None
  model: str | None = None
  exported: str | None = None
  translations: str | None = None
  export_sources: str | None = None
  source: Sequence[str] = ()
  run_datasets: bool = False
  source_domain: str | None = None
  target_domain: str | None = None
  resolution: int | None = None
  count: int = names.IMAGES
  against: Sequence[str] = ()
  features: str = names.OWN_FEATURES
  output: str | None = None

  @property
  def direction(self) -> tuple[str | None, str | None] | None:
    """(--from, --to); None if neither is given."""
    direction = (self.source_domain, self.target_domain)
    return direction if any(direction) else None


def run(
  options: Options, load_translator: against.LoadTranslator
) -> dict[str, Any]:
  """Scores a model, exported files, or a folder of translations.

  Args:
    options: the flags.
    load_translator: `cli.load_translator`.

  Returns:
    The content of evaluation.json; {} where only sources are written.

  Raises:
    MissingPackage: what draws the page is not installed.
    OSError: a file is missing, or the results cannot be written.
    ValueError: the flags do not go together, or one of them is wrong.
  """
  extras.check('evaluate', 'jinja2', 'matplotlib')
  if options.count < names.FEWEST_IMAGES:
    raise ValueError(
      f'--count is {options.count}; give {names.FEWEST_IMAGES} or more '
      'held-out images of each domain.'
    )
  if options.exported:
    return _score_export(options, load_translator)
  if options.translations or options.export_sources:
    return _score_folder(options, load_translator)
  return _score_model(options, load_translator)


def _score_model(options, load_translator) -> dict[str, Any]:
  for flag, value in (
    ('from', options.source_domain),
    ('to', options.target_domain),
    ('resolution', options.resolution),
  ):
    if value is not None:
      raise ValueError(
        f'--{flag} goes with --translations; a model is scored both '
        'ways, at its own resolution.'
      )
  _check_output(options)
  translator = load_translator(options.run_dir, options.model)
  datasets = dataset_pair.parse(options.source) or dataset_pair.of_run(
    str(loading.folder(translator.origin)),
    translator.domains,
    allowed=options.run_datasets,
  )
  for domain in datasets:
    translator.check_domain(domain)
  run_datasets.warn_of_framing(datasets, translator.framings)
  pair = dataset_pair.load(datasets, translator.resolution, options.count)
  others = _load_others(options, datasets, load_translator)
  runs = {names.TRANSLATION: options.run_dir} if options.run_dir else {}
  return report.write(
    options.output,
    _parts(pair, {names.TRANSLATION: translator}, others),
    pair,
    runs=runs | against.run_directories(others),
    features=options.features,
    scored=options.model or options.run_dir,
    images_seen=translator.images_seen,
  )


def _score_export(options, load_translator) -> dict[str, Any]:
  for flag in (
    'run_dir',
    'model',
    'translations',
    'export_sources',
    'resolution',
  ):
    value = getattr(options, flag)
    if value is not None:
      remedy = (
        'to score both side by side, give '
        + shell_words.quote(f'--against={value}')
        if flag in ('run_dir', 'model')
        else 'leave one of them out'
      )
      raise ValueError(f'--{flag} does not go with --exported; {remedy}.')
  _check_output(options)
  # Imports TensorFlow.
  from tf_twingan.inference.exported import exported_translator

  opened = exported_translator.open_export(options.exported)
  datasets = dataset_pair.parse(options.source)
  if not datasets:
    if opened.domains is None or opened.origin is None:
      raise ValueError(
        f'{options.exported} does not tell what its images are; give '
        '--source=DOMAIN=DATASET for both of its domains.'
      )
    datasets = dataset_pair.of_run(
      loading.folder(opened.origin),
      opened.domains,
      allowed=options.run_datasets,
    )
  translators = {
    kind or names.TRANSLATION: file.between(*datasets, options.direction)
    for kind, file in opened.translators.items()
  }
  resolution = next(iter(translators.values())).resolution
  pair = dataset_pair.load(datasets, resolution, options.count)
  others = _load_others(options, datasets, load_translator)
  for name in translators.keys() & others.keys():
    raise ValueError(
      f'--against={name} would give two columns one name, as a format of '
      f'{options.exported} has that name; give ./{name}.'
    )
  return report.write(
    options.output,
    _parts(pair, translators, others),
    pair,
    runs=against.run_directories(others),
    features=options.features,
    scored=options.exported,
    images_seen=opened.images_seen,
    note=' '.join(
      f'{file} is left out: {why}.' for file, why in opened.left_out.items()
    ),
  )


def _score_folder(options, load_translator) -> dict[str, Any]:
  if options.run_dir or options.model:
    raise ValueError(
      '--translations and --export_sources need no model; leave --run_dir and '
      '--model out.'
    )
  if options.translations and options.export_sources:
    raise ValueError(
      'give --export_sources first, and --translations when they are there.'
    )
  datasets = dataset_pair.parse(options.source)
  source, target = options.source_domain, options.target_domain
  if {source, target} != set(datasets) or not datasets:
    raise ValueError(
      f'--from={source} and --to={target} are not the domains of --source '
      f'({", ".join(datasets) or "none given"}); name both of them.'
    )
  if options.resolution is None:
    raise ValueError('give --resolution, the side to compare at in pixels.')
  if options.translations:
    _check_output(options)
  else:
    files.check_writable(options.export_sources)
  pair = dataset_pair.load(datasets, options.resolution, options.count)
  if options.export_sources:
    candidates.write_sources(options.export_sources, pair.held_out[source])
    print(
      f'{pair.count} held-out images of {source} in {options.export_sources}'
    )
    return {}
  task = tasks.between(pair, source, target)
  scored = {
    names.TRANSLATION: candidates.read_folder(options.translations, task)
  }
  for name in options.against:
    if against.is_folder(name):
      scored[name] = candidates.read_folder(name, task)
      continue
    translators = against.load(
      name, list(datasets), load_translator, (source, target)
    )
    for row, translator in translators.items():
      scored[row] = candidates.translate(translator, task)
  return report.write(
    options.output,
    [report.Part(task, scored)],
    pair,
    features=options.features,
    scored=options.translations,
  )


def _parts(
  pair: dataset_pair.DatasetPair,
  scored: Mapping[str, candidates.Translates],
  others: Mapping[str, candidates.Translates],
) -> list[report.Part]:
  """Both directions that at least one of the scored translators supports."""
  translators = {**scored, **others}
  first, second = pair.datasets
  parts = []
  for source, target in ((first, second), (second, first)):
    supporting = {
      name: translator
      for name, translator in translators.items()
      if candidates.supports(translator, source, target)
    }
    if set(scored) & set(supporting):
      task = tasks.between(pair, source, target)
      parts.append(
        report.Part(
          task,
          {
            name: candidates.translate(translator, task)
            for name, translator in supporting.items()
          },
          absent=[name for name in translators if name not in supporting],
        )
      )
  return parts


def _load_others(
  options: Options,
  domains: Sequence[str],
  load_translator: against.LoadTranslator,
) -> dict[str, candidates.Translates]:
  """Everything that --against names, by the name of its row."""
  others = {}
  for name in options.against:
    others |= against.load(
      name, list(domains), load_translator, options.direction
    )
  return others


def _check_output(options: Options) -> None:
  if not options.output:
    raise ValueError('give --output, the folder for the results.')
  files.check_writable(options.output, report.JSON, report.HTML)
  against.check_names(options.against)
