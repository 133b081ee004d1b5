r"""Whether the equivariance loss cures flicker, and what it costs otherwise.

  python -m benchmarks.equivariance --output=equivariance \
      --record=benchmarks/records/equivariance.json

Trains on avatars without the loss and with each weight of --weight, each with
several seeds, all on the same images and equally many of them; --weight=1:0.03
is a weight of 1 with noise of 0.03. Then every run translates films, frame by
frame, and all are scored by `tf_twingan.evaluate`.

The films are made of stills, so that nothing in them has a reason to change:
held-out avatars that turn, shift and grow a little. Translations are compared
at four times their size, as where they are pasted into a frame. The same films
of the same characters in the target style are what a perfect translator would
make; that they flicker, and the sources, too, is due to few pixels and to the
optical flow by which frames are compared.

Finished parts are not done again, so the same command continues. After each
training it says how long the others will take. `films/` in the output holds
frames of a film with what each run makes of them: look at them, too.
"""

import itertools
import json
import pathlib
import statistics
import time
from collections.abc import Sequence
from typing import NamedTuple

from absl import flags

from benchmarks import (
  film_scores,
  measurements,
  moving_avatars,
  programs,
  score_cells,
  short_schedule,
)
from tf_twingan import cli, image_io
from tf_twingan.evaluation import names

DATASETS = {'photo': 'avatars:toon-head', 'anime': 'avatars:lorelei'}
_SOURCES, _TRUTH = 'sources', names.GROUND_TRUTH
_SCORES = (
  'recall@1',
  'hair kept',
  'L1 to truth',
  'kernel (own features)',
  'SWD',
  'turned',
  'content distance',
)


class Arm(NamedTuple):
  """A way to train.

  Attributes:
    weight: weight of the equivariance loss.
    noise: standard deviation of its noise.
  """

  weight: float
  noise: float = 0.0

  @classmethod
  def parse(cls, text: str) -> 'Arm':
    """Reads WEIGHT or WEIGHT:NOISE.

    Raises:
      ValueError: it is neither.
    """
    try:
      return cls(*map(float, text.split(':')))
    except (TypeError, ValueError) as error:
      raise ValueError(
        f'--weight={text}: give a weight, such as 1, or with noise 1:0.03'
      ) from error

  @property
  def title(self) -> str:
    """The head of its column."""
    title = f'weight {self.weight:g}'
    return f'{title}, noise {self.noise:g}' if self.noise else title


class Flags(NamedTuple):
  """The values of the flags; see `define_flags`."""

  output: pathlib.Path
  weight: Sequence[str]
  images: int
  seeds: int
  gin_file: str
  gin_param: Sequence[str]
  score_count: int
  films: int
  frames: int

  @property
  def arms(self) -> list[Arm]:
    """Without the loss, and with each weight."""
    return [Arm(0.0), *map(Arm.parse, self.weight)]


def define_flags() -> None:
  """Defines the flags."""
  cli.define_path('output', 'Folder for all results.', default='equivariance')
  flags.DEFINE_multi_string(
    'weight', ['0.3', '1', '3', '1:0.03'], 'Weights, as WEIGHT or WEIGHT:NOISE.'
  )
  flags.DEFINE_integer('images', 22_000, 'Images of a domain that a run sees.')
  flags.DEFINE_integer('seeds', 2, 'Runs of each weight.')
  flags.DEFINE_string('gin_file', 'anime.gin', 'The configuration.')
  flags.DEFINE_multi_string('gin_param', [], 'Bindings that change it.')
  flags.DEFINE_integer(
    'score_count', names.IMAGES, 'Held-out images of each domain.'
  )
  flags.DEFINE_integer('films', 20, 'Films, each of another avatar.')
  flags.DEFINE_integer('frames', 30, 'Frames of each film.', lower_bound=2)


def main(argv) -> None:
  """Does the parts that are not finished, and prints the tables."""
  cli.reject_arguments(argv)
  given = Flags(**{name: flags.FLAGS[name].value for name in Flags._fields})
  given = given._replace(output=pathlib.Path(given.output))
  with cli.report_errors():
    _train_all(given)
    _score(given)
    for arm in given.arms:
      for seed in range(given.seeds):
        _translate_films(given, run_folder(given.output, arm, seed))
    tables = measured(given)
    for table in tables:
      print(f'\n{table.title}:\n\n{table.markdown()}')
    measurements.save(
      tables,
      group='Photographs and films',
      title='Objective.equivariance_weight',
      what=f'`{given.gin_file}` at {short_schedule.SIDE} px with the '
      f'equivariance loss and without, {given.images:,} images of each domain '
      f'a run; mean (minimum to maximum) over {given.seeds} seeds. The first '
      'rows are of '
      f'{given.films} films of moving held-out avatars, {given.frames} frames '
      'each, translated frame by frame, all x 1000 of values in [0, 1]: the '
      "difference to the frame before, moved by the source's optical flow "
      f'(flicker; with noise of {film_scores.NOISE:g} levels of 255 in the '
      'sources), that to the median frame once the motion is undone, and the '
      'mean squared slope (sharpness).',
      resolution=short_schedule.SIDE,
      batch=short_schedule.BATCH,
      floor='flicker of the ground truth',
      ceiling='scores of the ground truth',
    )


