r"""Whether it pays to prepare images: trainings on raw and on prepared ones.

  python -m benchmarks.preparation --photo=/my/portraits --anime=/my/drawings \
      --output=preparation --record=benchmarks/records/preparation.json

Prepares both folders, the photos a second time with people cut out and put
before random colours, and trains on

  raw       the photos and drawings as they are, central squares
  prepared  faces found and aligned
  cut out   the same, people cut out; drawings as for `prepared`

each with several seeds. All have the same photos and drawings, those of which
each preparation makes one image, and see equally many of them. Then all runs
are scored side by side on what `prepare` held out: once with the background
that it has, and once cut out. As whoever cuts out training images will cut out
what is translated, too, that run's figures are those of the second table.

Finished parts are not done again, so the same command continues. Logs, sample
grids and evaluation.html are in the output: look at them, too.
"""

import csv
import json
import pathlib
import shutil
from collections.abc import Mapping, Sequence
from typing import NamedTuple

from absl import flags

from benchmarks import measurements, programs, score_cells, short_schedule
from tf_twingan import cli
from tf_twingan.data.prepare import carried
from tf_twingan.evaluation import names

RAW, PREPARED, CUT_OUT = ARMS = ('raw', 'prepared', 'cut out')
PHOTO, ANIME = DOMAINS = ('photo', 'anime')
# What is prepared: (domain, background) of each; the two arms with it.
_PREPARATIONS = {
  'photo': (PHOTO, 'keep'),
  'anime': (ANIME, 'keep'),
  'photo_cut_out': (PHOTO, 'random'),
}
_FACES = {PHOTO: 'human', ANIME: 'anime'}
_PREPARED_SIDE = 64
_SPLITS = ('train', 'test')
_SCORES = (
  'kernel (own features)',
  'SWD',
  'turned',
  'background leak, estimated',
  'distinct',
  'diversity',
  'copying',
  'explained',
)


class Flags(NamedTuple):
  """The values of the flags; see `define_flags`."""

  photo: str
  anime: str
  output: pathlib.Path
  images: int
  seeds: int
  gin_file: str
  gin_param: Sequence[str]
  score_count: int


def define_flags() -> None:
  """Defines the flags, which other benchmarks have under the same names."""
  for domain in DOMAINS:
    cli.define_path(domain, f'Folder of raw images of {domain}.', required=True)
  cli.define_path('output', 'Folder for all results.', default='preparation')
  flags.DEFINE_integer('images', 27_000, 'Images of a domain that a run sees.')
  flags.DEFINE_integer('seeds', 3, 'Runs on the same images.')
  flags.DEFINE_string('gin_file', 'photos.gin', 'The configuration.')
  flags.DEFINE_multi_string('gin_param', [], 'Bindings that change it.')
  flags.DEFINE_integer(
    'score_count', names.IMAGES, 'Held-out images of each domain.'
  )


def main(argv) -> None:
  """Does the parts that are not finished, and prints the tables."""
  cli.reject_arguments(argv)
  given = Flags(**{name: flags.FLAGS[name].value for name in Flags._fields})
  given = given._replace(output=pathlib.Path(given.output))
  with cli.report_errors():
    for name, (domain, background) in _PREPARATIONS.items():
      _prepare(given, name, domain, background)
    counts = assemble(given.output, {PHOTO: given.photo, ANIME: given.anime})
    for seed in range(given.seeds):
      for arm in ARMS:
        _train(given, arm, seed)
    for arm in (PREPARED, CUT_OUT):
      _score(given, arm)
    tables = measured(given.output, given.seeds)
    for table in tables:
      print(f'\n{table.title}:\n\n{table.markdown()}')
    measurements.save(
      tables,
      group='Data',
      title='Raw, prepared and cut-out images',
      what=f'`{given.gin_file}` at {short_schedule.SIDE} px on the same '
      f'{counts[PHOTO]["train"]:,} photos and {counts[ANIME]["train"]:,} '
      f'drawings, {given.images:,} images of each domain a run, scored on '
      'held-out prepared images; mean (minimum to maximum) over '
      f'{given.seeds} seeds.',
      resolution=short_schedule.SIDE,
      batch=short_schedule.BATCH,
    )


def _prepare(given: Flags, name: str, domain: str, background: str) -> None:
  folder = given.output / 'prepared' / name
  if (folder / 'dataset.json').is_file():
    return
  programs.run(
    given.output / 'logs' / f'prepare_{name}.log',
    'prepare',
    f'--input={getattr(given, domain)}',
    f'--output={folder}',
    f'--faces={_FACES[domain]}',
    f'--background={background}',
    f'--resolution={_PREPARED_SIDE}',
  )


def images_of(folder: pathlib.Path) -> dict[str, str]:
  """The image of each photo that a preparation made one image of.

  Args:
    folder: what prepare wrote.

  Returns:
    {name of the photo: SPLIT/NAME.png}.
  """
  with open(folder / carried.ORIGINS, encoding='utf-8', newline='') as file:
    rows = list(csv.DictReader(file))
  found: dict[str, list[str]] = {}
  for row in rows:
    found.setdefault(row['photo'], []).append(row['file'])
  return {
    photo: images[0] for photo, images in found.items() if len(images) == 1
  }


