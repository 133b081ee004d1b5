r"""How fast images come in, beside how fast an update takes them.

  python -m benchmarks.input --gin_file=photos.gin

Made-up photographs, 512 px JPEGs, are read from a folder and from TFRecords of
TensorFlow Datasets: decoded, cut, scaled and kept, which a source does once.
From then on batches come from what was kept: cut, mirrored, handed over. A
training's update is timed at the same size, and takes so many of each domain.
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

from benchmarks import updates
from tf_twingan import cli, configurables
from tf_twingan.data import batch_stream
from tf_twingan.data.sources import registry

_GIN_FILE = flags.DEFINE_string('gin_file', 'photos.gin', 'Whose updates.')
_GIN_PARAM = flags.DEFINE_multi_string('gin_param', [], 'As for training.')
_RESOLUTION = flags.DEFINE_multi_integer('resolution', [64, 256], 'px.')
_IMAGES = flags.DEFINE_integer('images', 512, 'How many to read.')
_STEPS = flags.DEFINE_integer('steps', 8, 'Updates to time.')

_SIDE = 512
_BATCH = 8


class MadeUpPhotographs(tfds.core.GeneratorBasedBuilder):
  """The images as TFRecords."""

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
    MadeUpPhotographs(
      data_dir=os.environ['TFDS_DATA_DIR']
    ).download_and_prepare()
    print(
      '| px | folder of JPEGs, once | TFRecords, once | batches of it '
      '| an update takes | batches are faster |\n|---|---|---|---|---|---|'
    )
    for resolution in _RESOLUTION.value:
      once = [
        _read(source, resolution)
        for source in (f'folder:{folder}', 'tfds:made_up_photographs')
      ]
      kept = _batches(f'folder:{folder}', resolution)
      taken = _taken(resolution)
      print(
        f'| {resolution} | {once[0]:,.0f} | {once[1]:,.0f} | {kept:,.0f} '
        f'| {taken:,.1f} | {kept / taken:,.0f}x |',
        flush=True,
      )


def _images(count: int) -> Iterator[bytes]:
  """JPEGs as large as photographs of that size: smooth, with some grain."""
  noise = np.random.default_rng(0)
  for _ in range(count):
    coarse = noise.integers(0, 256, [16, 16, 3], dtype=np.uint8)
    image = Image.fromarray(coarse).resize((_SIDE, _SIDE), Image.BICUBIC)
    grain = noise.normal(0, 8, [_SIDE, _SIDE, 1])
    grainy = np.clip(np.asarray(image) + grain, 0, 255).astype(np.uint8)
    encoded = io.BytesIO()
    Image.fromarray(grainy).save(encoded, 'JPEG', quality=90)
    yield encoded.getvalue()


def _read(source, resolution) -> float:
  """Images a second when a source is read for the first time."""
  begun = time.perf_counter()
  registry.load(source, resolution)
  return _IMAGES.value / (time.perf_counter() - begun)


def _batches(source, resolution) -> float:
  """Images a second from the source's array, one domain's."""
  batches = batch_stream.Batches(
    {'photo': registry.load(source, resolution).images}
  )
  stream = iter(batches.stream(0, resolution=resolution, batch_size=_BATCH))
  next(stream)
  count = max(_IMAGES.value // _BATCH, 1)
  begun = time.perf_counter()
  for _ in range(count):
    next(stream)
  return count * _BATCH / (time.perf_counter() - begun)


def _taken(resolution) -> float:
  """Images of all domains that updates take in a second."""
  stages = {r: 0 for r in (4, 8, 16, 32, 64, 128, 256, 512, 1024)}
  (stage,) = updates.of(
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
