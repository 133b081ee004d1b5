r"""Comparison of TwinGAN, its ablations and other models after equal seconds.

  python -m benchmarks.comparison --output=comparison

Times all models side by side, makes the schedule of each as much longer or
shorter as fills the seconds of TwinGAN's schedule, trains them one after
another on two pairs of avatar styles, and scores those of a pair together by
`tf_twingan.evaluate`. `comparison.md` in the output holds the tables, and
`records/` the same as JSON, for benchmarks/records/. Finished parts are not
done again, so the same command continues. On two cores a training takes about
six minutes, all of it two hours.

  python -m benchmarks.comparison --output=comparison --only=time

Do that while the machine does nothing else; trainings may share it, as they
are measured in images, not seconds.

  python -m benchmarks.comparison --output=comparison --method=TwinGAN \
      --method=CycleGAN --photo=folder:/my/portraits --anime=folder:/my/anime

compares on other images, in as many images.
"""

import datetime
import json
import pathlib
import statistics
import subprocess
import sys
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import tensorflow as tf
from absl import flags

from benchmarks import budget, macs, measurements, score_cells
from tf_twingan import cli
from tf_twingan.evaluation import columns, names
from tf_twingan.models import registry
from tf_twingan.runs import config_files
from tf_twingan.training import strategies

_OUTPUT = flags.DEFINE_string(
  'output', 'comparison', 'Folder for runs, scores and tables.'
)
_ONLY = flags.DEFINE_enum(
  'only', None, ['time', 'train', 'score', 'tables'], 'Do one part only.'
)
_SEEDS = flags.DEFINE_integer(
  'seeds', 3, 'Runs of TwinGAN and CycleGAN on the first pair.'
)

# Datasets of the domains: {'A and B': (photo, anime)}.
PAIRS = {
  'toon-head and lorelei': ('avatars:toon-head', 'avatars:lorelei'),
  'personas and adventurer': ('avatars:personas', 'avatars:adventurer'),
}
# Half of anime.gin's images; the others train for the seconds that it takes.
_HALF = (
  'Growth.stable_images={8: 3_000, 16: 6_000, 32: 9_000}',
  'Growth.decay_images=8_000',
)
METHODS = {
  'TwinGAN': budget.Experiment('anime.gin', _HALF),
  'no skips': budget.Experiment(
    'anime.gin', (*_HALF, 'TwinGAN.skip_max_resolution=4')
  ),
  'one norm for all': budget.Experiment(
    'anime.gin', (*_HALF, "TwinGAN.sharing='everything'")
  ),
  'nothing shared': budget.Experiment(
    'anime.gin', (*_HALF, "TwinGAN.sharing='nothing'")
  ),
  'CycleGAN': budget.Experiment('cyclegan.gin'),
  # The paper's rate is for a million updates; here are some ten thousand.
  'CycleGAN, rates x5': budget.Experiment(
    'cyclegan.gin',
    ('Trainer.learning_rate=1e-3', 'Trainer.discriminator_learning_rate=1e-3'),
  ),
  'pix2pix': budget.Experiment('pix2pix.gin'),
}
# Learning rates cost no time: one measurement serves both.
_COSTS_AS = {'CycleGAN, rates x5': 'CycleGAN'}
_REPEATED = ('TwinGAN', 'CycleGAN')
_REFERENCE = 'TwinGAN'
_PAIRED = 'pix2pix'
# Names in metrics.jsonl beside losses, scores and penalties.
_NOT_LOSSES = (
  'images_seen',
  'time',
  'resolution',
  'alpha',
  'images_per_second',
)
# The last images of each domain, over which losses are averaged.
_LAST = 1_000
# Scores of the short table, beside reconstructions and round trips.
_IN_SHORT = (
  'recall@1',
  'facing kept',
  'background',
  'L1 to truth',
  'SWD',
  'kernel (own features)',
  'kernel error (own features)',
)
_RETURNED = ('reconstruction', 'round trip')
# Floors and ceilings.
_BASELINES = names.BASELINES

