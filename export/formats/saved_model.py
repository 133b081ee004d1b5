"""A SavedModel as TensorFlow Serving takes it.

`FOLDER/VERSION/` holds these signatures, each for any number of images:

  serving_default  image_bytes (PNG, JPEG, GIF or BMP of any size) -> png_bytes
  translate        image, float32 [n, px, px, 3] in [-1, 1] -> translation
  embed            image -> embedding, unit vectors [n, d]

Names that end in `_bytes` are base64 in REST. The largest square in the middle
of an image is used. An image that is none fails its whole request, so
send strangers' images one by one.
"""

import os
import pathlib
from collections.abc import Mapping, Sequence

import numpy as np
import tensorflow as tf
from tensorflow_serving.apis import predict_pb2, prediction_log_pb2

from export.formats import embedding, tflite
from export.graph import folded_network
from tf_twingan import files, image_arrays, image_io
from tf_twingan.inference.exported import saved_model

TRANSLATE, EMBED = saved_model.TRANSLATE, 'embed'
FILES, PNGS = 'image_bytes', 'png_bytes'
SERVING_DEFAULT = tf.saved_model.DEFAULT_SERVING_SIGNATURE_DEF_KEY
_WARM_UPS = 4  # Requests; the first ones are slow.

_CONFIGS = {
  'models.config': """model_config_list {{
  config {{
    name: "{name}"
    base_path: "/models/{name}"
    model_platform: "tensorflow"
  }}
}}
""",
  'batching.config': """max_batch_size {{ value: 32 }}
batch_timeout_micros {{ value: 2000 }}
max_enqueued_batches {{ value: 100 }}
num_batch_threads {{ value: 4 }}
""",
  'monitoring.config': """prometheus_config {{
  enable: true
  path: "/monitoring/prometheus/metrics"
}}
""",
}


def save(
  network: folded_network.Network,
  embedder: embedding.Embedder,
  folder: str | os.PathLike,
  version: int,
  images: np.ndarray,
) -> pathlib.Path:
  """Saves one direction.

  Args:
    network: draws.
    embedder: embeds images of the source's domain.
    folder: that TensorFlow Serving watches; it finds the new version whole.
    version: a number that the folder does not have yet.
    images: uint8 [n, px, px, 3]; a few become warm-up requests.

  Returns:
    The new version's folder.

  Raises:
    OSError: it could not be written.
    ValueError: the folder has this version.
  """
  from_files, from_numbers = drawing_signatures(network)
  signatures = {
    SERVING_DEFAULT: from_files,
    TRANSLATE: from_numbers,
    EMBED: tf.function(
      lambda image: {tflite.EMBEDDING: embedder.embed(image)},
      autograph=False,
    ).get_concrete_function(_numbers(network)),
  }
  shown = images[:_WARM_UPS]
  floats = image_arrays.to_float(shown)
  return write(
    [network, embedder],
    signatures,
    folder,
    version,
    {
      SERVING_DEFAULT: {FILES: as_pngs(shown)},
      TRANSLATE: {tflite.INPUT: floats},
      EMBED: {tflite.INPUT: floats},
    },
  )


def drawing_signatures(
  network: folded_network.Network,
) -> tuple[
  tf.types.experimental.ConcreteFunction, tf.types.experimental.ConcreteFunction
]:
  """A network from files to PNGs, and from numbers to numbers."""
  from_files = tf.function(
    lambda image_bytes: {PNGS: drawn(network, image_bytes)}, autograph=False
  )
  from_numbers = tf.function(
    lambda image: {tflite.TRANSLATION: network.translate(image)},
    autograph=False,
  )
  return (
    from_files.get_concrete_function(
      tf.TensorSpec([None], tf.string, name=FILES)
    ),
    from_numbers.get_concrete_function(_numbers(network)),
  )


def as_pngs(images: np.ndarray) -> np.ndarray:
  """uint8 [n, px, px, 3] to n PNGs, an array of bytes."""
  return np.array([tf.io.encode_png(p).numpy() for p in images], object)


def _numbers(network):
  px = network.resolution
  return tf.TensorSpec([None, px, px, 3], tf.float32, name=tflite.INPUT)


