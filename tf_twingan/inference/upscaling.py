"""Upscalers: enlarge images by Lanczos, or by a super-resolution network.

Networks of many makers differ in the values that they take and give. Which
ones these are is found by a try: a network that enlarges images gives an image
which, made small again, is the one that it got.
"""

import os
import threading
from typing import Any, NamedTuple, Protocol

import numpy as np
import tensorflow as tf
from PIL import Image

from tf_twingan import errors, files, forks, image_arrays, image_networks
from tf_twingan.inference import batching, tiles

FACTORS = (2, 3, 4)  # Of Lanczos.
_ADVICE = (
  f'{", ".join(map(str, FACTORS[:-1]))} or {FACTORS[-1]}, or the path of a '
  'super-resolution network, a .tflite file or the folder of a SavedModel'
)
# px; of images that a network takes at once.
_MIN_SIDE, _MAX_SIDE = 8, 4096
# A network that takes any size gets no more at once: many need some kilobytes
# for each pixel.
_WHOLE_SIDE, _PIXELS = 256, 2**16
_OVERLAP = 0.25  # Of tiles: a network looks less far.
_TRIED_SIDE = 32  # px
# Of a network that only enlarges, the mean difference is a hundredth or two.
_LARGEST_ERROR = 0.1


class Upscaler(Protocol):
  """Enlarges images; several threads may use it at once.

  Attributes:
    factor: how many times as high and wide they become.
    identity: what tells it from others, on any machine.
  """

  factor: int
  identity: str

  def __call__(self, images: np.ndarray) -> np.ndarray:
    """Enlarges images.

    Args:
      images: uint8 RGB [n, height, width, 3] of any size.

    Returns:
      uint8 RGB [n, factor * height, factor * width, 3].

    Raises:
      FloatingPointError: a network gives NaN.
      ValueError: `images` is no such array, or a network fails on them.
    """


def load(spec: str | os.PathLike) -> Upscaler:
  """Opens an upscaler.

  Args:
    spec: '2', '3' or '4' enlarges so many times by Lanczos; or the path of a
      super-resolution network, a .tflite file, a folder of a SavedModel or a
      .keras file. A network takes RGB images [n, height, width, 3], square
      where their size is fixed, of uint8, or of floats of 0 to 1, 0 to 255 or
      -1 to 1, and gives such images that are a whole number of times as large.
      Where its size is fixed, larger images are enlarged by overlapping tiles.

  Raises:
    FileNotFoundError: there is nothing at this path.
    ValueError: it is no such number and no such network; says what it is.
  """
  name = os.fspath(spec)
  if name.isdecimal():
    if int(name) not in FACTORS:
      raise ValueError(f'--upscale={name} is no such factor; give {_ADVICE}.')
    return Lanczos(int(name))
  if not os.path.exists(name):
    raise FileNotFoundError(
      f'--upscale={errors.printable(name)}: no such file; give {_ADVICE}.'
    )
  return Network(name)


class Lanczos:
  """Pillow's Lanczos filter; see `Upscaler`."""

  def __init__(self, factor: int):
    """Takes a factor, 2 or more."""
    self.factor = factor
    self.identity = f'Lanczos, {factor} times'

  def __call__(self, images: np.ndarray) -> np.ndarray:
    """See `Upscaler`."""
    images = image_arrays.check_images(images)
    count, height, width, _ = images.shape
    size = self.factor * width, self.factor * height
    results = np.empty([count, size[1], size[0], 3], np.uint8)
    for image, result in zip(images, results):
      result[:] = Image.fromarray(image).resize(size, Image.Resampling.LANCZOS)
    return results


class _Values(NamedTuple):
  """The values that stand for black and white."""

  black: float
  white: float

  def of(self, pixels: np.ndarray) -> np.ndarray:
    """Values of pixels of 0 to 255."""
    scale = (self.white - self.black) / 255
    return pixels.astype(np.float32) * np.float32(scale) + self.black

  def pixels(self, values: np.ndarray) -> np.ndarray:
    """Pixels of values, floats of 0 to 255."""
    scale = 255 / (self.white - self.black)
    return (values.astype(np.float32) - self.black) * np.float32(scale)


_PIXEL_VALUES = _Values(0, 255)
_VALUES = (_Values(0, 1), _PIXEL_VALUES, _Values(-1, 1))