def run_folder(output: pathlib.Path, arm: Arm, seed: int) -> pathlib.Path:
  """The directory of a training."""
  name = arm.title.replace(',', '').replace(' ', '_')
  return output / 'runs' / f'{name}_{seed}'


def _runs(given: Flags) -> list[pathlib.Path]:
  return [
    run_folder(given.output, arm, seed)
    for arm in given.arms
    for seed in range(given.seeds)
  ]


def _train_all(given: Flags) -> None:
  """Trains seed by seed, so that all arms can be compared early."""
  waiting = [
    (arm, seed)
    for seed in range(given.seeds)
    for arm in given.arms
    if not (run_folder(given.output, arm, seed) / 'done').is_file()
  ]
  for index, (arm, seed) in enumerate(waiting):
    begin = time.monotonic()
    _train(given, arm, seed)
    minutes = (time.monotonic() - begin) / 60
    left = len(waiting) - index - 1
    print(
      f'{arm.title}, seed {seed}: {minutes:.1f} minutes; {left} more like it '
      f'take {left * minutes:.0f}',
      flush=True,
    )


def _train(given: Flags, arm: Arm, seed: int) -> None:
  programs.train(
    given.output,
    run_folder(given.output, arm, seed),
    given.gin_file,
    DATASETS,
    images=given.images,
    seed=seed,
    params=[
      f'Objective.equivariance_weight={arm.weight}',
      f'Objective.equivariance_noise={arm.noise}',
      *given.gin_param,
    ],
  )


def _score(given: Flags) -> None:
  folder = given.output / 'scores'
  first, *others = _runs(given)
  if (folder / 'evaluation.json').is_file():
    candidates = json.loads((folder / 'runs.json').read_text('utf-8'))
    if candidates == [run.name for run in _runs(given)]:
      return
  programs.run(
    given.output / 'logs' / 'evaluate.log',
    'evaluate',
    f'--run_dir={first}',
    *(f'--against={other}' for other in others),
    *(f'--source={domain}={text}' for domain, text in DATASETS.items()),
    f'--count={given.score_count}',
    f'--output={folder}',
  )
  (folder / 'runs.json').write_text(
    json.dumps([run.name for run in _runs(given)]), 'utf-8'
  )


def _translate_films(given: Flags, run: pathlib.Path) -> None:
  """Writes what the films of a run show to its directory."""
  path = _films_file(given, run)
  if path.is_file():
    return
  from tf_twingan import Translator

  translator = Translator(str(run))
  found = {}
  for source, to in itertools.permutations(DATASETS):

    def translate(number, sources, to=to, source=source):
      del number
      return translator.translate(sources, to=to, source=source)

    found[f'{source} to {to}'], grid = _film_scores(
      given, DATASETS[source], translate
    )
    image_io.write_png(
      given.output / 'films' / f'{run.name}_{source}_to_{to}.png', grid
    )
  path.write_text(json.dumps(found, indent=1), 'utf-8')


def _films_file(given, run):
  return run / f'films_{given.films}_of_{given.frames}_frames.json'


def measured(given: Flags) -> list[measurements.Table]:
  """A table for each direction: films above, other scores below."""
  evaluation = json.loads(
    (given.output / 'scores' / 'evaluation.json').read_text('utf-8')
  )
  first = _runs(given)[0]
  tables = []
  for direction, results in evaluation['directions'].items():
    source, to = (DATASETS[d] for d in direction.split(' to '))
    scores = results['scores']
    arms = {
      arm.title: [
        run_folder(given.output, arm, seed) for seed in range(given.seeds)
      ]
      for arm in given.arms
    }
    films = {
      title: [
        json.loads(_films_file(given, run).read_text('utf-8'))[direction]
        for run in runs
      ]
      for title, runs in arms.items()
    }
    films[_SOURCES] = [_film_scores(given, source, lambda _, frames: frames)[0]]
    films[_TRUTH] = [_film_scores(given, source, _films_of(given, to))[0]]
    evaluated = {
      title: [
        scores[names.TRANSLATION if run == first else str(run)] for run in runs
      ]
      for title, runs in arms.items()
    }
    evaluated[_TRUTH] = [scores.get(_TRUTH, {})]
    rows = [
      [name, *(_cell([row[name] for row in rows]) for rows in films.values())]
      for name in film_scores.NAMES
    ]
    rows += [
      [
        name,
        *(
          score_cells.cell(
            name, [row.get(name) for row in evaluated.get(title, [{}])]
          )
          for title in films
        ),
      ]
      for name in _SCORES
      if any(name in row for rows in evaluated.values() for row in rows)
    ]
    tables.append(measurements.Table(['', *films], rows, direction))
  return tables


def _film_scores(given, dataset, translate):
  return film_scores.film_scores(
    dataset,
    translate,
    films=given.films,
    frames=given.frames,
    side=short_schedule.SIDE,
  )


def _films_of(given, dataset):
  """What a perfect translator to a style would make of each film."""

  def translate(number, sources):
    del sources
    return moving_avatars.film(
      dataset, number, frames=given.frames, side=short_schedule.SIDE
    )

  return translate


def _cell(values: Sequence[float]) -> str:
  if len(values) == 1:
    return f'{values[0]:.1f}'
  return (
    f'{statistics.mean(values):.1f} ({min(values):.1f} to {max(values):.1f})'
  )


if __name__ == '__main__':
  define_flags()
  cli.run(main)
