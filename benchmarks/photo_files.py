r"""How fast folders of images are translated, beside the model alone.

  python -m benchmarks.photo_files --images=2000

Image files are translated as `tf_twingan.translate` does it, decoded and
encoded in threads beside the model, and the same images, as arrays, by the
model alone, in turns and in one process: by the shipped model at 32 px, and by
untrained networks of gin files: `photos.gin` at 64 px, and
`models/mobile_128.gin`, a network for phones, at 128 px. The better of the
turns counts. At 32 px, decoding and encoding take a good part of the time that
the network does. --record writes the table to a JSON file.
"""

import contextlib
import io
import pathlib
import shutil
import tempfile
import time
from collections.abc import Callable

import numpy as np
from absl import flags

from benchmarks import measurements
from tf_twingan import cli, image_io

_IMAGES = flags.DEFINE_integer(
  'images', 2000, 'Number of images at 32 px; half as many at 64 px, and so on.'
)
_TURNS = flags.DEFINE_integer('turns', 3, 'Times that each is measured.')
_WORKERS = flags.DEFINE_integer(
  'workers', None, 'Number of threads; that of the processors if not given.'
)

_SHIPPED = 'avatar_twins'
# {gin file of a network: side of its images, px}
_UNTRAINED = {'photos.gin': 64, 'models/mobile_128.gin': 128}
_DOMAINS = ('photo', 'anime')
_SMALL = 32  # px


def main(argv) -> None:
  """Prints a table in Markdown."""
  cli.reject_arguments(argv)
  with cli.report_errors(), tempfile.TemporaryDirectory() as scratch:
    folder = pathlib.Path(scratch)
    from tf_twingan.inference import translator

    printed = measurements.PrintedTable(
      ['', 'images', 'model alone, images/s', 'files, images/s', 'of the model']
    )
    models = {'shipped model': _shipped(translator)}
    for gin_file, side in _UNTRAINED.items():
      models[gin_file] = _untrained(folder / str(side), gin_file, side)
    for name, model in models.items():
      count = max(1, _IMAGES.value * _SMALL // model.resolution)
      alone, files = _speeds(model, count, folder / 'files')
      printed.add(
        f'{model.resolution} px, {name}',
        f'{count:,}',
        f'{alone:.1f}',
        f'{files:.1f}',
        f'{files / alone:.0%}',
      )
    measurements.save(
      [printed.table],
      group='Photographs and films',
      title='Folders beside the model alone',
      what='Images a second from PNG files of the size of the model to PNG '
      'files with provenance and record, and of the same images as arrays '
      f'through the model alone; the better of {_TURNS.value} turns.',
    )


def _shipped(translator):
  return translator.Translator.from_pretrained(_SHIPPED)


def _untrained(folder: pathlib.Path, gin_file: str, side: int):
  """A translator of a gin file's network, which was never trained."""
  import gin
  from tf_twingan import (
    configurables,  # noqa: F401 (registers what gin files name)
    gin_files,
  )
  from tf_twingan.inference import translator
  from tf_twingan.runs import loading

  gin.clear_config()
  gin_files.parse(gin_file)
  model = gin.get_configurable('TwinGAN')(_DOMAINS, max_resolution=side)
  loading.save(loading.LoadedModel(model, side, 1.0, 0), str(folder))
  return translator.Translator(str(folder))


def _speeds(model, count: int, folder: pathlib.Path) -> tuple[float, float]:
  """Images a second of the model alone, and of a folder of files."""
  images = _images(model.resolution, count)
  for number, image in enumerate(images):
    image_io.write_png(folder / 'in' / f'{number:06}.png', image)
  source, to = _DOMAINS
  # It is traced, and its memory allocated, before anything is measured.
  model.translate(images[:64], to, source)
  seconds = [float('inf'), float('inf')]
  for _ in range(_TURNS.value):
    for way, function in enumerate(
      (
        lambda: model.translate(images, to, source),
        lambda: _translate_files(model, folder, source, to),
      )
    ):
      seconds[way] = min(seconds[way], _seconds(function))
  shutil.rmtree(folder)
  return count / seconds[0], count / seconds[1]


def _images(side: int, count: int) -> np.ndarray:
  """Coarse noise, enlarged, as hard to pack as drawings: uint8 [n, ...]."""
  random = np.random.default_rng(0)
  coarse = random.integers(0, 256, [count, 8, 8, 3], np.uint8)
  return coarse.repeat(side // 8, axis=1).repeat(side // 8, axis=2)


def _translate_files(model, folder: pathlib.Path, source: str, to: str) -> None:
  from tf_twingan.inference import (
    file_methods,
    file_translation,
    translation_job,
  )

  shutil.rmtree(folder / 'out', ignore_errors=True)
  with contextlib.redirect_stdout(io.StringIO()):
    plan = translation_job.plan(folder / 'in', folder / 'out')
    file_translation.translate_files(
      file_methods.Squares(model, to, source),
      plan.outputs,
      plan.folder,
      origin=translation_job.origin_of(model),
      record=plan.record,
      workers=_WORKERS.value,
    )


def _seconds(function: Callable[[], object]) -> float:
  start = time.perf_counter()
  function()
  return time.perf_counter() - start


if __name__ == '__main__':
  cli.run(main)
