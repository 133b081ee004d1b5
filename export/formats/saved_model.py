"""SavedModels as TensorFlow Serving takes them.

`FOLDER/VERSION/` of one direction holds these signatures, each for any number
of images:

  serving_default  image_bytes (PNG, JPEG, GIF or BMP of any size)
                   -> png_bytes, error
  translate        image, float32 [n, px, px, 3] in [-1, 1] -> translation
  embed            image -> embedding, unit vectors [n, d]

That of all directions holds for each pair of domains

  photo2anime         image_bytes -> png_bytes, error
  photo2anime_floats  image -> translation

and its serving_default is the first of the pairs. Names that end in `_bytes`
are base64 in REST. Images in files are framed as the source domain's were in
training.

Every image of a batch is translated by itself, because a server may join
requests of several clients into one batch. For a file that cannot be read,
`error` says why and `png_bytes` is empty; for the others `error` is empty. NaN
in one image of numbers stays in that image's outputs.
"""

import os
import pathlib
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import tensorflow as tf

from export import contexts, directions, parity, tensor_names
from export.bundle_files import manifest_entries
from export.formats import base
from export.graph import folded_network, image_files
from tf_twingan import extras, files, framing, image_arrays, literal_paths
from tf_twingan.inference.exported import bundle_manifest, saved_model

with extras.needed('export'):
  from tensorflow_serving.apis import predict_pb2, prediction_log_pb2

TRANSLATE, FLOATS = saved_model.TRANSLATE, saved_model.FLOATS
EMBED = 'embed'
FILES, PNGS, ERROR = 'image_bytes', 'png_bytes', 'error'
SERVING_DEFAULT = tf.saved_model.DEFAULT_SERVING_SIGNATURE_DEF_KEY
_WARM_UPS = 4  # Images in each warm-up request.

Signatures = dict[str, tf.types.experimental.ConcreteFunction]
# {signature: {input: values}}, one request each.
WarmUp = dict[str, dict[str, np.ndarray]]

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


def create(name: str) -> base.Format:
  """Returns the format."""
  return _SavedModel(name)


class _SavedModel(base.Format):
  """SavedModels of one direction or of all, with files for the server."""

  def check(self, context: contexts.Context, target: pathlib.Path) -> None:
    version = int(context.about.version)
    if (target / self.file_name(context)).exists():
      raise ValueError(
        f'{target} has version {version} of the SavedModel already; give '
        'another --version, or none for the next.'
      )

  def file_name(self, context: contexts.Context) -> str:
    return f'saved_model/{int(context.about.version)}'

  def build(
    self, context: contexts.Context, scratch: pathlib.Path
  ) -> pathlib.Path:
    if isinstance(context, directions.OneDirection):
      signatures, warm_up = _one_direction(context)
      modules = [context.network, context.embedder]
    else:
      signatures, warm_up = _all_directions(context)
      modules = list(context.networks.values())
    version = int(context.about.version)
    return write(modules, signatures, scratch, version, warm_up)

  def load(self, built: pathlib.Path) -> Signatures:
    with literal_paths.folder(built) as path:
      return tf.saved_model.load(path).signatures

  def run(
    self,
    loaded: Signatures,
    context: contexts.Context,
    direction: contexts.Direction,
  ) -> np.ndarray:
    translate = loaded[_signature_names(context, direction)[1]]
    images = tf.constant(context.floats[direction[0]])
    return translate(image=images)[tensor_names.TRANSLATION].numpy()

  def compare(
    self,
    loaded: Signatures,
    context: contexts.Context,
    direction: contexts.Direction,
  ) -> parity.ImageParity:
    # By both signatures: of numbers, and of files that are decoded and encoded.
    found = super().compare(loaded, context, direction)
    translate_files = loaded[_signature_names(context, direction)[0]]
    outputs = translate_files(
      image_bytes=tf.constant(encode_pngs(context.held_out[direction[0]]))
    )
    errors = sorted(set(outputs[ERROR].numpy()) - {b''})
    if errors:
      raise ValueError(
        'the SavedModel does not read PNGs of the images that it is compared '
        f'by: {errors[0].decode()}'
      )
    pngs = outputs[PNGS].numpy()
    images = np.stack([tf.io.decode_png(png).numpy() for png in pngs])
    expected = image_arrays.to_uint8(context.expected[direction])
    difference = np.abs(images.astype(int) - expected).max()
    return found._replace(pixel_difference=int(difference))

  def manifest_entry(
    self, built: pathlib.Path, loaded: Signatures, context: contexts.Context
  ) -> dict[str, Any]:
    return manifest_entries.saved_model_entry(self.name, built, loaded)

  def more_files(self, context: contexts.Context) -> dict[str, str]:
    return {
      f'serving/{file}': text.format(name=context.name)
      for file, text in _CONFIGS.items()
    }