class Network:
  """A super-resolution network by its path; see `Upscaler`."""

  def __init__(self, path: str):
    """Opens and tries a network; see `load`."""
    self._path, self._flag = path, f'--upscale={errors.printable(path)}'
    forks.check_can_run()
    try:
      self._network = image_networks.load(path)
    # Keras and TensorFlow raise all kinds for what they cannot read.
    except Exception as error:
      raise ValueError(
        f'{self._flag} is no .tflite file, no SavedModel with a '
        'serving_default signature and no Keras model (NAME.keras) that only '
        f'compute: {errors.first_line(error)}'
      ) from error
    self.identity = files.sha256(image_networks.checksums(path))
    self._side = self._fixed_side()
    self._lock, self._owner = threading.Lock(), forks.Owner()
    self.factor, self._taken, self._given = self._try()

  def __reduce__(self) -> tuple[Any, ...]:
    """Is pickled by its path, for other processes."""
    return Network, (os.path.abspath(self._path),)

  def __call__(self, images: np.ndarray) -> np.ndarray:
    """See `Upscaler`."""
    self._owner.check()
    images = image_arrays.check_images(images)
    count, height, width, _ = images.shape
    sides = {height, width}
    is_whole = (
      sides == {self._side} if self._side else max(sides) <= _WHOLE_SIDE
    )
    if is_whole and count:
      return self._enlarge(images)
    results = np.empty(
      [count, self.factor * height, self.factor * width, 3], np.uint8
    )
    for image, result in zip(images, results):
      result[:] = tiles.apply(
        self._enlarge, image, self._side or _WHOLE_SIDE, overlap=_OVERLAP
      )
    return results

  def _fixed_side(self) -> int | None:
    """Side of the images that it takes, or None if it takes any."""
    shape, dtype = tuple(self._network.shape), self._network.dtype
    if (
      len(shape) != 4
      or shape[0] not in (None, 1)
      or shape[1] != shape[2]
      or shape[3] != 3
    ):
      raise ValueError(
        f'{self._flag} takes {list(shape)}; give a network of RGB images '
        '[n, height, width, 3], square where their size is fixed'
      )
    if shape[1] is not None and not _MIN_SIDE <= shape[1] <= _MAX_SIDE:
      raise ValueError(
        f'{self._flag} takes images of {shape[1]}x{shape[2]} px; give a '
        f'network of {_MIN_SIDE} to {_MAX_SIDE} px (a .tflite file of any '
        'size must be converted for a fixed one)'
      )
    if dtype not in (np.float32, np.float16, np.uint8):
      raise ValueError(
        f'{self._flag} takes {dtype}; give a network of float32, float16 or '
        'uint8'
      )
    return shape[1]

  def _try(self) -> tuple[int, _Values, _Values]:
    """The factor, the values that it takes, and those that it gives."""
    side = self._side or _TRIED_SIDE
    ramp = np.linspace(30, 225, side)
    image = np.empty([1, side, side, 3], np.uint8)
    image[..., 0], image[..., 1] = ramp[::-1], ramp[:, None]
    image[..., 2] = 70 + 50 * np.sin(np.linspace(0, 9, side))
    is_float = self._network.dtype != np.uint8
    found = []
    for taken in _VALUES if is_float else [_PIXEL_VALUES]:
      output = self._run(image, taken)
      factor = output.shape[1] // side if output.ndim == 4 else 0
      if output.shape != (1, factor * side, factor * side, 3) or factor < 2:
        raise ValueError(
          f'{self._flag} makes {list(output.shape)} of {list(image.shape)}; '
          'give a network that makes images at least twice as large of images'
        )
      small = output.reshape([side, factor, side, factor, 3]).mean(axis=(1, 3))
      for given in _VALUES if output.dtype != np.uint8 else [_PIXEL_VALUES]:
        error = np.abs(given.pixels(small) - image[0]).mean() / 255
        error = min(1.0, np.nan_to_num(error, nan=1.0))
        # Rounded: where all values will do, the first ones are taken.
        found.append((round(float(error), 3), taken, given))
    error, taken, given = min(found, key=lambda entry: entry[0])
    if error > _LARGEST_ERROR:
      raise ValueError(
        f'{self._flag} does not enlarge: made small again, its image differs '
        f'by {error:.0%} from the one that it got; give a network of RGB of 0 '
        'to 1, 0 to 255 or -1 to 1'
      )
    return factor, taken, given

  def _enlarge(self, images: np.ndarray) -> np.ndarray:
    """Enlarges images of a size that the network takes."""
    size = max(1, min(batching.BATCH_SIZE, _PIXELS // images[0, ..., 0].size))
    outputs = batching.apply(
      lambda batch: self._run(batch, self._taken),
      images,
      size=1 if self._network.shape[0] == 1 else size,
    )
    pixels = self._given.pixels(image_arrays.check_finite(outputs))
    return np.clip(np.rint(pixels), 0, 255).astype(np.uint8)

  def _run(self, images: np.ndarray, taken: _Values) -> np.ndarray:
    """What the network gives."""
    if self._network.dtype != np.uint8:
      images = taken.of(images).astype(self._network.dtype)
    try:
      # One of TFLite holds the images of one call.
      with self._lock:
        outputs = tf.nest.flatten(self._network.call(images))
    # As for sizes that only the graph knows.
    except Exception as error:
      raise ValueError(
        f'{self._flag} fails on images {list(images.shape)}: '
        f'{errors.first_line(error)}'
      ) from error
    if len(outputs) != 1:
      raise ValueError(
        f'{self._flag} gives {len(outputs)} tensors; give a network that gives '
        'one, the enlarged images'
      )
    return np.asarray(outputs[0])
