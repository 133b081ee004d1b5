r"""How fast a model translates the images of a folder, without a server.

  python -m benchmarks.model_alone --folder=images --model=avatar_twins

In batches, as arrays that are in memory already, and with reading each image
and writing each result as PNG, one after another.
"""

import pathlib
import time
from collections.abc import Callable

import numpy as np
from absl import flags

from tf_twingan import cli, photo_files, provenance

_FOLDER = flags.DEFINE_string('folder', None, 'Images.', required=True)
_MODEL = flags.DEFINE_string(
  'model', 'avatar_twins', 'A model that ships with the package.'
)
_TO = flags.DEFINE_string('to', 'anime', 'The domain to translate to.')
_BATCH = flags.DEFINE_integer('batch', 32, 'Images of a batch.')
_SECONDS = flags.DEFINE_float('seconds', 10, 'How long each is measured.')


def main(argv) -> None:
  """Prints two lines."""
  cli.reject_arguments(argv)
  with cli.report_errors():
    from tf_twingan.inference import translator

    model = translator.Translator.from_pretrained(_MODEL.value)
    source = model.source_for(_TO.value)
    framed = model.framing_of(source)
    origin = provenance.Provenance(
      _MODEL.value, model.fingerprint, provenance.version(), provenance.WHOLE
    )
    paths = sorted(pathlib.Path(_FOLDER.value).iterdir())
    contents = [path.read_bytes() for path in paths[: 8 * _BATCH.value]]
    batches = [
      contents[start : start + _BATCH.value]
      for start in range(0, len(contents), _BATCH.value)
    ]

    def read(batch: list[bytes]) -> np.ndarray:
      return np.stack([framed.read(one, model.resolution) for one in batch])

    def translate(squares: np.ndarray) -> np.ndarray:
      return model.translate(squares, _TO.value, source)

    def whole(batch: list[bytes]) -> None:
      for image in translate(read(batch)):
        photo_files.encode(image, origin=origin)

    squares = [read(batch) for batch in batches]
    print(f'model alone: {_speed(translate, squares):.2f} images/s')
    print(f'read and written, too: {_speed(whole, batches):.2f} images/s')


def _speed(function: Callable, batches: list) -> float:
  """Images a second, after each batch was done once."""
  for batch in batches:
    function(batch)
  done, begun = 0, time.perf_counter()
  while time.perf_counter() - begun < _SECONDS.value:
    for batch in batches:
      function(batch)
      done += len(batch)
  return done / (time.perf_counter() - begun)


if __name__ == '__main__':
  cli.run(main)
