r"""Scores translations of held-out images, beside floors and ceilings.

  python -m tf_twingan.evaluate --model=avatar_twins --output=scored
  python -m tf_twingan.evaluate --run_dir=runs/mine --output=scored \
      --source=photo=folder:/my/portraits --source=anime=folder:/my/anime
  python -m tf_twingan.evaluate --run_dir=runs/mine --run_datasets \
      --against=runs/other --against=avatar_twins --output=scored
  python -m tf_twingan.evaluate --exported=bundles/anime --output=scored

Writes evaluation.json and evaluation.html, which needs no other file, and
prints the tables. Without --source the images are those that the run was
trained on: embedded avatars, or what --run_datasets allows. Other programs'
translations are scored, too: write the sources with --export_sources, and give
the folder of the results, one image of the same name (0000.png, 0001.png ...)
for each, as --translations.
"""

from absl import flags

from tf_twingan import cli
from tf_twingan.evaluation import names

_RUN_DIR = cli.define_run_dir()
_MODEL = cli.define_model()
_EXPORTED = cli.define_path(
  'exported',
  'What `python -m export` wrote: a bundle (OUTPUT/<to>), a version of its '
  'SavedModel (OUTPUT/<to>/saved_model/1), or one .tflite file.',
)
_TRANSLATIONS = cli.define_path(
  'translations', "A folder of another program's translations."
)
_EXPORT_SOURCES = cli.define_path(
  'export_sources', 'Write the held-out sources there, and nothing else.'
)
_SOURCE = flags.DEFINE_multi_string(
  'source', [], 'Images, as DOMAIN=DATASET (docs/datasets.md); give two.'
)
_RUN_DATASETS = cli.define_run_datasets()
_FROM = flags.DEFINE_string(
  'from', None, 'Translations, or a .tflite file alone: domain of the sources.'
)
_TO = flags.DEFINE_string('to', None, 'Likewise: domain of the translations.')
_RESOLUTION = flags.DEFINE_integer(
  'resolution', None, 'Translations: to compare at, px; a power of two.'
)
_COUNT = flags.DEFINE_integer(
  'count', names.IMAGES, 'Held-out images of each domain.', names.FEWEST_IMAGES
)
_AGAINST = cli.define_paths(
  'against',
  'What else to score, side by side: the directory of another run, a model '
  'that ships, or what --exported takes; with --translations, also a folder of '
  'translations.',
)
_FEATURES = cli.define_path(
  'features',
  'The network behind Fréchet and kernel distance: own, trained on the target '
  'domain within seconds; inception; or a path: NAME.keras or a SavedModel.',
  default=names.OWN_FEATURES,
)
_OUTPUT = cli.define_path('output', 'The folder for the results.')


def main(argv) -> None:
  """Scores a model, exported files, or a folder of translations."""
  cli.reject_arguments(argv)
  with cli.report_errors():
    from tf_twingan.evaluation import command

    options = command.Options(
      run_dir=_RUN_DIR.value,
      model=_MODEL.value,
      exported=_EXPORTED.value,
      translations=_TRANSLATIONS.value,
      export_sources=_EXPORT_SOURCES.value,
      source=_SOURCE.value,
      run_datasets=_RUN_DATASETS.value,
      source_domain=_FROM.value,
      target_domain=_TO.value,
      resolution=_RESOLUTION.value,
      count=_COUNT.value,
      against=_AGAINST.value,
      features=_FEATURES.value,
      output=_OUTPUT.value,
    )
    command.run(options, cli.load_translator)


def run() -> None:
  """The console script."""
  cli.run(main)


if __name__ == '__main__':
  run()
