r"""What Apache Beam adds to the time of a preparation.

  python -m benchmarks.beam_overhead --images=10000

Prepares generated photos of 96 px in threads of the program and by FnApiRunner
in turns, with one worker and with two, and checks that the files are the same.
Without faces to find, a photo takes a millisecond or two, so that this is the
most that Beam adds for an image. The better of two turns counts. --record
writes the table to a JSON file.
"""

import os
import pathlib
import shutil
import tempfile
import time
from collections.abc import Callable

import numpy as np
from absl import flags

from benchmarks import measurements
from tf_twingan import cli, files, image_io
from tf_twingan.data.prepare import beam_job, job, options

_IMAGES = flags.DEFINE_integer('images', 10_000, 'Number of photos.')
_FACES = flags.DEFINE_string('faces', 'none', "As prepare's --faces.")
_TURNS = flags.DEFINE_integer('turns', 2, 'Times that each is measured.')

_RUNNER = 'FnApiRunner'
_OPTIONS = options.Options(faces='none', resolution=64)
_SIDE = 96
_PLAIN, _BEAM = 'threads of the program, {}', _RUNNER + ', {}'
# What prepares the photos, by the number of its workers.
_WAYS: dict[tuple[str, int], dict[str, object]] = {
  (_PLAIN, 1): {'workers': 1},
  (_BEAM, 1): {'options': ()},
  (_PLAIN, 2): {'workers': 2},
  (_BEAM, 2): {
    'options': ('direct_num_workers=2', 'direct_running_mode=multi_processing')
  },
}


def main(argv) -> None:
  """Prints a table in Markdown."""
  cli.reject_arguments(argv)
  with cli.report_errors(), tempfile.TemporaryDirectory() as scratch:
    folder = pathlib.Path(scratch)
    _write_photos(folder / 'photos')
    seconds: dict[tuple[str, int], float] = {}
    digests = set()
    for _ in range(_TURNS.value):
      for way, arguments in _WAYS.items():
        took = _seconds(folder, **arguments)
        seconds[way] = min(took, seconds.get(way, took))
        digests.add(_digest(folder / 'prepared'))
    if len(digests) != 1:
      raise ValueError('the files differ')
    printed = measurements.PrintedTable(
      ['', 'seconds', 'photos/s', 'to the program alone']
    )
    for (name, workers), took in seconds.items():
      printed.add(
        name.format(workers),
        f'{took:.1f}',
        f'{_IMAGES.value / took:.0f}',
        f'{took / seconds[_PLAIN, workers]:.2f}',
      )
    measurements.save(
      [printed.table],
      group='Data',
      title='Apache Beam beside the program alone',
      what=f'{_IMAGES.value:,} generated photos of {_SIDE} px are prepared, '
      f'--faces={_FACES.value}, with one worker and with two; seconds are of '
      'the whole job. All of them wrote the same bytes. There are no faces to '
      'find, so that this is the most that Beam adds for a photo.',
      resolution=_OPTIONS.resolution,
    )


def _write_photos(folder: pathlib.Path) -> None:
  random = np.random.default_rng(0)
  for number in range(_IMAGES.value):
    coarse = random.integers(0, 256, [12, 12, 3], np.uint8)
    image = coarse.repeat(_SIDE // 12, axis=0).repeat(_SIDE // 12, axis=1)
    image_io.write_png(folder / f'{number:06}.png', image)


def _seconds(
  folder: pathlib.Path,
  workers: int | None = None,
  options: tuple[str, ...] | None = None,
) -> float:
  """How long a job takes, from the input to the finished dataset."""
  output = folder / 'prepared'
  shutil.rmtree(output, ignore_errors=True)
  start = time.perf_counter()
  prepare_shards: Callable | None = None
  if options is not None:
    prepare_shards = beam_job.through(_RUNNER, options)
  planned = job.plan(
    str(folder / 'photos'),
    _OPTIONS.model_copy(update={'faces': _FACES.value}),
    output,
  )
  job.run(planned, workers=workers, prepare_shards=prepare_shards)
  return time.perf_counter() - start


def _digest(folder: pathlib.Path) -> str:
  """The checksum of all files below a folder, and of their names."""
  lines = [
    f'{files.sha256(path.read_bytes())} {os.fspath(path.relative_to(folder))}'
    for path in sorted(folder.rglob('*'))
    if path.is_file()
  ]
  return files.sha256('\n'.join(lines))


if __name__ == '__main__':
  cli.run(main)
