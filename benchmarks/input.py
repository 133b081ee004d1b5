r"""Speed of reading images, beside the speed at which updates use them.

  python -m benchmarks.input --gin_file=photos.gin

Synthetic photographs, 512 px JPEGs, are read from a folder and from TFRecords
of TensorFlow Datasets: decoded, cropped, scaled and cached, which is done once
for a dataset. From then on batches come from the cache. Updates of a training
are timed at the same resolution. --record writes the table to a JSON file.
"""

import io
import os
import pathlib
import tempfile
import time
from collections.abc import Iterator

import numpy as np
import tensorflow as tf
import tensorflow_datasets as tfds
from absl import flags
from PIL import Image

from benchmarks import measurements, updates
from tf_twingan import cli, configurables
from tf_twingan.data import batch_stream
from tf_twingan.data.sources import registry

_GIN_FILE = flags.DEFINE_string('gin_file', 'photos.gin', 'The configuration.')
_GIN_PARAM = flags.DEFINE_multi_string(
  'gin_param', [], 'Gin binding, as for training.'
)
_RESOLUTION = flags.DEFINE_multi_integer(
  'resolution', [64, 256], 'Resolution, px.'
)
_IMAGES = flags.DEFINE_integer('images', 512, 'Number of images to read.')
_STEPS = flags.DEFINE_integer('steps', 8, 'Updates to time.')

_SIDE = 512
_BATCH = 8
_COLUMNS = (
  'px',
  'folder of JPEGs, once',
  'TFRecords, once',
  'batches of it',
  'an update takes',
  'batches are faster',
)


class SyntheticPhotographs(tfds.core.GeneratorBasedBuilder):
  """Synthetic photographs as a dataset of TFRecords."""

  VERSION = tfds.core.Version('1.0.0')

  def _info(self) -> tfds.core.DatasetInfo:
    return tfds.core.DatasetInfo(
      builder=self,
      features=tfds.features.FeaturesDict(
        {'image': tfds.features.Image(shape=(None, None, 3))}
      ),
    )

  def _split_generators(self, dl_manager):
    del dl_manager
    return {'train': self._generate_examples()}

  def _generate_examples(self):
    for index, image in enumerate(_images(_IMAGES.value)):
      yield index, {'image': io.BytesIO(image)}


def main(argv) -> None:
  """Prints a table in Markdown, row by row."""
  cli.reject_arguments(argv)
  with cli.report_errors(), tempfile.TemporaryDirectory() as scratch:
    updates.configure(_GIN_FILE.value, _GIN_PARAM.value)
    configurables.share_cores()
    os.environ['TF_TWINGAN_CACHE'] = os.path.join(scratch, 'kept')
    os.environ['TFDS_DATA_DIR'] = os.path.join(scratch, 'tfds')
    folder = pathlib.Path(scratch, 'images')
    folder.mkdir()
    for index, image in enumerate(_images(_IMAGES.value)):
      (folder / f'{index}.jpg').write_bytes(image)
    SyntheticPhotographs(
      data_dir=os.environ['TFDS_DATA_DIR']
    ).download_and_prepare()
    printed = measurements.PrintedTable(_COLUMNS)
    for resolution in _RESOLUTION.value:
      once = [
        _read(dataset, resolution)
        for dataset in (f'folder:{folder}', 'tfds:synthetic_photographs')
      ]
      kept = _batches(f'folder:{folder}', resolution)
      used = _used(resolution)
      printed.add(
        f'{resolution}',
        f'{once[0]:,.0f}',
        f'{once[1]:,.0f}',
        f'{kept:,.0f}',
        f'{used:,.1f}',
        f'{kept / used:,.0f}x',
      )
    measurements.save(
      [printed.table],
      group='Input',
      title='Reading images',
      what=f'Images a second of {_IMAGES.value} JPEGs of {_SIDE} px: read '
      'once, in batches from the cache, and used by updates of '
      f'{_GIN_FILE.value}.',
      batch=_BATCH,
    )


def _images(count: int) -> Iterator[bytes]:
  """JPEGs with about the bytes of photographs: smooth, with some grain."""
  noise = np.random.default_rng(0)
  for _ in range(count):
    coarse = noise.integers(0, 256, [16, 16, 3], dtype=np.uint8)
    image = Image.fromarray(coarse).resize((_SIDE, _SIDE), Image.BICUBIC)
    grain = noise.normal(0, 8, [_SIDE, _SIDE, 1])
    grainy = np.clip(np.asarray(image) + grain, 0, 255).astype(np.uint8)
    encoded = io.BytesIO()
    Image.fromarray(grainy).save(encoded, 'JPEG', quality=90)
    yield encoded.getvalue()


def _read(dataset, resolution) -> float:
  """Images a second when a dataset is read for the first time."""
  begun = time.perf_counter()
  registry.load(dataset, resolution)
  return _IMAGES.value / (time.perf_counter() - begun)


def _batches(dataset, resolution) -> float:
  """Images a second in batches from the cache, of one domain."""
  batches = batch_stream.Batches(
    {'photo': registry.load(dataset, resolution).images}
  )
  stream = iter(batches.stream(0, resolution=resolution, batch_size=_BATCH))
  next(stream)
  count = max(_IMAGES.value // _BATCH, 1)
  begun = time.perf_counter()
  for _ in range(count):
    next(stream)
  return count * _BATCH / (time.perf_counter() - begun)


def _used(resolution) -> float:
  """Images of all domains that updates use in a second."""
  stages = {r: 0 for r in (4, 8, 16, 32, 64, 128, 256, 512, 1024)}
  (stage,) = updates.each_resolution(
    _GIN_FILE.value,
    [
      *_GIN_PARAM.value,
      f'Growth.start_resolution={resolution}',
      f'Growth.final_resolution={resolution}',
      f'Growth.fade_images={stages}',
      f'Growth.stable_images={stages | {resolution: _BATCH}}',
      f'Growth.batch_size={_BATCH}',
      'Growth.decay_images=0',
    ],
  )
  seconds = stage.seconds(_STEPS.value) / _STEPS.value
  return _BATCH * len(stage.trainer.model.domains) / seconds


if __name__ == '__main__':
  tf.config.experimental.enable_op_determinism()
  tf.random.set_seed(0)
  cli.run(main)
