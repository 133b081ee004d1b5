"""Makes an image square in a graph, as `framing.Framing` does."""

import tensorflow as tf

from tf_twingan import framing


def square(
  image: tf.Tensor, resolution: int, framed: framing.Framing
) -> tf.Tensor:
  """Makes an image square, with an anti-aliased (Lanczos) resize.

  Args:
    image: uint8 RGB, [height, width, 3], of any size.
    resolution: side of the result in pixels.
    framed: what of it is kept, and how that becomes square.

  Returns:
    uint8 RGB, [resolution, resolution, 3].
  """
  sides = tf.cast(tf.shape(image)[:2], tf.float64)
  kept = framed.crop * sides
  if framed.fit == 'crop':
    kept = tf.fill([2], tf.reduce_min(kept))
  first = (sides - kept) / 2
  scale = resolution / tf.reduce_max(kept)
  size = tf.maximum(tf.cast(tf.round(kept * scale), tf.int32), 1)
  scales = tf.cast(size, tf.float64) / kept
  resized = tf.raw_ops.ScaleAndTranslate(
    images=image[None],
    size=size,
    scale=tf.cast(scales, tf.float32),
    translation=tf.cast(-first * scales, tf.float32),
    kernel_type='lanczos3',
    antialias=True,
  )[0]
  before = (resolution - size) // 2
  after = resolution - size - before
  resized = tf.pad(
    to_uint8(resized),
    [[before[0], after[0]], [before[1], after[1]], [0, 0]],
    constant_values=tf.constant(255, tf.uint8),
  )
  return tf.ensure_shape(resized, [resolution, resolution, 3])


def to_uint8(values: tf.Tensor) -> tf.Tensor:
  """Rounds values to uint8; those beyond are clipped."""
  return tf.cast(tf.clip_by_value(tf.round(values), 0.0, 255.0), tf.uint8)
