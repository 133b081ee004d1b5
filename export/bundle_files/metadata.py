"""Writes TFLite metadata: what a file's numbers mean.

Android's tools read it: ML Model Binding makes accessors named after the
tensors, and the Task library's ImageEmbedder normalizes by it.
"""

import io
import types
import zipfile
from collections.abc import Mapping, Sequence

from export import tensor_names
from export.bundle_files import metadata_packing, texts
from tf_twingan import compat
from tf_twingan.inference.exported import tflite_metadata as schema

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
  associated = {CARD: about.card.encode()}
  inputs = {
    tensor_names.IMAGE: _image(
      tensor_names.IMAGE, 'RGB image to translate.', *_INPUT, 0.0, 255.0
    ),
    **{name: _number(name, text) for name, text in number_descriptions.items()},
  }
  output = (
    _image(output_name, 'The translated image.', *_OUTPUT, -1.0, 1.0)
    if output_name == tensor_names.TRANSLATION
    else _features(output_name, 'Unit vector; inner products compare faces.')
  )
  if number_descriptions:
    associated[DOMAINS] = '\n'.join(domains).encode()
  if index is not None:
    associated[INDEX] = index
    output.associated_files = [
      schema.AssociatedFile(
        name=INDEX,
        description='The vectors to search, with a JSON of each image.',
        type=schema.SCANN_INDEX_FILE,
      )
    ]
  metadata = schema.ModelMetadata(
    name=about.name,
    description=about.description,
    version=about.version,
    author=about.author,
    license=about.licence,
    associated_files=[
      schema.AssociatedFile(
        name=CARD, description='What the model is for, and what it is not.'
      )
    ],
    subgraph_metadata=[
      schema.SubGraphMetadata(
        input_tensor_metadata=[inputs[name] for name in _input_names(model)],
        output_tensor_metadata=[output],
      )
    ],
  )
  return metadata_packing.pack(model, metadata, associated)


def associated_file(model: bytes, name: str) -> bytes:
  """The content of an associated file."""
  with zipfile.ZipFile(io.BytesIO(model)) as archive:
    return archive.read(name)


def _image(name, description, mean, std, low, high):
  normalization = schema.NormalizationOptions(mean=[mean], std=[std])
  return schema.TensorMetadata(
    name=name,
    description=description,
    content=schema.Content(
      properties=schema.ImageProperties(color_space=schema.RGB)
    ),
    process_units=[schema.ProcessUnit(options=normalization)],
    stats=schema.Stats(min=[low], max=[high]),
  )


def _features(name, description):
  return schema.TensorMetadata(
    name=name,
    description=description,
    content=schema.Content(properties=schema.FeatureProperties()),
  )


def _number(name, description):
  tensor = _features(name, description)
  tensor.associated_files = [
    schema.AssociatedFile(
      name=DOMAINS,
      description='The domain of each number, from 0 on, a line each.',
      type=schema.TENSOR_VALUE_LABELS,
    )
  ]
  return tensor


def _input_names(model):
  """Names of the inputs in the file's order, in which they are described."""
  interpreter = compat.tflite_interpreter(model)
  inputs = interpreter.get_signature_runner().get_input_details()
  names = {details['index']: name for name, details in inputs.items()}
  return [names[d['index']] for d in interpreter.get_input_details()]
