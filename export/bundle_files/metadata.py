"""TFLite metadata, by tflite-support: what a file's numbers mean.

Android's tools read it: ML Model Binding makes accessors named after the
tensors, and the Task library's ImageEmbedder normalizes by it.
"""

import ctypes
import pathlib
import tempfile
import types
from collections.abc import Mapping, Sequence
from typing import NamedTuple

import flatbuffers
import libusb_package
import tensorflow as tf

# tflite-support's libraries link to libusb, which they do not need here. Loaded
# first, the packaged one serves where the system has none.
ctypes.CDLL(str(libusb_package.get_library_path()), mode=ctypes.RTLD_GLOBAL)

from tensorflow_lite_support.metadata import (  # noqa: E402
  metadata_schema_py_generated as schema,
)
from tensorflow_lite_support.metadata.python import (  # noqa: E402
  metadata as writer,
)

# A pixel of 0..255 is (pixel - 127.5) / 127.5 to the network, and a value of
# -1..1 is (value + 1) / (1 / 127.5) to the eye; both are "(x - mean) / std".
_INPUT = (127.5, 127.5)
_OUTPUT = (-1.0, 1 / 127.5)

_CARD, _INDEX, _DOMAINS = 'MODEL_CARD.md', 'index.ldb', 'domains.txt'


class About(NamedTuple):
  """What a file says of itself.

  Attributes:
    name: of the model.
    description: in a sentence or two.
    version: of the model.
    author: who made it.
    licence: of the weights.
    card: the model card, Markdown; becomes an associated file.
  """

  name: str
  description: str
  version: str
  author: str
  licence: str
  card: str


def add(
  model: bytes,
  about: About,
  *,
  input_name: str,
  output_name: str,
  draws: bool,
  index: bytes | None = None,
  choices: Mapping[str, str] = types.MappingProxyType({}),
  domains: Sequence[str] = (),
) -> bytes:
  """Adds metadata to a file.

  Args:
    model: a TFLite file that takes an image.
    about: what to say.
    input_name: of the image.
    output_name: of the result; Android's accessors are named after it.
    draws: whether the result is an image; else it is an embedding.
    index: what to look embeddings up in, for the Task library's
      ImageSearcher.
    choices: the inputs that take a domain's place, with a description each.
    domains: by their places; a label file of each of those inputs.

  Returns:
    The file with the metadata, a zip of the associated files at its end.
  """
  metadata = schema.ModelMetadataT()
  metadata.name = about.name
  metadata.description = about.description
  metadata.version = about.version
  metadata.author = about.author
  metadata.license = about.licence
  associated = {_CARD: about.card.encode()}
  metadata.associatedFiles = [
    _file(_CARD, 'What the model is for, and what it is not.')
  ]
  graph = schema.SubGraphMetadataT()
  inputs = {
    input_name: _image(
      input_name, 'RGB image to draw anew.', *_INPUT, 0.0, 255.0
    ),
    **{name: _choice(name, text) for name, text in choices.items()},
  }
  graph.inputTensorMetadata = [inputs[name] for name in _input_names(model)]
  graph.outputTensorMetadata = [
    _image(output_name, 'The image, drawn anew.', *_OUTPUT, -1.0, 1.0)
    if draws
    else _numbers(output_name, 'Unit vector; inner products compare faces.')
  ]
  if choices:
    associated[_DOMAINS] = '\n'.join(domains).encode()
  if index is not None:
    associated[_INDEX] = index
    graph.outputTensorMetadata[0].associatedFiles = [
      _file(
        _INDEX,
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


def _numbers(name, description):
  tensor = schema.TensorMetadataT()
  tensor.name, tensor.description = name, description
  tensor.content = schema.ContentT()
  tensor.content.contentPropertiesType = (
    schema.ContentProperties.FeatureProperties
  )
  tensor.content.contentProperties = schema.FeaturePropertiesT()
  return tensor


def _choice(name, description):
  tensor = _numbers(name, description)
  tensor.associatedFiles = [
    _file(
      _DOMAINS,
      'What the numbers stand for, from 0 on, a line each.',
      schema.AssociatedFileType.TENSOR_VALUE_LABELS,
    )
  ]
  return tensor


def _input_names(model):
  """In the order that a file has them, in which they are described."""
  interpreter = tf.lite.Interpreter(model_content=model)
  inputs = interpreter.get_signature_runner().get_input_details()
  names = {details['index']: name for name, details in inputs.items()}
  return [names[d['index']] for d in interpreter.get_input_details()]
