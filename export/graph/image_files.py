"""Translates image files in a graph: PNG, JPEG, GIF or BMP in, PNG out."""

import tensorflow as tf

from export.graph import folded_network
from export.graph.reading import reader, squares
from tf_twingan import framing


def translate_files(
  network: folded_network.Network,
  image_bytes: tf.Tensor,
  source_framing: framing.Framing,
) -> tuple[tf.Tensor, tf.Tensor]:
  """Translates encoded images, each by itself.

  Args:
    network: translates the images.
    image_bytes: contents of files, string [n].
    source_framing: how images of the source were made square for training.

  Returns:
    PNGs, string [n], '' for a file that cannot be read; and why it cannot be,
    string [n], '' for one that is read.
  """
  images, errors = reader.read_squares(
    image_bytes, network.resolution, source_framing
  )
  images = network.translate(tf.cast(images, tf.float32) / 127.5 - 1.0)
  pngs = tf.map_fn(
    tf.io.encode_png,
    squares.to_uint8(images * 127.5 + 127.5),
    fn_output_signature=tf.TensorSpec([], tf.string),
  )
  return tf.where(errors == '', pngs, ''), errors