def write(
  parts: Sequence[tf.Module],
  signatures: Mapping[str, tf.types.experimental.ConcreteFunction],
  folder: str | os.PathLike,
  version: int,
  warm_up: Mapping[str, Mapping[str, np.ndarray]],
) -> pathlib.Path:
  """Writes a version aside, and renames it when it is whole.

  Args:
    parts: hold the variables.
    signatures: by name.
    folder: that TensorFlow Serving watches.
    version: a number that it does not have yet.
    warm_up: {signature: {input: values}}, one request each.

  Returns:
    The new version's folder.
  """
  target = pathlib.Path(folder, str(version))
  if target.exists():
    raise ValueError(
      f'{target} is there already; give another --version, or none for the '
      'next.'
    )
  served = tf.Module()
  served.parts = list(parts)
  # TensorFlow Serving passes over names that are no numbers.
  with files.atomic_path(target) as unfinished:
    tf.saved_model.save(served, str(unfinished), signatures=dict(signatures))
    _write_warm_up(unfinished / 'assets.extra', warm_up)
  return target


def next_version(folder: str | os.PathLike) -> int:
  """One more than the newest version there, or 1."""
  folder = pathlib.Path(folder)
  found = [int(p.name) for p in folder.glob('*') if p.name.isdecimal()]
  return max(found, default=0) + 1


def write_configs(folder: str | os.PathLike, name: str) -> None:
  """Writes what `tensorflow_model_server` reads, for a model of this name."""
  folder = pathlib.Path(folder)
  folder.mkdir(parents=True, exist_ok=True)
  for file, text in _CONFIGS.items():
    (folder / file).write_text(text.format(name=name), encoding='utf-8')


def drawn(network: folded_network.Network, image_bytes: tf.Tensor) -> tf.Tensor:
  """Encoded images, string [n], to PNGs of their translations."""
  px = network.resolution
  sources = tf.map_fn(
    lambda encoded: _square(encoded, px),
    image_bytes,
    fn_output_signature=tf.TensorSpec([px, px, 3], tf.uint8),
  )
  images = network.translate(tf.cast(sources, tf.float32) / 127.5 - 1.0)
  return tf.map_fn(
    tf.io.encode_png,
    _to_uint8(images * 127.5 + 127.5),
    fn_output_signature=tf.TensorSpec([], tf.string),
  )


def _square(encoded: tf.Tensor, px: int) -> tf.Tensor:
  """An encoded image to the square in its middle, uint8 [px, px, 3]."""
  pixels = _pixels(encoded)
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


def _pixels(encoded: tf.Tensor) -> tf.Tensor:
  """Pixels of an image by its header: int64; 0 where none is understood."""

  def number(offset, size, big_endian):
    piece = tf.io.decode_raw(tf.strings.substr(encoded, offset, size), tf.uint8)
    piece = tf.cast(piece, tf.int64)
    powers = 256 ** np.arange(size, dtype=np.int64)
    return tf.reduce_sum(piece * (powers[::-1] if big_endian else powers))

  def product(offsets, size, big_endian):
    return lambda: tf.abs(
      number(offsets[0], size, big_endian)
      * number(offsets[1], size, big_endian)
    )

  def of_jpeg():
    shape = tf.image.extract_jpeg_shape(encoded, tf.int64)
    return shape[0] * shape[1]

  def starts(magic):
    return tf.equal(tf.strings.substr(encoded, 0, len(magic)), magic)

  long_enough = tf.strings.length(encoded) >= 32
  return tf.case(
    [
      (starts(b'\xff\xd8\xff'), of_jpeg),
      (long_enough & starts(b'\x89PNG'), product((16, 20), 4, True)),
      (long_enough & starts(b'GIF8'), product((6, 8), 2, False)),
      (long_enough & starts(b'BM'), product((18, 22), 4, False)),
    ],
    default=lambda: tf.constant(0, tf.int64),
  )


def _write_warm_up(folder, requests):
  folder.mkdir()
  path = str(folder / 'tf_serving_warmup_requests')
  with tf.io.TFRecordWriter(path) as writer:
    for signature, inputs in requests.items():
      request = predict_pb2.PredictRequest()
      request.model_spec.signature_name = signature
      for name, values in inputs.items():
        request.inputs[name].CopyFrom(tf.make_tensor_proto(values))
      log = prediction_log_pb2.PredictionLog()
      log.predict_log.request.CopyFrom(request)
      writer.write(log.SerializeToString())
