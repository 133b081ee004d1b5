r"""How many photos prepare takes in a second, stage by stage.

  python -m benchmarks.prepare_speed --faces=none
  python -m benchmarks.prepare_speed --faces=human \
      --dataset=folder:/my/portraits

Reads, prepares and encodes photos in one thread, each stage with all before it,
and then runs the whole job in as many threads as there are processors. Without
--dataset the photos are generated JPEGs of one megapixel, which show no face.
The better of two turns counts. --record writes the table to a JSON file.
"""

import os
import pathlib
import tempfile
import time
from collections.abc import Callable

import numpy as np
from absl import flags
from PIL import Image

from benchmarks import measurements
from tf_twingan import cli
from tf_twingan.data.prepare import inputs, job, options, preparer, shards

_DATASET = flags.DEFINE_string('dataset', None, 'Photos; else generated ones.')
_FACES = flags.DEFINE_string('faces', 'none', "As prepare's --faces.")
_BACKGROUND = flags.DEFINE_string('background', 'keep', 'Likewise.')
_IMAGES = flags.DEFINE_integer('images', 200, 'The first so many photos.', 1)
_RESOLUTION = flags.DEFINE_integer('resolution', 256, 'As in prepare.')
_TURNS = flags.DEFINE_integer('turns', 2, 'Times that each is measured.', 1)

_SIZE = 1152, 864


def main(argv) -> None:
  """Prints a table in Markdown."""
  cli.reject_arguments(argv)
  with cli.report_errors(), tempfile.TemporaryDirectory() as scratch:
    folder = pathlib.Path(scratch)
    dataset = _DATASET.value
    if dataset is None:
      _write_photos(folder / 'photos')
      dataset = f'folder:{folder / "photos"}'
    opened = inputs.open_input(dataset, None)
    names = opened.names[: _IMAGES.value]
    opened = opened._replace(
      names=names, splits=opened.splits[: len(names)], attributes={}
    )
    prepared = preparer.Preparer(
      options.Options(
        faces=_FACES.value,
        background=_BACKGROUND.value,
        resolution=_RESOLUTION.value,
        # Generated photos are smooth.
        blur=0.0,
      )
    )
    ways: dict[str, Callable[[str], object]] = {
      'read': opened.read,
      'and find, align, clean': lambda name: prepared.prepare(
        opened.read(name), name
      ),
      'and tell near-duplicates': lambda name: shards.prepare_photo(
        prepared, opened.read, name, encode=False
      ),
      'and encode PNGs': lambda name: shards.prepare_photo(
        prepared, opened.read, name
      ),
    }
    seconds = {}
    for stage, prepare in ways.items():
      prepare(names[0])  # Loads what is loaded once.
      seconds[stage] = min(
        _seconds(lambda p=prepare: [p(name) for name in names])
        for _ in range(_TURNS.value)
      )
    workers = os.cpu_count() or 1
    seconds[f'the whole job, {workers} threads'] = min(
      _seconds(
        lambda t=turn: job.run(
          job.plan(dataset, prepared.options, folder / f'prepared{t}')._replace(
            opened=opened
          ),
          workers=workers,
        )
      )
      for turn in range(_TURNS.value)
    )
    _print(seconds, len(names))


def _print(seconds: dict[str, float], count: int) -> None:
  printed = measurements.PrintedTable(
    ['stage', 'photos/s', 'ms a photo', 'times as long as to read']
  )
  for stage, took in seconds.items():
    printed.add(
      stage,
      f'{count / took:.0f}',
      f'{1000 * took / count:.1f}',
      f'{took / seconds["read"]:.2f}',
    )
  measurements.save(
    [printed.table],
    group='Preparation',
    title=f'Speed of prepare with --faces={_FACES.value}',
    what=f'{count:,} photos, {_DATASET.value or "generated, one megapixel"}, '
    f'--background={_BACKGROUND.value}. All but the last row are one thread.',
    resolution=_RESOLUTION.value,
  )


def _write_photos(folder: pathlib.Path) -> None:
  folder.mkdir()
  random = np.random.default_rng(0)
  for number in range(_IMAGES.value):
    coarse = random.integers(0, 256, [9, 12, 3], np.uint8)
    photo = Image.fromarray(coarse).resize(_SIZE, Image.Resampling.BICUBIC)
    photo.save(folder / f'{number:06}.jpg', quality=90)


def _seconds(work: Callable[[], object]) -> float:
  start = time.perf_counter()
  work()
  return time.perf_counter() - start


if __name__ == '__main__':
  cli.run(main)
