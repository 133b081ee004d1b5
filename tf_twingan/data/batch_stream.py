"""Batches of all domains as a pure function of the images seen.

Which images come in a batch, and which of them are mirrored, follows from
the seed, the domain and how many images were seen, and from nothing else:
no iterator state has to be saved, and a resumed run goes on exactly where it
stopped. Each domain is shuffled anew each epoch and walks through its own
images, so domains of different sizes stay unpaired; paired images, if asked
for, stay together. Vectors that belong to images go with them. Weights let some
images of a domain come more often than others.
"""

import functools
import itertools
from collections.abc import Iterator, Mapping

import numpy as np
import tensorflow as tf

from tf_twingan import image_arrays
from tf_twingan.data import image_weights

Batch = dict[str, np.ndarray]

# A stage's images are kept in memory up to this size, else reduced per batch.
_IN_MEMORY_BYTES = 2**30
_CHUNK = 1024


def vectors_key(domain: str) -> str:
  """The key of a domain's vectors in a batch."""
  return f'{domain}/vectors'


class Batches:
  """Makes batches of the domains' images."""

  def __init__(
    self,
    images: Mapping[str, np.ndarray],
    *,
    seed: int = 0,
    mirror: bool = True,
    paired: bool = False,
    vectors: Mapping[str, np.ndarray] | None = None,
    sampling: Mapping[str, np.ndarray] | None = None,
  ):
    """Takes the images as they are loaded.

    Args:
      images: {domain: uint8 [n, resolution, resolution, 3]}, may be memory
        mapped.
      seed: seed of order and mirroring.
      mirror: whether to flip half of the images left to right.
      paired: whether image i of all domains comes at the same position of the
        same batch, mirrored or not; all domains have equally many.
      vectors: {domain: float32 [n, size]} of some domains, row i with image
        i, mirrored or not.
      sampling: {domain: float [n]} of some domains, how often each image comes
        relative to the others, see `image_weights`; all alike in other domains.

    Raises:
      ValueError: weights are wrong, or images are paired that have them.
    """
    self._images = dict(images)
    self._seed = seed
    self._mirror = mirror
    self._paired = paired
    self._vectors = dict(vectors or {})
    self._orders = {
      domain: _WeightedOrder(weights, len(images[domain]))
      for domain, weights in (sampling or {}).items()
    }
    if paired and self._orders:
      raise ValueError(
        'true pairs come together only if all images come equally often; leave '
        '?balance= and the weights of mix: out.'
      )
    self._stage: tuple[int, Batch] = (0, {})

  @property
  def counts(self) -> dict[str, int]:
    """{domain: number of its images}."""
    return {domain: len(rows) for domain, rows in self._images.items()}

  def at(
    self,
    images_seen: int,
    *,
    resolution: int,
    batch_size: int,
    order: int = 0,
  ) -> Batch:
    """The batch that follows after `images_seen` images of each domain.

    Args:
      images_seen: images of each domain that came before the batch.
      resolution: side in pixels, at most that of the images.
      batch_size: number of images of each domain.
      order: number of the shuffle; training takes 0.

    Returns:
      {domain: uint8 [batch_size, resolution, resolution, 3]}, and, of domains
      with vectors, {vectors_key(domain): float32 [batch_size, size]}.
    """
    stage = self._at_resolution(resolution)
    batch = {}
    for number, (domain, images) in enumerate(stage.items()):
      key = (self._seed, order, 0 if self._paired else number)
      order_of = self._orders.get(domain, _order)
      indices = _indices(key, images_seen, batch_size, len(images), order_of)
      batch[domain] = self._make_batch(
        images, indices, (*key, images_seen), resolution
      )
      if domain in self._vectors:
        batch[vectors_key(domain)] = self._vectors[domain][indices]
    return batch

  def stream(
    self, images_seen: int, *, resolution: int, batch_size: int
  ) -> tf.data.Dataset:
    """Endless batches from `images_seen` on, prefetched.

    The arguments are those of `at`.
    """
    self._at_resolution(resolution)  # Now, not in the first batch.
    shape = (batch_size, resolution, resolution, 3)

    def generate() -> Iterator[Batch]:
      for position in itertools.count(images_seen, batch_size):
        yield self.at(position, resolution=resolution, batch_size=batch_size)

    signature = {d: tf.TensorSpec(shape, tf.uint8) for d in self._images}
    for domain, rows in self._vectors.items():
      signature[vectors_key(domain)] = tf.TensorSpec(
        (batch_size, rows.shape[1]), tf.float32
      )
    return tf.data.Dataset.from_generator(
      generate, output_signature=signature
    ).prefetch(2)

  def _at_resolution(self, resolution):
    """All images reduced to a stage's resolution; the last stage is kept.

    Threads that prefetch for an earlier stage may still ask for its images, so
    the arrays that they got are never changed.
    """
    current, stage = self._stage
    if current == resolution:
      return stage
    stage = {}
    for domain, images in self._images.items():
      size = len(images) * resolution * resolution * 3
      if images.shape[1] == resolution or size > _IN_MEMORY_BYTES:
        stage[domain] = images
        continue
      stage[domain] = np.concatenate(
        [
          image_arrays.downsample(images[i : i + _CHUNK], resolution)
          for i in range(0, len(images), _CHUNK)
        ]
      )
    self._stage = (resolution, stage)
    return stage

  def _make_batch(self, images, indices, key, resolution):
    batch = np.stack([images[index] for index in indices])
    if batch.shape[1] != resolution:
      batch = image_arrays.downsample(batch, resolution)
    if self._mirror:
      mirrored = _generator(*key, 1).random(len(indices)) < 0.5
      batch[mirrored] = batch[mirrored, :, ::-1]
    return batch


def _indices(key, images_seen, batch_size, size, order):
  """Indices of a domain's images that come next."""
  positions = np.arange(images_seen, images_seen + batch_size)
  return [
    order(key, int(epoch), size)[position]
    for epoch, position in zip(*np.divmod(positions, size))
  ]


def _generator(*key: int) -> np.random.Generator:
  return np.random.default_rng(np.random.SeedSequence(key))


@functools.lru_cache(maxsize=32)
def _order(key, epoch, size):
  return _generator(*key, epoch, 0).permutation(size)


class _WeightedOrder:
  """Like `_order`, for images of which some come more often than others."""

  def __init__(self, weights, size):
    self._weights = image_weights.check(weights, size)
    self._cached = functools.lru_cache(maxsize=32)(self._make)

  def __call__(self, key, epoch, size):
    del size
    return self._cached(key, epoch)

  def _make(self, key, epoch):
    start = _generator(*key, 2).random()
    chosen = image_weights.epoch(self._weights, epoch, start)
    return chosen[_order(key, epoch, len(chosen))]