_METHOD = flags.DEFINE_multi_enum(
  'method', list(METHODS), list(METHODS), 'Models to compare.'
)
_PHOTO = flags.DEFINE_string(
  'photo', None, 'A dataset, instead of the two pairs of styles.'
)
_ANIME = flags.DEFINE_string('anime', None, 'The other dataset.')


class Run(NamedTuple):
  """One training.

  Attributes:
    pair: name of the pair of datasets, a key of `pairs`.
    method: name of the model, a key of METHODS.
    seed: seed of the training.
  """

  pair: str
  method: str
  seed: int

  @property
  def folder(self) -> str:
    """Name of the directory."""
    words = f'{_folder(self.pair)} {self.method} {self.seed}'
    return words.replace(',', '').replace(' ', '_')


def main(argv) -> None:
  """Does the parts that are not finished."""
  cli.reject_arguments(argv)
  if measurements.RECORD.value:
    sys.exit('Error: --record is not for this one; OUTPUT/records/ has all.')
  output = pathlib.Path(_OUTPUT.value)
  output.mkdir(parents=True, exist_ok=True)
  sources = pairs(_PHOTO.value, _ANIME.value)
  runs = planned(sources, _METHOD.value, _SEEDS.value)

  def is_wanted(part):
    return _ONLY.value in (None, part)

  times = output / 'times.json'
  if is_wanted('time') and not times.is_file():
    times.write_text(json.dumps(_times(), indent=1), 'utf-8')
  if is_wanted('train'):
    for run in runs:
      method = json.loads(times.read_text('utf-8'))[run.method]
      _train(output, run, sources[run.pair], method)
  if is_wanted('score'):
    for pair in sources:
      _score(output, sources[pair], [r for r in runs if r.pair == pair])
  if is_wanted('tables'):
    records = measured(output, runs)
    for name, record in records.items():
      record.write(output / 'records' / f'{name}.json')
    text = '\n\n'.join(record.markdown() for record in records.values())
    (output / 'comparison.md').write_text(f'{text}\n', 'utf-8')
    print(text)


def pairs(photo: str | None, anime: str | None) -> dict[str, tuple[str, str]]:
  """Datasets of the domains by the name of the pair; PAIRS by default.

  Raises:
    ValueError: only one of the two is given.
  """
  if (photo is None) != (anime is None):
    raise ValueError('Give both --photo and --anime, or neither.')
  return PAIRS if photo is None else {'photo and anime': (photo, anime)}


def planned(
  sources: Mapping[str, tuple[str, str]], methods: Sequence[str], seeds: int
) -> list[Run]:
  """All trainings: first every method once on each pair, then further seeds.

  pix2pix is left out where there are no true pairs.
  """
  runs = [
    Run(pair, method, 0)
    for pair in sources
    for method in methods
    if method != _PAIRED or pair in PAIRS
  ]
  first = next(iter(sources))
  for seed in range(1, seeds):
    runs += [Run(first, m, seed) for m in methods if m in _REPEATED]
  return runs


def _folder(pair: str) -> str:
  return pair.replace(' and ', '-')


def _times() -> dict[str, dict[str, Any]]:
  # As all of these trainings do.
  strategies.share_cores(halves=True)
  tf.config.experimental.enable_op_determinism()
  tf.random.set_seed(0)
  costs = budget.measure(
    {name: e for name, e in METHODS.items() if name not in _COSTS_AS}
  )
  costs |= {name: costs[same] for name, same in _COSTS_AS.items()}
  seconds = costs[_REFERENCE].seconds
  return {
    name: dict(
      seconds=seconds,
      set_up=cost.set_up,
      per_image=cost.per_image,
      factor=cost.factor(seconds),
      images=round(cost.growth.total_images * cost.factor(seconds)),
      params=budget.stretched(cost.growth, cost.factor(seconds)),
    )
    for name, cost in costs.items()
  }


