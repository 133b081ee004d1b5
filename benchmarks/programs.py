"""Runs the package's programs for benchmarks, each with a log of its own."""

import pathlib
import subprocess
import sys
from collections.abc import Mapping, Sequence

from benchmarks import short_schedule


def run(log: pathlib.Path, module: str, *arguments: str) -> None:
  """Runs a program to its end.

  Args:
    log: file that its output is written to.
    module: name of the program, such as 'train'.
    *arguments: what follows it on the command line.

  Raises:
    ValueError: it failed; names the log and its last line.
  """
  print(f'{module}: see {log}', flush=True)
  log.parent.mkdir(parents=True, exist_ok=True)
  with open(log, 'w', encoding='utf-8') as file:
    done = subprocess.run(
      [sys.executable, '-m', f'tf_twingan.{module}', *arguments],
      stdout=file,
      stderr=file,
      check=False,
    )
  if done.returncode:
    lines = log.read_text('utf-8', 'replace').strip().splitlines() or ['']
    raise ValueError(f'{module} failed ({lines[-1]}); see {log}')


def train(
  output: pathlib.Path,
  folder: pathlib.Path,
  gin_file: str,
  datasets: Mapping[str, str],
  *,
  images: int,
  seed: int,
  params: Sequence[str],
) -> None:
  """Trains by `short_schedule`, unless that is done already.

  Args:
    output: folder of all results, for the log.
    folder: directory of the run.
    gin_file: the configuration.
    datasets: {domain: dataset}.
    images: images of each domain that it takes.
    seed: of the training.
    params: further gin bindings.

  Raises:
    ValueError: it failed; names the log and its last line.
  """
  done = folder / 'done'
  if done.is_file():
    return
  bindings = [
    f'train.seed={seed}',
    # Runs are compared at their end, not each at its best moment.
    'train.score_images=1_000_000',
    *short_schedule.bindings(images),
    *params,
  ]
  run(
    output / 'logs' / f'train_{folder.name}.log',
    'train',
    f'--gin_file={gin_file}',
    f'--run_dir={folder}',
    *(f'--{domain}={dataset}' for domain, dataset in datasets.items()),
    *(f'--gin_param={binding}' for binding in bindings),
  )
  done.touch()
