"""How large and how fast a model will be, before any training.

Nothing is estimated: an untrained network of the same shape is converted, and
its file read. Only latency is this host's own.
"""

from collections.abc import Iterator
from typing import NamedTuple

import numpy as np

from export import benchmark
from export.bundle_files import tflite_contents
from export.formats import tflite
from export.graph import folded_network, folding
from tf_twingan.models import resolutions, twingan

KINDS = ('float32', 'float16', 'dynamic', 'int8')
# Feature channels at most; at 4 px there may be four times as many, as in the
# article, so that the finest stages are narrower.
WIDTHS = (256, 192, 128, 96, 64, 48, 32, 24, 16, 12, 8)
_BASE = 4


class Limits(NamedTuple):
  """What a file may cost; None is no limit."""

  megabytes: float | None = None
  milliseconds: float | None = None


class Plan(NamedTuple):
  """What a network costs.

  Attributes:
    channels_base: see `TwinGAN`.
    channels_max: see `TwinGAN`.
    weights: of one direction's kernels.
    sizes: {kind: bytes of the file}, before metadata.
    gmacs: for an image.
    peak_memory: bytes of activations in float32; a quarter in 8 bits.
    latency: of one kind on this host; None if it was not asked for.
    fits: whether it is within the limits.
  """

  channels_base: int
  channels_max: int
  weights: int
  sizes: dict[str, int]
  gmacs: float
  peak_memory: int
  latency: benchmark.Latency | None
  fits: bool


def plan(
  resolution: int, limits: Limits, *, kind: str = 'dynamic', threads: int = 2
) -> Iterator[Plan]:
  """Tries widths, the widest first, to one beyond the first that fits.

  Args:
    resolution: of the images, px.
    limits: for a file of `kind`.
    kind: one of KINDS.
    threads: to time on.

  Raises:
    ValueError: the resolution is no power of two, or there is no such kind.
  """
  resolutions.check(resolution)
  if kind not in KINDS:
    raise ValueError(f'format {kind!r} is none of {", ".join(KINDS)}.')
  fitted = 0
  for width in WIDTHS:
    made = _plan(resolution, width, limits, kind, threads)
    yield made
    fitted += made.fits
    if fitted == 2:
      return


def untrained(
  resolution: int, channels_base: int, channels_max: int
) -> folded_network.Network:
  """A network of this shape, with the experiments' other settings."""
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


def convert(drawer: folded_network.Network, kind: str) -> bytes:
  """A TFLite file of it, calibrated with noise."""
  px = drawer.resolution
  noise = np.random.default_rng(0).uniform(-1, 1, [2, px, px, 3])
  return tflite.drawing(drawer, kind, noise.astype(np.float32))


def _plan(resolution, width, limits, kind, threads):
  drawer = untrained(resolution, _BASE * width, width)
  files = {k: convert(drawer, k) for k in KINDS}
  contents = tflite_contents.read(files['float32'])
  timed = None
  fits = limits.megabytes is None or len(files[kind]) <= limits.megabytes * 1e6
  if limits.milliseconds is not None:
    timed = benchmark.measure(files[kind], threads=threads)
    fits = fits and timed.milliseconds <= limits.milliseconds
  return Plan(
    _BASE * width,
    width,
    drawer.weights,
    {k: len(file) for k, file in files.items()},
    contents.gmacs,
    contents.peak_memory,
    timed,
    fits,
  )
