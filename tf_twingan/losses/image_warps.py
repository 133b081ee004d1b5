"""Small affine warps of images: each is turned, shifted and scaled at random.

They are as large as what is left of motion when a face is followed through a
film and cut out of each frame: few degrees, and few hundredths of the side.
"""

import math

import tensorflow as tf

ROTATION = math.radians(5.0)  # The most, either way.
SHIFT = 0.05  # Of the side, either way.
SCALE = 0.05  # Larger or smaller by so much.


def random_warps(count: int, side: int, seed: tf.Tensor) -> tf.Tensor:
  """Draws warps around the middle of square images.

  Args:
    count: number of warps.
    side: side of the images, px.
    seed: int32 [2]; the same seed gives the same warps.

  Returns:
    float32 [count, 6]: the rows of 2x3 matrices, which say for each pixel
    (x, y) of the warped image where in the image it comes from. Pixels are
    points of whole coordinates.
  """
  angle, scale, right, down = tf.unstack(
    tf.random.stateless_uniform([4, count], seed, -1.0, 1.0)
  )
  angle, scale = ROTATION * angle, 1 + SCALE * scale
  middle = (side - 1) / 2
  cosine, sine = scale * tf.cos(angle), scale * tf.sin(angle)
  x = middle + SHIFT * side * right - middle * (cosine - sine)
  y = middle + SHIFT * side * down - middle * (sine + cosine)
  return tf.stack([cosine, -sine, x, sine, cosine, y], axis=1)


def warp(images: tf.Tensor, warps: tf.Tensor) -> tf.Tensor:
  """Warps each image by bilinear interpolation; its reflection comes in.

  Written out, as the gradient of TensorFlow's own operation is the output's,
  warped back and so interpolated twice: up to a third off.

  Args:
    images: [batch, side, side, channels], of any floating-point type.
    warps: float32 [batch, 6], see `random_warps`.

  Returns:
    float32, like `images`.
  """
  batch, side, _, channels = images.shape
  last = side - 1
  x, y = (
    last - tf.abs(last - tf.abs(places)) for places in _places(warps, side)
  )
  left, top = (tf.clip_by_value(tf.floor(p), 0, last - 1) for p in (x, y))
  right_share, lower_share = (x - left)[..., None], (y - top)[..., None]
  pixels = tf.reshape(tf.cast(images, tf.float32), [-1, channels])
  first = side**2 * tf.range(batch)[:, None, None]
  first += side * tf.cast(top, tf.int32) + tf.cast(left, tf.int32)
  upper, lower = (
    (1 - right_share) * tf.gather(pixels, row)
    + right_share * tf.gather(pixels, row + 1)
    for row in (first, first + side)
  )
  return (1 - lower_share) * upper + lower_share * lower


def inside(warps: tf.Tensor, side: int) -> tf.Tensor:
  """Which pixels of warped images come from inside of the images.

  Args:
    warps: float32 [batch, 6], see `random_warps`.
    side: side of the images, px.

  Returns:
    float32 [batch, side, side, 1], 1 inside and 0 outside.
  """
  x, y = _places(warps, side)
  kept = (x >= 0) & (x <= side - 1) & (y >= 0) & (y <= side - 1)
  return tf.cast(kept, tf.float32)[..., None]


def _places(warps, side):
  """Where each pixel comes from: x and y, float32 [batch, side, side]."""
  numbers = tf.range(side, dtype=tf.float32)
  columns, rows = numbers[None, None, :], numbers[None, :, None]
  a, b, c, d, e, f = tf.unstack(warps[..., None, None], axis=1)
  return a * columns + b * rows + c, d * columns + e * rows + f