def assemble(
  output: pathlib.Path, raw: Mapping[str, str]
) -> dict[str, dict[str, int]]:
  """Copies the images of each arm to OUTPUT/arms/ARM/DOMAIN/SPLIT.

  Args:
    output: folder of all results, with the three preparations.
    raw: {domain: folder of the photos}.

  Returns:
    {domain: {split: number of images}}, of all arms.

  Raises:
    ValueError: the preparations leave too few for a split.
  """
  prepared = {n: images_of(output / 'prepared' / n) for n in _PREPARATIONS}
  counts: dict[str, dict[str, int]] = {}
  for domain in DOMAINS:
    own = [n for n, (of, _) in _PREPARATIONS.items() if of == domain]
    photos = sorted(
      photo
      for photo in set.intersection(*(set(prepared[n]) for n in own))
      if len({prepared[n][photo].partition('/')[0] for n in own}) == 1
    )
    counts[domain] = dict.fromkeys(_SPLITS, 0)
    for number, photo in enumerate(photos):
      split = prepared[own[0]][photo].partition('/')[0]
      counts[domain][split] += 1
      sources = {
        RAW: pathlib.Path(raw[domain], photo),
        **{
          arm: output / 'prepared' / n / prepared[n][photo]
          for arm, n in ((PREPARED, own[0]), (CUT_OUT, own[-1]))
        },
      }
      for arm, source in sources.items():
        name = f'{number:06}{source.suffix}'
        target = arm_folder(output, arm, domain) / split / name
        if not target.exists():
          target.parent.mkdir(parents=True, exist_ok=True)
          shutil.copyfile(source, target)
    for split, count in counts[domain].items():
      if count < names.FEWEST_IMAGES:
        raise ValueError(
          f'{domain} has {count} images left for {split}, but needs '
          f'{names.FEWEST_IMAGES}; give more photos'
        )
  return counts


def arm_folder(output: pathlib.Path, arm: str, domain: str) -> pathlib.Path:
  """The images of an arm, with a folder for each split."""
  return output / 'arms' / arm.replace(' ', '_') / domain


def run_folder(output: pathlib.Path, arm: str, seed: int) -> pathlib.Path:
  """The directory of a training."""
  return output / 'runs' / f'{arm.replace(" ", "_")}_{seed}'


def _train(given: Flags, arm: str, seed: int) -> None:
  programs.train(
    given.output,
    run_folder(given.output, arm, seed),
    given.gin_file,
    {
      domain: f'folder:{arm_folder(given.output, arm, domain)}'
      for domain in DOMAINS
    },
    images=given.images,
    seed=seed,
    params=given.gin_param,
  )


def _score(given: Flags, arm: str) -> None:
  folder = _scores_folder(given.output, arm)
  if (folder / 'evaluation.json').is_file():
    return
  first, *others = _runs(given.output, given.seeds)
  programs.run(
    given.output / 'logs' / f'evaluate_{folder.name}.log',
    'evaluate',
    f'--run_dir={first}',
    *(f'--against={other}' for other in others),
    *(
      f'--source={domain}=folder:{arm_folder(given.output, arm, domain)}'
      for domain in DOMAINS
    ),
    f'--count={given.score_count}',
    f'--output={folder}',
  )


def _scores_folder(output: pathlib.Path, arm: str) -> pathlib.Path:
  return output / 'scores' / arm.replace(' ', '_')


def _runs(output: pathlib.Path, seeds: int) -> list[pathlib.Path]:
  return [run_folder(output, arm, s) for arm in ARMS for s in range(seeds)]


def measured(output: pathlib.Path, seeds: int) -> list[measurements.Table]:
  """A table of scores for each kind of held-out images and direction.

  Args:
    output: folder of all results.
    seeds: number of runs of each arm.
  """
  first = run_folder(output, ARMS[0], 0)
  columns = {
    arm: [
      names.TRANSLATION if run == first else str(run)
      for run in (run_folder(output, arm, seed) for seed in range(seeds))
    ]
    for arm in ARMS
  }
  tables = []
  for held_out in (PREPARED, CUT_OUT):
    path = _scores_folder(output, held_out) / 'evaluation.json'
    directions = json.loads(path.read_text('utf-8'))['directions']
    for direction, results in directions.items():
      scores = results['scores']
      shown = columns | {n: [n] for n in names.BASELINES if n in scores}
      rows = [
        [
          name,
          *(
            score_cells.cell(name, [scores[run].get(name) for run in runs])
            for runs in shown.values()
          ),
        ]
        for name in _SCORES
        if any(name in row for row in scores.values())
      ]
      title = f'{direction}, held-out images {held_out}'
      tables.append(measurements.Table(['', *shown], rows, title))
  return tables


if __name__ == '__main__':
  define_flags()
  cli.run(main)
