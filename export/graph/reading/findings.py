"""What a reader finds in a file's header, before anything is decoded."""

from collections.abc import Callable
from typing import NamedTuple

import tensorflow as tf

from tf_twingan import image_io

NO_PIXELS = 'the image has no pixels'


class Finding(NamedTuple):
  """What a file holds, by its header.

  Attributes:
    refusal: string scalar, why it is not decoded; '' if it can be.
    decode: decodes the image, uint8 RGB [height, width, 3]; fails if the file
      is damaged.
    orientation: int64, how it is to be turned, as EXIF numbers it; see
      `exif.turn`.
  """

  refusal: tf.Tensor
  decode: Callable[[], tf.Tensor]
  orientation: tf.Tensor


def size_reasons(
  width: tf.Tensor, height: tf.Tensor
) -> list[tuple[tf.Tensor, str | tf.Tensor]]:
  """Reasons not to decode an image of this size, for `first_reason`.

  TensorFlow's decoders allocate whatever a header claims.

  Args:
    width: width in pixels by the header, int64, up to 32 bits.
    height: height in pixels by the header, int64, up to 32 bits.
  """
  size = tf.strings.join(
    [tf.strings.as_string(width), 'x', tf.strings.as_string(height)]
  )
  limit = image_io.MAX_PIXELS
  too_large = tf.strings.join(
    [
      size,
      f' pixels are over the limit of {limit} pixels; make the image smaller',
    ]
  )
  # By each side first: the product of two numbers of 32 bits may overflow.
  over = (width > limit) | (height > limit) | (width * height > limit)
  return [
    ((width < 1) | (height < 1), NO_PIXELS),
    (over, too_large),
  ]


def on_white(pixels: tf.Tensor) -> tf.Tensor:
  """Composites uint8 RGBA [..., 4] on white, uint8 RGB [..., 3]."""
  wide = tf.cast(pixels, tf.uint16)
  colours, alpha = wide[..., :3], wide[..., 3:]
  sums = colours * alpha + (255 - alpha) * 255 + 127
  return tf.cast(sums // 255, tf.uint8)


def look_up(indices: tf.Tensor, table: tf.Tensor) -> tf.Tensor:
  """Colours by their numbers in a table; black for numbers beyond it.

  Args:
    indices: uint8 [...].
    table: uint8 [at most 256, channels].

  Returns:
    uint8 [..., channels].
  """
  missing = 256 - tf.shape(table)[0]
  return tf.gather(
    tf.pad(table, [[0, missing], [0, 0]]), tf.cast(indices, tf.int32)
  )
