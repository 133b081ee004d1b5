"""The command `plan`: which network fits into a file size and a time.

Nothing is estimated: an untrained network of the same shape is converted, and
its file read. Only the time is that of this computer.
"""

from collections.abc import Iterator, Sequence
from typing import NamedTuple

import numpy as np

from export import benchmark
from export.bundle_files import tflite_contents
from export.formats import registry
from export.graph import folded_network, folding, tflite_conversion
from tf_twingan.models import resolutions, twingan

KINDS = registry.PLANNED
# Feature channels at most; at 4 px there may be four times as many, as in the
# article, so that the finest stages are narrower.
WIDTHS = (256, 192, 128, 96, 64, 48, 32, 24, 16, 12, 8)
_BASE = 4


class Limits(NamedTuple):
  """The largest size and time of a file; None is no limit."""

  megabytes: float | None = None
  milliseconds: float | None = None


class Plan(NamedTuple):
  """Size and time of a network.

  Attributes:
    channels_base: `channels_base` of the TwinGAN.
    channels_max: `channels_max` of the TwinGAN.
    weights: number of weights in the kernels of one direction.
    sizes: {kind: bytes of the file}, before metadata.
    gmacs: 1e9 multiplications and additions for an image.
    peak_memory: bytes of activations in float32; a quarter in 8 bits.
    latency: time of one kind on this computer; None if it has no limit.
    fits: whether the network is within the limits.
  """

  channels_base: int
  channels_max: int
  weights: int
  sizes: dict[str, int]
  gmacs: float
  peak_memory: int
  latency: benchmark.Latency | None
  fits: bool


def print_plan(
  resolution: int, limits: Limits, *, kind: str, threads: int
) -> None:
  """Prints a table of widths and the flags of the widest that fits.

  Args:
    resolution: side of the images, px.
    limits: limits of the file.
    kind: kind of file that the limits are for, one of KINDS.
    threads: number of threads to time on.

  Raises:
    ValueError: no width fits, or an argument is invalid.
  """
  print(
    f'{"base":>5} {"max":>4} {"weights":>10} '
    + ' '.join(f'{k + ", MB":>12}' for k in KINDS)
    + f' {"GMAC":>8} {"memory, MB":>10} {"ms":>7}'
  )
  widest = None
  for row in plan(resolution, limits, kind=kind, threads=threads):
    time = f'{row.latency.milliseconds:7.1f}' if row.latency else '      -'
    print(
      f'{row.channels_base:5} {row.channels_max:4} {row.weights:10,} '
      + ' '.join(f'{s / 1e6:12.2f}' for s in row.sizes.values())
      + f' {row.gmacs:8.3f} {row.peak_memory / 1e6:10.1f} {time}'
      + ('  fits' if row.fits else '')
    )
    widest = widest or (row if row.fits else None)
  if widest is None:
    raise ValueError(
      f'no network of {resolution} px fits; raise the limits, or lower '
      '--resolution.'
    )
  print(
    f'\nThe widest that fits, as {kind}:\n'
    f'  --gin_param="channels_base={widest.channels_base}" '
    f'--gin_param="TwinGAN.channels_max={widest.channels_max}"'
  )


def plan(
  resolution: int, limits: Limits, *, kind: str = 'dynamic', threads: int = 2
) -> Iterator[Plan]:
  """Tries widths, the widest first, to one beyond the first that fits.

  Args:
    resolution: side of the images, px.
    limits: limits of a file of this kind.
    kind: kind of file, one of KINDS.
    threads: number of threads to time on.

  Raises:
    ValueError: the resolution is no power of two, or there is no such kind.
  """
  resolutions.check(resolution)
  if kind not in KINDS:
    raise ValueError(f'format {kind!r} is none of {", ".join(KINDS)}.')
  fitting = 0
  for width in WIDTHS:
    row = _plan_width(resolution, width, limits, kind, threads)
    yield row
    fitting += row.fits
    if fitting == 2:
      return


def untrained(
  resolution: int, channels_base: int, channels_max: int
) -> folded_network.Network:
  """Builds an untrained network, otherwise as in the experiments."""
  model = twingan.TwinGAN(
    ('source', 'target'),
    max_resolution=resolution,
    channels_base=channels_base,
    channels_max=channels_max,
    pixel_norm=False,
    smooth=True,
  )
  return folded_network.Network(
    folding.fold(model, 'source', 'target', resolution=resolution)
  )


def convert(network: folded_network.Network, kind: str) -> bytes:
  """Converts a network to a TFLite file, calibrated with noise."""
  return convert_to_kinds(network, [kind])[kind]


def convert_to_kinds(
  network: folded_network.Network, kinds: Sequence[str]
) -> dict[str, bytes]:
  """Converts a network to TFLite files, calibrated with noise.

  Args:
    network: the network.
    kinds: some of `tflite_conversion.KINDS`.

  Returns:
    {kind: content of the file}
  """
  px = network.resolution
  noise = np.random.default_rng(0).uniform(-1, 1, [2, px, px, 3])
  graph = tflite_conversion.Graph.of_network(network)
  return {kind: graph.convert(kind, noise.astype(np.float32)) for kind in kinds}


def _plan_width(resolution, width, limits, kind, threads) -> Plan:
  network = untrained(resolution, _BASE * width, width)
  files = convert_to_kinds(network, KINDS)
  contents = tflite_contents.read(files['float32'])
  latency = None
  fits = limits.megabytes is None or len(files[kind]) <= limits.megabytes * 1e6
  if limits.milliseconds is not None:
    latency = benchmark.measure(files[kind], threads=threads)
    fits = fits and latency.milliseconds <= limits.milliseconds
  return Plan(
    _BASE * width,
    width,
    network.weights,
    {k: len(file) for k, file in files.items()},
    contents.gmacs,
    contents.peak_memory,
    latency,
    fits,
  )