def _signature_names(
  context: contexts.Context, direction: contexts.Direction
) -> tuple[str, str]:
  """Names of a direction's signatures: of files and of numbers."""
  if isinstance(context, directions.OneDirection):
    return SERVING_DEFAULT, TRANSLATE
  name = bundle_manifest.direction(*direction)
  return name, f'{name}{FLOATS}'


def _one_direction(
  context: directions.OneDirection,
) -> tuple[Signatures, WarmUp]:
  network, embedder = context.network, context.embedder
  from_files, from_numbers = translation_signatures(
    network, context.translator.framing_of(context.source)
  )
  images = context.held_out[context.source][:_WARM_UPS]
  floats = image_arrays.to_float(images)
  signatures = {
    SERVING_DEFAULT: from_files,
    TRANSLATE: from_numbers,
    EMBED: tf.function(
      lambda image: {tensor_names.EMBEDDING: embedder.embed(image)},
      autograph=False,
    ).get_concrete_function(_image_spec(network)),
  }
  return signatures, {
    SERVING_DEFAULT: {FILES: encode_pngs(images)},
    TRANSLATE: {tensor_names.IMAGE: floats},
    EMBED: {tensor_names.IMAGE: floats},
  }


def _all_directions(
  context: directions.AllDirections,
) -> tuple[Signatures, WarmUp]:
  signatures, warm_up = {}, {}
  for direction, network in context.networks.items():
    of_files, of_numbers = _signature_names(context, direction)
    signatures[of_files], signatures[of_numbers] = translation_signatures(
      network, context.translator.framing_of(direction[0])
    )
    image = context.held_out[direction[0]][:1]
    warm_up[of_files] = {FILES: encode_pngs(image)}
  first, _ = _signature_names(context, context.directions[0])
  signatures[SERVING_DEFAULT] = signatures[first]
  return signatures, warm_up


def translation_signatures(
  network: folded_network.Network,
  source_framing: framing.Framing,
) -> tuple[
  tf.types.experimental.ConcreteFunction, tf.types.experimental.ConcreteFunction
]:
  """A network's signatures from files to PNGs and from numbers to numbers.

  Args:
    network: translates the images.
    source_framing: how images in files are made square.
  """

  def translate_files(image_bytes):
    pngs, errors = image_files.translate_files(
      network, image_bytes, source_framing
    )
    return {PNGS: pngs, ERROR: errors}

  from_files = tf.function(translate_files, autograph=False)
  from_numbers = tf.function(
    lambda image: {tensor_names.TRANSLATION: network.translate(image)},
    autograph=False,
  )
  return (
    from_files.get_concrete_function(
      tf.TensorSpec([None], tf.string, name=FILES)
    ),
    from_numbers.get_concrete_function(_image_spec(network)),
  )


def encode_pngs(images: np.ndarray) -> np.ndarray:
  """Encodes uint8 [n, px, px, 3] as n PNGs, an array of bytes."""
  return np.array([tf.io.encode_png(i).numpy() for i in images], object)


def _image_spec(network: folded_network.Network) -> tf.TensorSpec:
  px = network.resolution
  return tf.TensorSpec([None, px, px, 3], tf.float32, name=tensor_names.IMAGE)


def write(
  modules: Sequence[tf.Module],
  signatures: Mapping[str, tf.types.experimental.ConcreteFunction],
  folder: str | os.PathLike,
  version: int,
  warm_up: Mapping[str, Mapping[str, np.ndarray]],
) -> pathlib.Path:
  """Writes a version aside, and renames it when it is whole.

  Args:
    modules: modules that hold the variables.
    signatures: the functions by name.
    folder: folder that TensorFlow Serving watches.
    version: a number that the folder does not have yet.
    warm_up: {signature: {input: values}}, one request each; the first requests
      to a server are slow without.

  Returns:
    The new version's folder.

  Raises:
    OSError: it could not be written.
    ValueError: the folder has this version.
  """
  target = pathlib.Path(folder, str(version))
  if target.exists():
    raise ValueError(
      f'{target} is there already; give another --version, or none for the '
      'next.'
    )
  served = tf.Module()
  served.parts = list(modules)
  # TensorFlow Serving passes over names that are no numbers.
  with (
    files.atomic_path(target) as unfinished,
    literal_paths.folder(target.parent) as parent,
  ):
    part = pathlib.Path(parent, unfinished.name)
    tf.saved_model.save(served, str(part), signatures=dict(signatures))
    _write_warm_up(part / 'assets.extra', warm_up)
  return target


def next_version(folder: str | os.PathLike) -> int:
  """One more than the newest version in a folder, or 1."""
  folder = pathlib.Path(folder)
  versions = [int(p.name) for p in folder.glob('*') if p.name.isdecimal()]
  return max(versions, default=0) + 1


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
