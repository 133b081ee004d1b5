"""A pool of earlier generated images, to show discriminators once more.

Shrivastava et al., "Learning from Simulated and Unsupervised Images through
Adversarial Training" (2017, section 2.3), as CycleGAN has it (Zhu et al. 2017,
section 4): half of the images that a discriminator sees are older ones, so
that it does not forget what the generator did before, and training swings
less.
"""

import tensorflow as tf


class ImagePool(tf.Module):
  """Earlier images of one domain, a part of every checkpoint.

  Attributes:
    images: float32 [size, resolution, resolution, 3].
    count: int64, how many of them there are.
  """

  def __init__(self, size: int, resolution: int, *, name: str | None = None):
    super().__init__(name=name)
    self.images = tf.Variable(
      tf.zeros([size, resolution, resolution, 3]), trainable=False
    )
    self.count = tf.Variable(0, dtype=tf.int64, trainable=False)

  def swap(self, new: tf.Tensor, seed: tf.Tensor) -> tf.Tensor:
    """Returns each image, or an older one, which it then replaces.

    While the pool is not full, images are kept and returned. After that each
    one has an even chance of being swapped; no two of a batch for the same old
    one. What of a batch overfills the pool is not kept.

    Args:
      new: float32 [batch, resolution, resolution, 3], batch at most size.
      seed: int32 [2], of the choice.

    Returns:
      The same shape, without gradients.

    Raises:
      ValueError: the batch is larger than the pool, or of another resolution.
    """
    size, *shape = self.images.shape
    batch = new.shape[0]
    if batch > size or list(new.shape[1:]) != shape:
      raise ValueError(
        f'{batch} images of {new.shape[1]} px go into a pool of {size} of '
        f'{shape[0]} px; set CycleObjective.pool_size to the batch size or '
        'more, or to 0, and let nothing grow.'
      )
    new = tf.stop_gradient(new)
    coins, order = tf.unstack(
      tf.random.stateless_uniform([2, max(size, batch)], seed)
    )
    positions = tf.cast(tf.argsort(order[:size])[:batch], tf.int64)
    old = tf.gather(self.images, positions)
    next_positions = self.count + tf.range(batch, dtype=tf.int64)
    is_filling = next_positions < size
    is_swapped = (self.count >= size) & (coins[:batch] < 0.5)
    is_kept = is_filling | is_swapped
    positions = tf.where(is_filling, next_positions, positions)
    with tf.control_dependencies([old]):
      self.images.scatter_nd_update(positions[is_kept][:, None], new[is_kept])
      self.count.assign(tf.minimum(self.count + batch, tf.cast(size, tf.int64)))
    return tf.where(is_swapped[:, None, None, None], old, new)
