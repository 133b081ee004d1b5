"""Measures bytes and times of exported files, on untrained networks.

  python -m benchmarks.export
  python -m benchmarks.export --resolution=128 --channels_max=64

Three tables: latency of each TFLite kind beside Keras; one SavedModel for all
directions beside one for one direction; and TFLite files of all domains, which
are chosen by their numbers or by a vector of norms, beside a folded one.
"""

import tempfile
from collections.abc import Sequence

import numpy as np
import tensorflow as tf
from absl import app, flags

from export import benchmark, plan
from export.formats import saved_model
from export.graph import (
  domain_selection,
  folded_network,
  folding,
  tflite_conversion,
)
from tf_twingan import cli, compat
from tf_twingan.inference.exported import bundle_manifest
from tf_twingan.models import twingan

_RESOLUTION = flags.DEFINE_integer('resolution', 256, 'Side of the images, px.')
_CHANNELS_MAX = flags.DEFINE_integer(
  'channels_max', 256, 'Feature channels at most; four times as many base.'
)
_DOMAINS = flags.DEFINE_integer(
  'domains', 3, 'Domains of the SavedModel of all directions.'
)
_TABLES = flags.DEFINE_list(
  'tables', ['kinds', 'saved_models', 'shared'], 'Tables, with commas between.'
)
_SECONDS = flags.DEFINE_float('seconds', 3.0, 'To time each file for.')


def main(argv: Sequence[str]) -> None:
  """Prints the tables."""
  cli.reject_arguments(argv)
  px, width = _RESOLUTION.value, _CHANNELS_MAX.value
  model = twingan.TwinGAN(
    [f'domain_{i}' for i in range(_DOMAINS.value)],
    max_resolution=px,
    channels_base=4 * width,
    channels_max=width,
    pixel_norm=False,
    smooth=True,
  )
  # Untrained norms are alike, and a converter would keep them once.
  rng = np.random.default_rng(0)
  for domain in model.domains:
    for variable in model.domain_variables(domain):
      values = rng.uniform(0.5, 1.5, variable.shape)
      variable.assign(values.astype(np.float32))
  print(f'{px} px, at most {width} channels, untrained; this host, no phone.\n')
  tables = {
    'kinds': _print_latencies,
    'saved_models': _print_saved_models,
    'shared': _print_shared_files,
  }
  for name in _TABLES.value:
    tables[name](model, px)


def _print_latencies(model, px) -> None:
  network = folded_network.Network(_fold(model, px))
  print(f'{"":12}{"bytes":>12}{"1 thread, ms":>14}{"2 threads, ms":>15}')
  files = plan.convert_to_kinds(network, tflite_conversion.KINDS)
  for kind, file in files.items():
    print(f'{kind:12}{len(file):12,}{_times(file)}')
  image = tf.zeros([1, px, px, 3])
  first, second, *_ = model.domains
  translate = tf.function(
    lambda images: model.translate(images, first, second, resolution=px),
    autograph=False,
  )
  keras = benchmark.time_calls(lambda: translate(image), _SECONDS.value)
  print(f'{"Keras":12}{"":12}{"":14}{keras.milliseconds:15.1f}\n')


def _print_saved_models(model, px) -> None:
  first, second, *_ = model.domains
  shared = folded_network.shared_networks(model, px)
  one = _saved_bytes(
    {(first, second): folded_network.Network(_fold(model, px))}, px
  )
  several = _saved_bytes(shared, px)
  print(f'SavedModel of one direction      {one:12,} bytes')
  print(
    f'of {len(model.domains)} domains, {len(shared)} directions     '
    f'{several:12,} bytes, {several / one:.3f} times as much\n'
  )


def _saved_bytes(networks, px) -> int:
  spec = tf.TensorSpec([None, px, px, 3], tf.float32, name='image')
  signatures = {
    bundle_manifest.direction(a, b): tf.function(
      lambda image, network=network: {'translation': network.translate(image)},
      autograph=False,
    ).get_concrete_function(spec)
    for (a, b), network in networks.items()
  }
  with tempfile.TemporaryDirectory() as folder:
    saved = saved_model.write(
      list(networks.values()), signatures, folder, 1, {}
    )
    return sum(p.stat().st_size for p in saved.rglob('*') if p.is_file())


