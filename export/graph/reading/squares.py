"""Makes an image square in a graph, as `image_arrays.square` does."""

import tensorflow as tf

from tf_twingan import image_arrays


def square(
  image: tf.Tensor, resolution: int, *, fit: str = 'crop', crop: float = 1.0
) -> tf.Tensor:
  """Makes an image square, with an anti-aliased (Lanczos) resize.

  Args:
    image: uint8 RGB, [height, width, 3], of any size.
    resolution: side of the result in pixels.
    fit: 'crop' keeps the central square; 'pad' keeps everything and fills up
      with white.
    crop: central fraction of both sides to keep first, in (0, 1].

  Returns:
    uint8 RGB, [resolution, resolution, 3].
  """
  if fit not in image_arrays.FITS:
    raise ValueError(
      f'fit {fit!r} is unknown; use one of {", ".join(image_arrays.FITS)}'
    )
  if not 0 < crop <= 1:
    raise ValueError(f'crop {crop} is outside (0, 1]; 1 keeps everything')
  sides = tf.cast(tf.shape(image)[:2], tf.float64)
  kept = crop * sides
  if fit == 'crop':
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
