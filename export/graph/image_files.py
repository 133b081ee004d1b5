"""Translates image files in a graph: PNG, JPEG, GIF or BMP in, PNG out.

The largest square in the middle of an image is used.
"""

import numpy as np
import tensorflow as tf

from export.graph import folded_network
from tf_twingan import image_io


def translate_files(
  network: folded_network.Network, image_bytes: tf.Tensor
) -> tf.Tensor:
  """Translates encoded images, string [n], to PNGs, string [n]."""
  px = network.resolution
  squares = tf.map_fn(
    lambda encoded: _decode_square(encoded, px),
    image_bytes,
    fn_output_signature=tf.TensorSpec([px, px, 3], tf.uint8),
  )
  images = network.translate(tf.cast(squares, tf.float32) / 127.5 - 1.0)
  return tf.map_fn(
    tf.io.encode_png,
    _to_uint8(images * 127.5 + 127.5),
    fn_output_signature=tf.TensorSpec([], tf.string),
  )


def _decode_square(encoded: tf.Tensor, px: int) -> tf.Tensor:
  """Decodes the square in the middle of an image, uint8 [px, px, 3]."""
  pixels = _pixel_count(encoded)
  # TensorFlow's decoders allocate whatever a header claims.
  check = tf.debugging.assert_less_equal(
    pixels,
    tf.constant(image_io.MAX_PIXELS, tf.int64),
    f'image_bytes: an image has more than {image_io.MAX_PIXELS} pixels',
  )
  with tf.control_dependencies([check]):
    image = tf.io.decode_image(encoded, channels=3, expand_animations=False)
  image.set_shape([None, None, 3])
  side = tf.minimum(tf.shape(image)[0], tf.shape(image)[1])
  image = tf.image.resize_with_crop_or_pad(image, side, side)
  resized = tf.image.resize(image, [px, px], 'lanczos3', antialias=True)
  return _to_uint8(resized)


def _to_uint8(values):
  return tf.cast(tf.clip_by_value(tf.round(values), 0.0, 255.0), tf.uint8)


def _pixel_count(encoded: tf.Tensor) -> tf.Tensor:
  """Number of pixels in an image's header, int64; 0 for an unknown header."""

  def number(offset, size, big_endian):
    digits = tf.io.decode_raw(
      tf.strings.substr(encoded, offset, size), tf.uint8
    )
    digits = tf.cast(digits, tf.int64)
    powers = 256 ** np.arange(size, dtype=np.int64)
    return tf.reduce_sum(digits * (powers[::-1] if big_endian else powers))

  def product(offsets, size, big_endian):
    return lambda: tf.abs(
      number(offsets[0], size, big_endian)
      * number(offsets[1], size, big_endian)
    )

  def jpeg_pixels():
    shape = tf.image.extract_jpeg_shape(encoded, tf.int64)
    return shape[0] * shape[1]

  def starts_with(magic):
    return tf.equal(tf.strings.substr(encoded, 0, len(magic)), magic)

  long_enough = tf.strings.length(encoded) >= 32
  return tf.case(
    [
      (starts_with(b'\xff\xd8\xff'), jpeg_pixels),
      (long_enough & starts_with(b'\x89PNG'), product((16, 20), 4, True)),
      (long_enough & starts_with(b'GIF8'), product((6, 8), 2, False)),
      (long_enough & starts_with(b'BM'), product((18, 22), 4, False)),
    ],
    default=lambda: tf.constant(0, tf.int64),
  )