class _FromInput(folded_network.Variables):
  """Kernels as variables, and all else as slices of one input vector."""

  def __init__(self, kernels: folded_network.Variables):
    super().__init__()
    self._kernels = kernels
    self.vector = None
    self.length = 0

  def for_convolution(self, place, domain):
    """Returns a function from a role to a variable or a slice."""
    variable = self._kernels.for_convolution(place, domain)

    def variable_or_slice(role, value):
      if role == 'kernel' or place[0] == 'to_rgb':
        return variable(role, value)
      start, self.length = self.length, self.length + len(value)
      if self.vector is None:
        return variable(role, value)
      return self.vector[0, start : self.length]

    return variable_or_slice


def _print_shared_files(model, px) -> None:
  """Times files of all domains by turns with a folded one."""
  selectable = domain_selection.SelectableNetwork(model, px)
  files = {
    'folded, 1 direction': tflite_conversion.Graph.of_network(
      folded_network.Network(_fold(model, px))
    ).convert('dynamic'),
    'domains by their numbers': tflite_conversion.Graph(
      selectable.translate,
      selectable,
      px,
      number_inputs=domain_selection.INPUTS,
    ).convert('dynamic'),
    'norms as an input': _with_norms(model, px),
  }
  folded, *_ = files.values()
  calls = {(n, t): _call(f, t) for n, f in files.items() for t in (1, 2)}
  times = benchmark.time_by_turns(calls, len(calls) * _SECONDS.value)
  print(f'TFLite, dynamic, {len(model.domains)} domains; times by turns')
  for name, file in files.items():
    partitions = _partition_count(file)
    cells = ''.join(
      f'{times[name, t]:9.1f} ms, '
      f'{times[name, t] / times["folded, 1 direction", t]:5.3f} times'
      for t in (1, 2)
    )
    print(
      f'{name:24}{len(file):12,} bytes, {len(file) / len(folded):5.3f} times'
      f'{partitions:4} partitions{cells}'
    )


def _with_norms(model, px) -> bytes:
  first, second, *_ = model.domains
  weights = _fold(model, px, first, second, shared=True)
  kernels = folded_network.Variables()
  counting = _FromInput(kernels)
  holder = tf.Module()
  holder.network = folded_network.Network(weights, variables=counting)

  def translate(image, norms):
    slices = _FromInput(kernels)
    slices.vector = norms
    return folded_network.Network(weights, variables=slices).translate(image)

  norms = tf.TensorSpec([1, counting.length], tf.float32, name='norms')
  return tflite_conversion.Graph(
    translate, holder, px, number_inputs=dict(norms=norms)
  ).convert('dynamic')


def _call(file, threads):
  interpreter = compat.tflite_interpreter(file, num_threads=threads)
  interpreter.allocate_tensors()
  for tensor in interpreter.get_input_details():
    # Ones; as a domain's number that is the second.
    interpreter.set_tensor(
      tensor['index'], np.ones(tensor['shape'], tensor['dtype'])
    )
  return interpreter.invoke


def _partition_count(file) -> int:
  interpreter = compat.tflite_interpreter(file)
  interpreter.allocate_tensors()
  names = [o['op_name'] for o in interpreter._get_ops_details()]
  return names.count('DELEGATE')


def _times(file: bytes) -> str:
  cells = []
  for threads in (1, 2):
    time = benchmark.measure(file, threads=threads, seconds=_SECONDS.value)
    cells.append(f'{time.milliseconds:{14 if threads == 1 else 15}.1f}')
  return ''.join(cells)


def _fold(model, px, source=None, target=None, **options):
  first, second, *_ = model.domains
  return folding.fold(
    model, source or first, target or second, resolution=px, **options
  )


if __name__ == '__main__':
  app.run(main)
