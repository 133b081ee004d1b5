"""Speed of reading image files for the first time, beside Pillow alone.

  python -m benchmarks.image_reading

JPEGs with about the bytes of photographs are read from a folder and from
TFRecord files, checked against all limits, turned, cropped and scaled, and
written to the cache. Beside that stands what Pillow takes for the same pixels
without any check, and for decoding alone. Every figure is the fastest of
--turns. The processor's time of an image tells what a machine would reach that
does nothing else. --record writes the table to a JSON file.
"""

import concurrent.futures
import io
import os
import pathlib
import tempfile
import time
from collections.abc import Callable, Iterator

import numpy as np
from absl import flags
from PIL import Image

from benchmarks import measurements
from tf_twingan import cli
from tf_twingan.data.prepare import tfrecord_files
from tf_twingan.data.sources import registry

_IMAGES = flags.DEFINE_integer('images', 2000, 'Number of images to read.')
_SIDE = flags.DEFINE_integer('side', 128, 'Their side, px.')
_RESOLUTION = flags.DEFINE_integer('resolution', 64, 'Side after reading, px.')
_TURNS = flags.DEFINE_integer('turns', 3, 'How often each way is timed.')

_COLUMNS = ('read by', 'images/s', 'processor time of an image')


def main(argv) -> None:
  """Prints a table in Markdown, row by row."""
  cli.reject_arguments(argv)
  with cli.report_errors(), tempfile.TemporaryDirectory() as scratch:
    folder = pathlib.Path(scratch, 'images')
    folder.mkdir()
    records = []
    for index, image in enumerate(_make_images(_IMAGES.value)):
      (folder / f'{index}.jpg').write_bytes(image)
      records.append(tfrecord_files.Record(f'{index}.jpg', image))
    shard = pathlib.Path(scratch, 'images.tfrecord')
    tfrecord_files.write(shard, records, len(records))
    paths = sorted(folder.iterdir())
    threads = min(8, os.cpu_count() or 1)
    printed = measurements.PrintedTable(_COLUMNS)
    for name, read in (
      ('`folder:`', lambda: _load(f'folder:{folder}', scratch)),
      ('`tfrecord:`', lambda: _load(f'tfrecord:{shard}', scratch)),
      (
        f'Pillow, the same pixels, {threads} threads',
        lambda: _map(_decode_and_scale, paths, threads),
      ),
      (
        f'Pillow, decoding alone, {threads} threads',
        lambda: _map(_decode, paths, threads),
      ),
    ):
      seconds, processor = _fastest(read)
      printed.add(
        name,
        f'{_IMAGES.value / seconds:,.0f}',
        f'{processor / _IMAGES.value * 1e6:,.0f} µs',
      )
    measurements.save(
      [printed.table],
      group='Input',
      title='Reading small JPEGs',
      what=f'{_IMAGES.value:,} JPEGs of {_SIDE.value} px, read at '
      f'{_RESOLUTION.value} px for the first time.',
      resolution=_RESOLUTION.value,
    )


def _fastest(read: Callable[[], None]) -> tuple[float, float]:
  """The least seconds that it takes, and the least of all processors."""
  seconds, processor = [], []
  for _ in range(_TURNS.value):
    begun = time.perf_counter(), time.process_time()
    read()
    seconds.append(time.perf_counter() - begun[0])
    processor.append(time.process_time() - begun[1])
  return min(seconds), min(processor)


def _load(dataset: str, scratch: str) -> None:
  with tempfile.TemporaryDirectory(dir=scratch) as cache:
    os.environ['TF_TWINGAN_CACHE'] = cache
    registry.load(dataset, _RESOLUTION.value)


def _map(
  read: Callable[[pathlib.Path], object],
  paths: list[pathlib.Path],
  threads: int,
) -> None:
  with concurrent.futures.ThreadPoolExecutor(threads) as pool:
    for _ in pool.map(read, paths):
      pass


def _decode(path: pathlib.Path) -> np.ndarray:
  with Image.open(path) as image:
    return np.asarray(image)


def _decode_and_scale(path: pathlib.Path) -> np.ndarray:
  side = _RESOLUTION.value
  with Image.open(path) as image:
    return np.asarray(image.resize((side, side), Image.Resampling.LANCZOS))


def _make_images(count: int) -> Iterator[bytes]:
  """JPEGs with about the bytes of photographs: smooth, with some grain."""
  noise = np.random.default_rng(0)
  side = _SIDE.value
  for _ in range(count):
    coarse = noise.integers(0, 256, [16, 16, 3], dtype=np.uint8)
    image = Image.fromarray(coarse).resize((side, side), Image.BICUBIC)
    grain = noise.normal(0, 8, [side, side, 1])
    grainy = np.clip(np.asarray(image) + grain, 0, 255).astype(np.uint8)
    encoded = io.BytesIO()
    Image.fromarray(grainy).save(encoded, 'JPEG', quality=90)
    yield encoded.getvalue()


if __name__ == '__main__':
  cli.run(main)
