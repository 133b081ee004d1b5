"""Writes TFLite metadata, by tflite-support: what a file's numbers mean.

Android's tools read it: ML Model Binding makes accessors named after the
tensors, and the Task library's ImageEmbedder normalizes by it.
"""

import ctypes
import io
import pathlib
import tempfile
import types
import zipfile
from collections.abc import Mapping, Sequence

import flatbuffers
import libusb_package
import tensorflow as tf

from export import tensor_names
from export.bundle_files import texts

# tflite-support's libraries link to libusb, which they do not need here. Loaded
# first, the packaged one serves where the system has none.
ctypes.CDLL(str(libusb_package.get_library_path()), mode=ctypes.RTLD_GLOBAL)

from tensorflow_lite_support.metadata import (  # noqa: E402
  metadata_schema_py_generated as schema,
)
from tensorflow_lite_support.metadata.python import (  # noqa: E402
  metadata as writer,
)

# Mean and standard deviation of "(x - mean) / std": from a pixel of 0..255 to
# the network's input, and from the network's output of -1..1 to a pixel.
_INPUT = (127.5, 127.5)
_OUTPUT = (-1.0, 1 / 127.5)

# Associated files.
CARD, INDEX, DOMAINS = 'MODEL_CARD.md', 'index.ldb', 'domains.txt'


def add(
  model: bytes,
  about: texts.About,
  *,
  output_name: str,
  index: bytes | None = None,
  number_descriptions: Mapping[str, str] = types.MappingProxyType({}),
  domains: Sequence[str] = (),
) -> bytes:
  """Adds metadata to a file.

  Args:
    model: content of a TFLite file that takes an image.
    about: name, author and so on.
    output_name: name of the output, TRANSLATION or EMBEDDING of
      `tensor_names`; Android's accessors are named after it.
    index: index to look embeddings up in, for the Task library's
      ImageSearcher.
    number_descriptions: {input that takes a domain's number: description}.
    domains: names of the domains in the order of their numbers; a label file
      of each of those inputs.

  Returns:
    The file with the metadata, a zip of the associated files at its end.
  """
  metadata = schema.ModelMetadataT()
  metadata.name = about.name
  metadata.description = about.description
  metadata.version = about.version
  metadata.author = about.author
  metadata.license = about.licence
  associated = {CARD: about.card.encode()}
  metadata.associatedFiles = [
    _file(CARD, 'What the model is for, and what it is not.')
  ]
  graph = schema.SubGraphMetadataT()
  inputs = {
    tensor_names.IMAGE: _image(
      tensor_names.IMAGE, 'RGB image to translate.', *_INPUT, 0.0, 255.0
    ),
    **{name: _number(name, text) for name, text in number_descriptions.items()},
  }
  graph.inputTensorMetadata = [inputs[name] for name in _input_names(model)]
  graph.outputTensorMetadata = [
    _image(output_name, 'The translated image.', *_OUTPUT, -1.0, 1.0)
    if output_name == tensor_names.TRANSLATION
    else _features(output_name, 'Unit vector; inner products compare faces.')
  ]
  if number_descriptions:
    associated[DOMAINS] = '\n'.join(domains).encode()
  if index is not None:
    associated[INDEX] = index
    graph.outputTensorMetadata[0].associatedFiles = [
      _file(
        INDEX,
        'The vectors to search, with a JSON of each image.',
        schema.AssociatedFileType.SCANN_INDEX_FILE,
      )
    ]
  metadata.subgraphMetadata = [graph]
  builder = flatbuffers.Builder(0)
  builder.Finish(
    metadata.Pack(builder), writer.MetadataPopulator.METADATA_FILE_IDENTIFIER
  )
  with tempfile.TemporaryDirectory() as folder:
    path = pathlib.Path(folder, 'model.tflite')
    path.write_bytes(model)
    for name, content in associated.items():
      pathlib.Path(folder, name).write_bytes(content)
    populator = writer.MetadataPopulator.with_model_file(str(path))
    populator.load_metadata_buffer(bytes(builder.Output()))
    populator.load_associated_files(
      [str(pathlib.Path(folder, name)) for name in associated]
    )
    populator.populate()
    return path.read_bytes()


def as_json(model: bytes) -> str:
  """The metadata of a file, as the Task library would read it."""
  return writer.MetadataDisplayer.with_model_buffer(model).get_metadata_json()


def associated_file(model: bytes, name: str) -> bytes:
  """The content of an associated file."""
  with zipfile.ZipFile(io.BytesIO(model)) as archive:
    return archive.read(name)


def _file(name, description, kind=schema.AssociatedFileType.UNKNOWN):
  file = schema.AssociatedFileT()
  file.name, file.description, file.type = name, description, kind
  return file


def _image(name, description, mean, std, low, high):
  tensor = schema.TensorMetadataT()
  tensor.name, tensor.description = name, description
  tensor.content = schema.ContentT()
  tensor.content.contentPropertiesType = (
    schema.ContentProperties.ImageProperties
  )
  tensor.content.contentProperties = schema.ImagePropertiesT()
  tensor.content.contentProperties.colorSpace = schema.ColorSpaceType.RGB
  unit = schema.ProcessUnitT()
  unit.optionsType = schema.ProcessUnitOptions.NormalizationOptions
  unit.options = schema.NormalizationOptionsT()
  unit.options.mean, unit.options.std = [mean], [std]
  tensor.processUnits = [unit]
  tensor.stats = schema.StatsT()
  tensor.stats.min, tensor.stats.max = [low], [high]
  return tensor


def _features(name, description):
  tensor = schema.TensorMetadataT()
  tensor.name, tensor.description = name, description
  tensor.content = schema.ContentT()
  tensor.content.contentPropertiesType = (
    schema.ContentProperties.FeatureProperties
  )
  tensor.content.contentProperties = schema.FeaturePropertiesT()
  return tensor


def _number(name, description):
  tensor = _features(name, description)
  tensor.associatedFiles = [
    _file(
      DOMAINS,
      'The domain of each number, from 0 on, a line each.',
      schema.AssociatedFileType.TENSOR_VALUE_LABELS,
    )
  ]
  return tensor


def _input_names(model):
  """Names of the inputs in the file's order, in which they are described."""
  interpreter = tf.lite.Interpreter(model_content=model)
  inputs = interpreter.get_signature_runner().get_input_details()
  names = {details['index']: name for name, details in inputs.items()}
  return [names[d['index']] for d in interpreter.get_input_details()]
