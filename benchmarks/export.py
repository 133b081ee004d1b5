"""What an export costs in bytes and time, on untrained networks.

  python -m benchmarks.export
  python -m benchmarks.export --resolution=128 --channels_max=64

Three tables: latency of each TFLite kind beside Keras; one SavedModel for all
directions beside one for one direction; and a TFLite file that serves every
domain, whose norms come in as a vector, beside a folded one.
"""

import tempfile
from collections.abc import Sequence

import numpy as np
import tensorflow as tf
from absl import app, flags

from export import (
  conversion,
  everything,
  folding,
  latency,
  network,
  planning,
  serving,
)
from tf_twingan.models import twingan

_RESOLUTION = flags.DEFINE_integer('resolution', 256, 'px.')
_CHANNELS_MAX = flags.DEFINE_integer(
  'channels_max', 256, 'Feature channels at most; four times as many base.'
)
_DOMAINS = flags.DEFINE_integer('domains', 3, 'Of the SavedModel of all.')
_SECONDS = flags.DEFINE_float('seconds', 3.0, 'To time each file for.')


def main(argv: Sequence[str]) -> None:
  """Prints the tables."""
  del argv
  px, width = _RESOLUTION.value, _CHANNELS_MAX.value
  model = twingan.TwinGAN(
    [f'domain_{i}' for i in range(_DOMAINS.value)],
    max_resolution=px,
    channels_base=4 * width,
    channels_max=width,
    pixel_norm=False,
    smooth=True,
  )
  print(f'{px} px, at most {width} channels, untrained; this host, no phone.\n')
  _print_latencies(model, px)
  _print_saved_models(model, px)
  _print_shared_file(model, px)


def _print_latencies(model, px) -> None:
  drawer = network.Network(_fold(model, px))
  print(f'{"":12}{"bytes":>12}{"1 thread, ms":>14}{"2 threads, ms":>15}')
  for kind in conversion.KINDS:
    file = planning.convert(drawer, kind)
    print(f'{kind:12}{len(file):12,}{_times(file)}')
  picture = tf.zeros([1, px, px, 3])
  first, second, *_ = model.domains
  translate = tf.function(
    lambda images: model.translate(images, first, second, resolution=px),
    autograph=False,
  )
  keras = latency.time_calls(lambda: translate(picture), _SECONDS.value)
  print(f'{"Keras":12}{"":12}{"":14}{keras.milliseconds:15.1f}\n')


def _print_saved_models(model, px) -> None:
  first, second, *_ = model.domains
  shared = everything.drawers_of(model, px)
  one = _saved_bytes({(first, second): network.Network(_fold(model, px))}, px)
  every = _saved_bytes(shared, px)
  print(f'SavedModel of one direction      {one:12,} bytes')
  print(
    f'of {len(model.domains)} domains, {len(shared)} directions     '
    f'{every:12,} bytes, {every / one:.3f} times as much\n'
  )


def _saved_bytes(drawers, px) -> int:
  spec = tf.TensorSpec([None, px, px, 3], tf.float32, name='image')
  signatures = {
    f'{a}2{b}': tf.function(
      lambda image, drawer=drawer: {'translation': drawer.translate(image)},
      autograph=False,
    ).get_concrete_function(spec)
    for (a, b), drawer in drawers.items()
  }
  with tempfile.TemporaryDirectory() as folder:
    saved = serving.write(list(drawers.values()), signatures, folder, 1, {})
    return sum(p.stat().st_size for p in saved.rglob('*') if p.is_file())


class _FromInput(network.Variables):
  """Kernels as variables, and all else cut out of one input vector."""

  def __init__(self, kernels: network.Variables):
    super().__init__()
    self._kernels = kernels
    self.vector = None
    self.length = 0

  def of(self, place, domain):
    """See `network.Variables.of`."""
    make = self._kernels.of(place, domain)

    def take(role, value):
      if role == 'kernel' or place[0] == 'to_rgb':
        return make(role, value)
      start, self.length = self.length, self.length + len(value)
      if self.vector is None:
        return make(role, value)
      return self.vector[0, start : self.length]

    return take


def _print_shared_file(model, px) -> None:
  first, second, *_ = model.domains
  weights = _fold(model, px, first, second, shared=True)
  kernels = network.Variables()
  counted = _FromInput(kernels)
  holder = tf.Module()
  holder.drawer = network.Network(weights, variables=counted)

  def translate(image, norms):
    taken = _FromInput(kernels)
    taken.vector = norms
    return network.Network(weights, variables=taken).translate(image)

  function = tf.function(translate, autograph=False).get_concrete_function(
    tf.TensorSpec([1, px, px, 3], tf.float32, name='image'),
    tf.TensorSpec([1, counted.length], tf.float32, name='norms'),
  )
  converter = tf.lite.TFLiteConverter.from_concrete_functions(
    [function], holder
  )
  converter.optimizations = [tf.lite.Optimize.DEFAULT]
  file = converter.convert()
  print('TFLite, dynamic, every domain by a vector of norms')
  print(f'{"shared":12}{len(file):12,}{_times(file, counted.length)}')


def _times(file: bytes, norms: int = 0) -> str:
  cells = []
  for threads in (1, 2):
    if norms:
      found = _time_with_norms(file, norms, threads)
    else:
      found = latency.measure(
        file, threads=threads, seconds=_SECONDS.value
      ).milliseconds
    cells.append(f'{found:{14 if threads == 1 else 15}.1f}')
  return ''.join(cells)


def _time_with_norms(file, norms, threads) -> float:
  interpreter = tf.lite.Interpreter(model_content=file, num_threads=threads)
  interpreter.allocate_tensors()
  for tensor in interpreter.get_input_details():
    interpreter.set_tensor(
      tensor['index'], np.ones(tensor['shape'], np.float32)
    )
  return latency.time_calls(interpreter.invoke, _SECONDS.value).milliseconds


def _fold(model, px, source=None, target=None, **options):
  first, second, *_ = model.domains
  return folding.fold(
    model, source or first, target or second, resolution=px, **options
  )


if __name__ == '__main__':
  app.run(main)
