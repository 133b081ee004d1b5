"""A vector for each prepared image, by a network that the user has.

Such as a face embedding, for `?vectors=vectors.npz` and identity distillation.
"""

import io
import itertools
import os
from collections.abc import Iterable, Iterator

import numpy as np
from PIL import Image

from tf_twingan import errors, files

# What a pixel's 0 and 255 become for a network that takes floats.
RANGES = {'-1..1': (-1.0, 1.0), '0..1': (0.0, 1.0), '0..255': (0.0, 255.0)}
_BATCH = 32
_DEFAULT_SIZE = 224  # px; of a network that takes any size.
_MAX_SIZE = 4096  # px


class Embedder:
  """Computes vectors of images.

  Attributes:
    name: name of the network's file.
    sha256: checksum of what the vectors follow from: the network's files, and
      the range of its values.
  """

  def __init__(self, path: str | os.PathLike, value_range: str = '-1..1'):
    """Opens the network.

    Args:
      path: a .keras file, a SavedModel's folder, or a .tflite file. It takes
        RGB images [n, height, width, 3]; where it leaves height and width open,
        they are 224. Where it takes uint8 or int8, it gets the pixels as they
        are, or less 128.
      value_range: of its floats, one of RANGES.

    Raises:
      FileNotFoundError: there is nothing at this path.
      ValueError: it is no such network.
    """
    # Here, not above: TensorFlow is not needed for anything else.
    from tf_twingan import image_networks

    shown = errors.printable(path)
    if not os.path.exists(path):
      raise FileNotFoundError(f'--embed={shown}: no such file; check the path')
    try:
      self._network = image_networks.load(path)
    # Keras and TensorFlow raise all kinds for what they cannot read.
    except Exception as error:
      raise ValueError(
        f'--embed={shown} is no Keras model (NAME.keras), no SavedModel with a '
        'serving_default signature that only computes, and no .tflite file: '
        f'{errors.first_line(error)}'
      ) from error
    shape, dtype = self._network.shape, self._network.dtype
    sides = [side or _DEFAULT_SIZE for side in shape[1:3]]
    if len(shape) != 4 or shape[3] != 3 or max(sides) > _MAX_SIZE:
      raise ValueError(
        f'--embed={shown} takes {list(shape)}; give a network of images [n, '
        f'height, width, 3] of at most {_MAX_SIZE} px'
      )
    if dtype not in (np.float32, np.float16, np.uint8, np.int8):
      raise ValueError(
        f'--embed={shown} takes {dtype}; give a network of float32, float16, '
        'uint8 or int8'
      )
    self._size = sides[1], sides[0]
    self._range = RANGES[value_range]
    self._batch = shape[0] or _BATCH
    self.name = os.path.basename(os.path.normpath(path))
    content = image_networks.checksums(path)
    self.sha256 = files.sha256(f'{value_range}\n{content}')

  def embed(self, pngs: Iterable[bytes]) -> np.ndarray:
    """Computes the vectors of images.

    Args:
      pngs: the images, one at least.

    Returns:
      float32 [n, size].

    Raises:
      ValueError: the network cannot compute them.
    """
    parts = []
    for batch in _batches(map(self._input, pngs), self._batch):
      try:
        outputs = self._network.call(batch)
      # As for a shape that only the graph knows.
      except Exception as error:
        raise ValueError(
          f'{self.name} fails on images {list(batch.shape)} of {batch.dtype}: '
          f'{errors.first_line(error)}'
        ) from error
      parts.append(_pooled(outputs))
    return np.concatenate(parts)

  def _input(self, png: bytes) -> np.ndarray:
    """An image as the network takes it."""
    with Image.open(io.BytesIO(png)) as image:
      resized = image.convert('RGB').resize(
        self._size, Image.Resampling.BICUBIC, reducing_gap=3.0
      )
    pixels = np.asarray(resized)
    dtype = self._network.dtype
    if dtype == np.uint8:
      return pixels
    if dtype == np.int8:
      return (pixels.astype(np.int16) - 128).astype(np.int8)
    low, high = self._range
    return (pixels.astype(np.float32) / 255 * (high - low) + low).astype(dtype)


def _batches(images: Iterator[np.ndarray], size: int) -> Iterator[np.ndarray]:
  while batch := list(itertools.islice(images, size)):
    yield np.stack(batch)


def _pooled(outputs) -> np.ndarray:
  """The first output, averaged over positions: [n, size]."""
  # A signature has its outputs by name.
  first = next(iter(outputs.values())) if isinstance(outputs, dict) else outputs
  if isinstance(first, (list, tuple)):
    first = first[0]
  features = np.asarray(first, np.float32)
  if features.ndim < 2:
    raise ValueError(f'it gives {list(features.shape)}, no vector an image')
  return features.mean(axis=tuple(range(1, features.ndim - 1)))
