"""Metadata: the same bytes with tflite-support and without it."""

import contextlib
import hashlib
import io
import json
import time
import zipfile
from unittest import mock

import flatbuffers
import numpy as np
import tensorflow as tf
from absl.testing import absltest, parameterized
from tensorflow.lite.python import schema_py_generated as schema

from export import tensor_names
from export.bundle_files import metadata, metadata_packing, texts
from export.graph import tflite_conversion
from tf_twingan import tflite_files
from tf_twingan.inference.exported import tflite, tflite_metadata

ABOUT = texts.About(
  'Foto \u2192 anime', 'Translates.', '3', 'Me', 'MIT', '# Card'
)
NUMBERS = dict(
  number_descriptions={'source': 'From.', 'target': 'To.'},
  domains=('photo', 'anime', 'cat'),
)
# Files that export writes: names of their inputs, then of what is said of them.
FILES = {
  'translation': (['image'], dict(output_name=tensor_names.TRANSLATION)),
  'all_directions': (
    ['image', 'target', 'source'],
    dict(output_name=tensor_names.TRANSLATION, **NUMBERS),
  ),
  'embedding': (['image'], dict(output_name=tensor_names.EMBEDDING)),
  'index': (
    ['image'],
    dict(output_name=tensor_names.EMBEDDING, index=b'vectors'),
  ),
}
# The first digits of each file's SHA-256, with any version of TensorFlow.
EXPECTED = dict(
  translation='44836b46627eaa1a',
  all_directions='e3b6efcc68213c9f',
  embedding='8d7f47bfb6f322ae',
  index='77b8d5b645d6eb09',
)


def model(inputs):
  """A file of one graph, its input's name, and nothing to run."""
  graph = schema.SubGraphT()
  graph.name, graph.operators = 'main', []
  graph.tensors = []
  for name in [*inputs, 'output']:
    tensor = schema.TensorT()
    tensor.name, tensor.shape = name, np.int32([1, 4, 4, 3])
    graph.tensors.append(tensor)
  graph.inputs = np.arange(len(inputs), dtype=np.int32)
  graph.outputs = np.int32([len(inputs)])
  parsed = schema.ModelT()
  parsed.version, parsed.description = 3, 'test'
  parsed.subgraphs, parsed.buffers = [graph], [schema.BufferT()]
  parsed.operatorCodes = []
  builder = flatbuffers.Builder(0)
  builder.Finish(parsed.Pack(builder), tflite_files.IDENTIFIER)
  return bytes(builder.Output())


@contextlib.contextmanager
def stopped_clock():
  """Zips hold the time at which a file was added."""
  now = time.struct_time((2026, 1, 2, 3, 4, 6, 4, 2, 0))
  with mock.patch.object(time, 'localtime', return_value=now):
    yield


def described(name):
  """A file of FILES with its metadata."""
  inputs, options = FILES[name]
  with (
    stopped_clock(),
    mock.patch.object(metadata, '_input_names', return_value=inputs),
  ):
    return metadata.add(model(inputs), ABOUT, **options)


def without_tflite_support():
  return mock.patch.object(
    metadata_packing, 'tflite_support', return_value=None
  )


