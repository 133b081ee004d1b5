"""On-device preprocessing of a batch: uint8 to [-1, 1], and fade-in."""

from collections.abc import Mapping, Sequence

import tensorflow as tf

from tf_twingan.data import batch_stream

Batch = Mapping[str, tf.Tensor]


def real_images(
  batch: Batch, domains: Sequence[str], alpha: tf.Tensor
) -> dict[str, tf.Tensor]:
  """Converts a batch's images to floats, faded in as the networks are.

  Args:
    batch: see `batch_stream.Batches.at`.
    domains: names of the domains whose images to take.
    alpha: how far the stage is faded in, a float32 scalar.

  Returns:
    {domain: float32 [batch, resolution, resolution, 3] in [-1, 1]}.
  """
  return {
    d: _fade_in(tf.cast(batch[d], tf.float32) / 127.5 - 1, alpha)
    for d in domains
  }


def vectors(batch: Batch, domains: Sequence[str]) -> dict[str, tf.Tensor]:
  """Returns the vectors that images carry, of the domains that have any.

  Args:
    batch: see `batch_stream.Batches.at`.
    domains: names of all domains.

  Returns:
    {domain: float32 [batch, size]}.
  """
  keys = {d: batch_stream.vectors_key(d) for d in domains}
  return {d: batch[key] for d, key in keys.items() if key in batch}


def split_batch(batch: Batch, parts: int) -> dict[str, tf.Tensor]:
  """Cuts a batch into equal parts of neighbours: [parts, size / parts, ...]."""
  return {
    key: tf.reshape(rows, [parts, rows.shape[0] // parts, *rows.shape[1:]])
    for key, rows in batch.items()
  }


def _fade_in(images, alpha):
  """Blends from half the resolution (PGGAN, section 2)."""
  if images.shape[1] < 8:
    return images
  coarse = tf.nn.avg_pool2d(images, 2, 2, 'VALID')
  coarse = tf.repeat(tf.repeat(coarse, 2, axis=1), 2, axis=2)
  return coarse + (images - coarse) * alpha
