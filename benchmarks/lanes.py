"""Trains the same in two environments, and puts curves and speed side by side.

  python -m benchmarks.lanes --other=.venv-other-lane/bin/python

Trains anime.gin for 2,000 images of each domain at 8 px, with three seeds, by
the Python that runs this and by the other one, in turns. Prints the mean and
the standard deviation over seeds of each loss but the penalties over the last
quarter of the training, of the scores at its end, and of the images trained in
a second.
--record writes the result to a JSON file.
"""

import json
import pathlib
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Mapping, Sequence

from absl import app, flags

from benchmarks import measurements
from tf_twingan import cli

_OTHER = flags.DEFINE_string('other', None, 'Python of the other environment.')

_SEEDS = range(3)
_IMAGES = 2000  # Of each domain.
_RESOLUTION = 8
_NOT_COMPARED = ('images_seen', 'time', 'resolution', 'alpha')
_VERSIONS = (
  'import importlib.metadata as m, platform; '
  'print("Python", platform.python_version().rsplit(".", 1)[0] + ", '
  'TensorFlow", m.version("tensorflow") + ", Keras", m.version("keras"))'
)


def main(argv: Sequence[str]) -> None:
  """Trains by both and compares."""
  cli.reject_arguments(argv)
  # A required flag would be required of every program of a process that
  # imports this module, as tests do.
  if _OTHER.value is None:
    raise app.UsageError('Give --other, the Python of the other environment.')
  pythons = [sys.executable, _OTHER.value]
  values: list[dict[str, list[float]]] = [{} for _ in pythons]
  with tempfile.TemporaryDirectory() as folder:
    for seed in _SEEDS:
      for index, python in enumerate(pythons):
        run = pathlib.Path(folder, f'{index}_{seed}')
        _train(python, run, seed)
        for name, value in _summary(run).items():
          values[index].setdefault(name, []).append(value)
        print(f'seed {seed}, {python}: trained', flush=True)
  columns = ['mean ± standard deviation', *map(_versions, pythons)]
  table = measurements.PrintedTable(columns)
  for name in values[0]:
    table.add(name, *(_spread(of_one.get(name, [])) for of_one in values))
  measurements.save(
    [table.table],
    group='Two lanes',
    title='Training in both lanes',
    what=f'anime.gin, {len(_SEEDS)} seeds of {_IMAGES:,} images of each '
    f'domain at {_RESOLUTION} px: losses over the last quarter, scores at the '
    'end.',
    batch=8,
    resolution=_RESOLUTION,
  )


def _train(python: str, run: pathlib.Path, seed: int) -> None:
  log = run.with_suffix('.log')
  with open(log, 'w', encoding='utf-8') as output:
    code = subprocess.call(
      [
        python,
        '-m',
        'tf_twingan.train',
        '--gin_file=anime.gin',
        f'--run_dir={run}',
        f'--gin_param=Growth.final_resolution={_RESOLUTION}',
        f'--gin_param=Growth.stable_images={{8: {_IMAGES}}}',
        f'--gin_param=Growth.decay_images={_IMAGES // 2}',
        '--gin_param=train.log_steps=10',
        f'--gin_param=train.score_images={_IMAGES}',
        f'--gin_param=train.seed={seed}',
      ],
      stdout=output,
      stderr=output,
    )
  if code:
    sys.exit(
      f'Error: {python} ended with {code}:\n{log.read_text("utf-8")[-3000:]}'
    )


def _summary(run: pathlib.Path) -> Mapping[str, float]:
  """Means over the last quarter of the rows; scores as they are last."""
  text = (run / 'metrics.jsonl').read_text(encoding='utf-8')
  rows = [json.loads(line) for line in text.splitlines()]
  last = rows[-max(1, len(rows) // 4) :]
  means: dict[str, float] = {}
  for name in last[-1]:
    if name in _NOT_COMPARED or name.startswith('penalty'):
      continue
    found = [row[name] for row in last if name in row]
    is_score = name.startswith('score')
    means[name] = found[-1] if is_score else statistics.mean(found)
  return means


def _versions(python: str) -> str:
  return subprocess.check_output([python, '-c', _VERSIONS], text=True).strip()


def _spread(values: Sequence[float]) -> str:
  if len(values) < 2:
    return f'{values[0]:.3g}' if values else 'none'
  return f'{statistics.mean(values):.3g} ± {statistics.stdev(values):.2g}'


if __name__ == '__main__':
  cli.run(main)