def _train(
  output: pathlib.Path,
  run: Run,
  sources: tuple[str, str],
  times: dict[str, Any],
) -> None:
  folder = output / run.folder
  if (folder / 'done').is_file():
    return
  experiment = METHODS[run.method]
  split = '?split=paired' if run.method == _PAIRED else ''
  photo, anime = sources
  params = [
    f"photo='{photo}{split}'",
    f"anime='{anime}{split}'",
    f'train.seed={run.seed}',
    'train.score_images=1_000_000',
    "train.best_by='swd'",  # Suits all images, avatars or not.
    *experiment.params,
    *times['params'],
  ]
  print(f'training {run.folder}', flush=True)
  with open(output / f'{run.folder}.log', 'w', encoding='utf-8') as log:
    subprocess.run(
      [
        sys.executable,
        '-m',
        'tf_twingan.train',
        f'--gin_file={experiment.gin_file}',
        f'--run_dir={folder}',
        *(f'--gin_param={param}' for param in params),
      ],
      stdout=log,
      stderr=log,
      check=True,
    )
  (folder / 'done').touch()


def _score(
  output: pathlib.Path, sources: tuple[str, str], runs: Sequence[Run]
) -> None:
  folder = output / _folder(runs[0].pair)
  if (folder / 'evaluation.json').is_file():
    return
  first, *others = (output / run.folder for run in runs)
  photo, anime = sources
  with open(f'{folder}.log', 'w', encoding='utf-8') as log:
    subprocess.run(
      [
        sys.executable,
        '-m',
        'tf_twingan.evaluate',
        f'--run_dir={first}',
        *(f'--against={other}' for other in others),
        f'--source=photo={photo}',
        f'--source=anime={anime}',
        f'--output={folder}',
      ],
      stdout=log,
      stderr=log,
      check=True,
    )


def measured(
  output: pathlib.Path, runs: Sequence[Run]
) -> dict[str, measurements.Measurement]:
  """Records of everything measured, by the names of their files."""
  times = json.loads((output / 'times.json').read_text('utf-8'))
  records = {
    'comparison_in_short': _record(
      'in short', 'A few scores of all directions.', _short(output, runs)
    ),
    'comparison_sizes': _record(
      'sizes and times',
      'Parameters, multiplications for one image, set-up (tracing and '
      'compiling), milliseconds an image of each domain, and images seen.',
      _sizes(output, runs, times),
    ),
  }
  for pair in dict.fromkeys(run.pair for run in runs):
    own = [run for run in runs if run.pair == pair]
    for named, direction in _directions(output, pair).items():
      records[_record_name(named)] = _record(
        named,
        'Every score of every model, after equally long trainings.',
        *_scores(output, own, direction),
      )
    records[_record_name(f'losses {pair}')] = _record(
      f'losses, {pair}',
      f'Losses at the end, the mean over the last {_LAST:,} images, weighted '
      'as in training.',
      _losses(output, own),
    )
  return records


def _record(
  title: str, what: str, *tables: measurements.Table
) -> measurements.Measurement:
  return measurements.Measurement(
    group='Equally long trainings',
    title=f'Comparison: {title}',
    what=what,
    command=[measurements.command()],
    machine=measurements.machine(),
    tables=tables,
    date=datetime.date.today().isoformat(),
  )


def _record_name(title: str) -> str:
  return f'comparison_{title.replace(" ", "_").replace("-", "_")}'


def _directions(output, pair) -> dict[str, Any]:
  """The evaluation of each direction, by its name."""
  path = output / _folder(pair) / 'evaluation.json'
  photo, anime = pair.split(' and ')
  return {
    title.replace('photo', photo).replace('anime', anime): direction
    for title, direction in json.loads(path.read_text('utf-8'))[
      'directions'
    ].items()
  }


def _short(output, runs) -> measurements.Table:
  """A few scores of all pairs in one table, of the first run of each method."""
  columns_of, rows = {}, {}
  for pair in dict.fromkeys(run.pair for run in runs):
    own = [run for run in runs if run.pair == pair]
    for named, direction in _directions(output, pair).items():
      for method, members in _groups(output, own).items():
        columns_of[method] = None
        scores = direction['scores'][members[0]]
        for name in _IN_SHORT:
          if name in scores:
            cell = columns.cell(name, scores[name])
            rows.setdefault((name, named), {})[method] = cell
        for kind in _RETURNED:
          back = direction['returned'].get(f'{members[0]}, {kind}', {})
          if 'L1' in back:
            cell = columns.cell('L1', back['L1'])
            rows.setdefault((f'{kind}, L1', named), {})[method] = cell
  return measurements.Table(
    ['', '', *columns_of],
    [
      [
        name,
        named,
        *(cells.get(method, columns.NONE) for method in columns_of),
      ]
      for (name, named), cells in sorted(
        rows.items(), key=lambda row: row[0][0]
      )
    ],
  )