class MetadataPackingTest(parameterized.TestCase):
  def setUp(self):
    super().setUp()
    self.tflite_support = metadata_packing.tflite_support()

  @parameterized.parameters(*FILES)
  def test_the_bytes_are_the_same_everywhere(self, name):
    with without_tflite_support():
      digest = hashlib.sha256(described(name)).hexdigest()
    self.assertEqual(digest[:16], EXPECTED[name])

  @parameterized.parameters(*FILES)
  def test_tflite_support_writes_the_same_bytes(self, name):
    if self.tflite_support is None:
      self.skipTest('tflite-support cannot be installed here.')
    with without_tflite_support():
      expected = described(name)
    with mock.patch.object(
      metadata_packing, 'pack_by_schema', side_effect=AssertionError
    ):
      self.assertEqual(described(name), expected)

  @parameterized.parameters('float32', 'int8')
  def test_tflite_support_packs_a_converted_file_the_same(self, kind):
    if self.tflite_support is None:
      self.skipTest('tflite-support cannot be installed here.')
    images = np.random.default_rng(0).uniform(-1, 1, [4, 4, 4, 3])
    kernel = tf.random.stateless_normal([3, 3, 3, 3], [1, 2])
    file = tflite_conversion.Graph(
      tf.function(lambda image: tf.nn.conv2d(image, kernel, 1, 'SAME')),
      tf.Module(),
      4,
    ).convert(kind, images.astype(np.float32))
    (name,) = FILES['translation'][0]
    described = tflite_metadata.ModelMetadata(
      subgraph_metadata=[
        tflite_metadata.SubGraphMetadata(
          input_tensor_metadata=[tflite_metadata.TensorMetadata(name=name)],
          output_tensor_metadata=[tflite_metadata.TensorMetadata()],
        )
      ]
    )
    self.assertEqual(
      metadata_packing.pack(file, described, {}),
      metadata_packing.pack_by_schema(file, described, {}),
    )

  @parameterized.parameters(*FILES)
  def test_tflite_support_reads_what_is_written_without_it(self, name):
    if self.tflite_support is None:
      self.skipTest('tflite-support cannot be installed here.')
    with without_tflite_support():
      file = described(name)
    displayer = self.tflite_support.MetadataDisplayer.with_model_buffer(file)
    found = json.loads(displayer.get_metadata_json())
    (graph,) = found['subgraph_metadata']
    own = tflite.read_metadata(file)
    (own_graph,) = own.subgraph_metadata
    self.assertEqual(found['name'], own.name)
    self.assertEqual(found['min_parser_version'], own.min_parser_version)
    self.assertEqual(
      [t['name'] for t in graph['input_tensor_metadata']],
      [t.name for t in own_graph.input_tensor_metadata],
    )
    self.assertEqual(
      displayer.get_packed_associated_file_list(),
      zipfile.ZipFile(io.BytesIO(file)).namelist(),
    )

  def test_metadata_of_other_libraries_are_read(self):
    if self.tflite_support is None:
      self.skipTest('tflite-support cannot be installed here.')
    from tensorflow_lite_support.metadata import (
      metadata_schema_py_generated as generated,
    )

    sound, words = generated.TensorMetadataT(), generated.ProcessUnitT()
    sound.name, sound.dimensionNames = 'sound', ['batch', 'time']
    sound.content = generated.ContentT()
    sound.content.contentPropertiesType = (
      generated.ContentProperties.AudioProperties
    )
    sound.content.contentProperties = generated.AudioPropertiesT()
    words.optionsType = generated.ProcessUnitOptions.RegexTokenizerOptions
    words.options = generated.RegexTokenizerOptionsT()
    scaling = generated.ProcessUnitT()
    scaling.optionsType = generated.ProcessUnitOptions.NormalizationOptions
    scaling.options = generated.NormalizationOptionsT()
    scaling.options.mean, scaling.options.std = [1.0, 2.0, 3.0], [4.0]
    sound.processUnits = [words, scaling]
    graph = generated.SubGraphMetadataT()
    graph.name, graph.inputTensorMetadata = 'graph', [sound]
    other = generated.ModelMetadataT()
    other.name, other.subgraphMetadata = b'caf\xe9', [graph]
    builder = flatbuffers.Builder(0)
    builder.Finish(other.Pack(builder))
    found = tflite_metadata.read(bytes(builder.Output()))
    self.assertEqual(found.name, 'caf\ufffd')
    (graph,) = found.subgraph_metadata
    self.assertIsNone(graph.output_tensor_metadata)
    (tensor,) = graph.input_tensor_metadata
    self.assertEqual(tensor.name, 'sound')
    self.assertIsNone(tensor.content.properties)
    words, scaling = tensor.process_units
    self.assertIsNone(words.options)
    np.testing.assert_array_equal(scaling.options.mean, [1, 2, 3])
    np.testing.assert_array_equal(scaling.options.std, [4])


if __name__ == '__main__':
  absltest.main()
