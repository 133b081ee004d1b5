"""A batch as the networks are shown it: in parts, in [-1, 1], faded in."""

from collections.abc import Mapping, Sequence

import tensorflow as tf

from tf_twingan.data import batch_stream

Batch = Mapping[str, tf.Tensor]


def real_images(
  batch: Batch, domains: Sequence[str], alpha: tf.Tensor
) -> dict[str, tf.Tensor]:
  """The real images of a stage that is faded in.

  Args:
    batch: see `batch_stream.Batches.at`.
    domains: whose images.
    alpha: how far the stage is faded in, a float32 scalar.

  Returns:
    {domain: float32 [batch, resolution, resolution, 3] in [-1, 1]}.
  """
  return {
    d: _blend(tf.cast(batch[d], tf.float32) / 127.5 - 1, alpha) for d in domains
  }


def vectors(batch: Batch, domains: Sequence[str]) -> dict[str, tf.Tensor]:
  """What the images carry, of the domains that do.

  Args:
    batch: see `batch_stream.Batches.at`.
    domains: of which there may be some.

  Returns:
    {domain: float32 [batch, size]}.
  """
  keys = {d: batch_stream.vectors_key(d) for d in domains}
  return {d: batch[key] for d, key in keys.items() if key in batch}


def split_batch(batch: Batch, count: int) -> dict[str, tf.Tensor]:
  """A batch in equal parts, neighbours together: [count, size / count, ...]."""
  return {
    key: tf.reshape(rows, [count, rows.shape[0] // count, *rows.shape[1:]])
    for key, rows in batch.items()
  }


def _blend(images, alpha):
  """Fades real images in as the networks are (PGGAN section 2)."""
  if images.shape[1] < 8:
    return images
  coarse = tf.nn.avg_pool2d(images, 2, 2, 'VALID')
  coarse = tf.repeat(tf.repeat(coarse, 2, axis=1), 2, axis=2)
  return coarse + (images - coarse) * alpha
