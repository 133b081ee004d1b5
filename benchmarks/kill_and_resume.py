"""Kills a training at random moments, resumes it, and compares the final bits.

  python -m benchmarks.kill_and_resume --kills=5

Trains tiny.gin to 16 px once undisturbed, and once killed (SIGKILL) that many
times: twice during a fade-in, else anywhere. A checkpoint is written every
step, so that a kill may also hit a save. Prints where each kill fell, and
compares every tensor of the two last checkpoints. --record writes the result to
a JSON file.
"""

import os
import pathlib
import random
import subprocess
import sys
import tempfile
import time

import numpy as np
from absl import flags

from benchmarks import measurements
from tf_twingan import cli
from tf_twingan.runs import checkpoint_values, checkpoints

_KILLS = flags.DEFINE_integer('kills', 5, 'Number of kills.')
_SEED = flags.DEFINE_integer('seed', 0, 'Random seed of the moments.')

_BATCH = 8
_TOTAL = 160
_FADES = (range(32, 64, _BATCH), range(96, 128, _BATCH))  # Images seen.


def main(argv) -> None:
  """Runs both trainings and compares them."""
  cli.reject_arguments(argv)
  generator = random.Random(_SEED.value)
  moments = [generator.choice(fade) for fade in _FADES][: _KILLS.value]
  while len(moments) < _KILLS.value:
    moments.append(generator.randrange(0, _TOTAL - _BATCH, _BATCH))
  folder = pathlib.Path(tempfile.mkdtemp())
  whole, killed = folder / 'whole', folder / 'killed'
  _wait(_start(whole))
  killed_at = []
  for moment in sorted(moments):
    process = _start(killed)
    while _seen(killed) < moment and process.poll() is None:
      time.sleep(0.001)
    time.sleep(generator.random() * 0.3)
    process.kill()
    process.wait()
    killed_at.append(f'{_seen(killed)}')
    print(f'killed after the checkpoint of {killed_at[-1]} images', flush=True)
  _wait(_start(killed))
  first, second = _tensors(whole), _tensors(killed)
  differing = [
    name
    for name in first
    if not np.array_equal(first[name], second[name], equal_nan=True)
  ]
  print(f'{len(first)} tensors compared, {len(differing)} differ')
  rows = [
    [
      f'killed after the checkpoints of (of {_TOTAL} images)',
      ', '.join(killed_at),
    ],
    ['tensors compared', f'{len(first)}'],
    ['tensors that differ', f'{len(differing)}'],
  ]
  measurements.save(
    [measurements.Table(['', 'value'], rows)],
    group='Resuming',
    title='Kills',
    what='A training killed at random moments and resumed, compared with one '
    'that was not.',
    batch=_BATCH,
    resolution=16,
  )
  sys.exit(bool(differing) or set(first) != set(second))


def _start(run):
  with open(f'{run}.log', 'a', encoding='utf-8') as log:
    return subprocess.Popen(
      [
        sys.executable,
        '-m',
        'tf_twingan.train',
        '--gin_file=tiny.gin',
        f'--run_dir={run}',
        '--gin_param=Growth.final_resolution=16',
        '--gin_param=Growth.decay_images=128',
        '--gin_param=train.checkpoint_minutes=0.0',
      ],
      stdout=log,
      stderr=log,
    )


def _wait(process):
  if process.wait():
    sys.exit(f'Error: the training ended with {process.returncode}.')


def _seen(run):
  prefixes = checkpoints.Checkpoints(str(run / 'checkpoints')).prefixes()
  return int(os.path.basename(prefixes[0])) if prefixes else 0


def _tensors(run):
  store = checkpoints.Checkpoints(str(run / 'checkpoints'))
  return checkpoint_values.tensors(store.prefixes()[0])


if __name__ == '__main__':
  cli.run(main)