def _groups(output, runs) -> dict[str, list[str]]:
  """Names of the runs of each method in their common evaluation."""
  groups = {}
  for run in runs:
    name = 'translation' if run == runs[0] else str(output / run.folder)
    groups.setdefault(run.method, []).append(name)
  return groups


def _sizes(output, runs, times) -> measurements.Table:
  rows = []
  firsts = {}
  for run in runs:
    firsts.setdefault(run.method, run)
  for run in firsts.values():
    config = config_files.read_model(str(output / run.folder))
    model = registry.build(config, precision='float32')
    px = config['max_resolution']
    shape = tf.TensorSpec([1, px, px, 3])

    def translate(images, model=model, px=px):
      first, second = model.domains
      return model.translate(images, first, second, resolution=px)

    count = sum(int(tf.size(v)) for v in model.trainable_variables)
    own = times[run.method]
    each = ', '.join(
      f'{1000 * seconds:.1f} ({resolution} px)'
      for resolution, seconds in own['per_image'].items()
    )
    rows.append(
      [
        run.method,
        f'{count:,}',
        f'{macs.count(translate, shape) / 1e9:.4f}',
        f'{own["set_up"]:.0f}',
        each,
        f'{own["images"]:,}',
      ]
    )
  return measurements.Table(
    [
      'model',
      'parameters',
      'GMAC to translate one image',
      'set-up, s',
      'ms an image',
      'images',
    ],
    rows,
  )


def _losses(output, runs) -> measurements.Table:
  """Weighted losses at the end of TwinGAN and its ablations.

  Other models have other losses.
  """
  named = {}
  for run in runs:
    if METHODS[run.method].gin_file != METHODS[_REFERENCE].gin_file:
      continue
    name = f'{run.method}, seed {run.seed}'
    named[name] = _last_losses(output / run.folder / 'metrics.jsonl')
  terms = dict.fromkeys(term for values in named.values() for term in values)
  return measurements.Table(
    ['', *terms],
    [
      [
        name,
        *(f'{values[t]:.3f}' if t in values else columns.NONE for t in terms),
      ]
      for name, values in named.items()
    ],
  )


def _last_losses(path: pathlib.Path) -> dict[str, float]:
  lines = [json.loads(line) for line in path.read_text('utf-8').splitlines()]
  end = lines[-1]['images_seen']
  last = [line for line in lines if line['images_seen'] > end - _LAST]
  return {
    name: statistics.mean(line[name] for line in last if name in line)
    for name in last[-1]
    if name not in _NOT_LOSSES and not name.startswith(('score', 'penalty'))
  }


def _scores(output, runs, direction) -> list[measurements.Table]:
  """Tables of scores: a row a score, a column a method, floor or ceiling."""
  groups = _groups(output, runs)
  tables = []
  for kind, scores in {
    '': direction['scores'],
    **{k: _returned_scores(direction['returned'], k) for k in _RETURNED},
  }.items():
    members = dict(groups)
    members.update({name: [name] for name in _BASELINES if name in scores})
    score_names = dict.fromkeys(name for row in scores.values() for name in row)
    rows = [
      [
        name,
        *(
          score_cells.cell(
            name, [scores.get(column, {}).get(name) for column in group]
          )
          for group in members.values()
        ),
      ]
      for name in score_names
    ]
    tables.append(
      measurements.Table(['', *members], rows, kind.capitalize() or None)
    )
  return tables


def _returned_scores(table, kind) -> dict[str, Any]:
  """Scores of one kind by candidate; floors belong to all kinds."""
  return {
    name.removesuffix(f', {kind}'): row
    for name, row in table.items()
    if name.endswith(f', {kind}') or name in _BASELINES
  }


if __name__ == '__main__':
  cli.run(main)
