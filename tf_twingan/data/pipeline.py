"""Batches of all domains as a pure function of the images seen.

Which pictures come in a batch, and which of them are mirrored, follows from
the seed, the domain and how many images were seen, and from nothing else:
no iterator state is to be saved, and a resumed run reads on exactly where it
stopped. Each domain is shuffled anew each epoch and walks through its own
pictures, so domains of different sizes stay unpaired.
"""

import functools
import itertools
from collections.abc import Iterator, Mapping

import numpy as np
import tensorflow as tf

from tf_twingan import images as images_lib

Batch = dict[str, np.ndarray]

# A stage's pictures are kept in memory up to this size, else made per batch.
_IN_MEMORY_BYTES = 2**30
_CHUNK = 1024


class Batches:
  """Draws batches from the domains' pictures.

  Attributes:
    sizes: {domain: number of pictures}.
  """

  def __init__(
    self,
    pictures: Mapping[str, np.ndarray],
    *,
    seed: int = 0,
    mirror: bool = True,
  ):
    """Takes the pictures as they are loaded.

    Args:
      pictures: {domain: uint8 [n, resolution, resolution, 3]}, may be memory
        mapped.
      seed: of order and mirroring.
      mirror: flip half of the pictures left to right.
    """
    self._pictures = dict(pictures)
    self._seed = seed
    self._mirror = mirror
    self._stage: dict[str, np.ndarray] = {}
    self._stage_resolution = None
    self.sizes = {d: len(p) for d, p in self._pictures.items()}

  def at(self, images_seen: int, *, resolution: int, batch_size: int) -> Batch:
    """The batch that follows after `images_seen` images of each domain.

    Args:
      images_seen: position.
      resolution: px, at most that of the pictures.
      batch_size: pictures of each domain.

    Returns:
      {domain: uint8 [batch_size, resolution, resolution, 3]}.
    """
    self._prepare(resolution)
    return {
      domain: self._draw(number, domain, images_seen, resolution, batch_size)
      for number, domain in enumerate(self._pictures)
    }

  def stream(
    self, images_seen: int, *, resolution: int, batch_size: int
  ) -> tf.data.Dataset:
    """Endless batches from `images_seen` on, prefetched; see `at`."""
    self._prepare(resolution)
    shape = (batch_size, resolution, resolution, 3)

    def generate() -> Iterator[Batch]:
      for position in itertools.count(images_seen, batch_size):
        yield self.at(position, resolution=resolution, batch_size=batch_size)

    return tf.data.Dataset.from_generator(
      generate,
      output_signature={
        d: tf.TensorSpec(shape, tf.uint8) for d in self._pictures
      },
    ).prefetch(2)

  def _prepare(self, resolution):
    """Filters all pictures down to the stage's resolution, once."""
    if self._stage_resolution == resolution:
      return
    stage = {}
    for domain, pictures in self._pictures.items():
      size = len(pictures) * resolution * resolution * 3
      if pictures.shape[1] == resolution or size > _IN_MEMORY_BYTES:
        stage[domain] = pictures
        continue
      stage[domain] = np.concatenate(
        [
          images_lib.downsample(pictures[i : i + _CHUNK], resolution)
          for i in range(0, len(pictures), _CHUNK)
        ]
      )
    self._stage, self._stage_resolution = stage, resolution

  def _draw(self, number, domain, images_seen, resolution, batch_size):
    pictures = self._stage[domain]
    positions = np.arange(images_seen, images_seen + batch_size)
    epochs, places = np.divmod(positions, len(pictures))
    indices = np.array(
      [
        _order(self._seed, number, int(epoch), len(pictures))[place]
        for epoch, place in zip(epochs, places)
      ]
    )
    batch = np.stack([pictures[i] for i in indices])
    if batch.shape[1] != resolution:
      batch = images_lib.downsample(batch, resolution)
    if self._mirror:
      coins = _generator(self._seed, number, images_seen, 1)
      mirrored = coins.random(batch_size) < 0.5
      batch[mirrored] = batch[mirrored, :, ::-1]
    return batch


def _generator(*key: int) -> np.random.Generator:
  return np.random.default_rng(np.random.SeedSequence(key))


@functools.lru_cache(maxsize=32)
def _order(seed, number, epoch, size):
  return _generator(seed, number, epoch, 0).permutation(size)
