"""SavedModels that do more than to compute are refused unread."""

import os
import pathlib
import tempfile

import keras
import tensorflow as tf
from absl.testing import absltest, parameterized
from tensorflow.core.protobuf import saved_model_pb2
from tensorflow.python.framework import op_def_registry

from tf_twingan import graph_operations

TARGET = os.path.join(tempfile.mkdtemp(), 'written')


def save(function, **assets):
  """Saves a function of images, and returns the folder."""
  module = tf.Module()
  for name, value in assets.items():
    setattr(module, name, value)
  module.serve = tf.function(
    function, input_signature=[tf.TensorSpec([None, 8, 8, 3])]
  )
  folder = pathlib.Path(tempfile.mkdtemp(), 'model')
  tf.saved_model.save(module, str(folder), signatures=module.serve)
  return folder


def write_file(images):
  tf.io.write_file(TARGET, 'x')
  return {'out': images}


def in_a_branch(images):
  return {
    'out': tf.cond(
      tf.reduce_sum(images) > 1e9,
      lambda: write_file(images)['out'],
      lambda: images,
    )
  }


def in_a_map(images):
  dataset = tf.data.Dataset.from_tensor_slices(['a', 'b'])
  for content in dataset.map(tf.io.read_file):
    tf.print(tf.strings.length(content))
  return {'out': images}


def save_a_checkpoint(images):
  tf.raw_ops.SaveV2(
    prefix=TARGET, tensor_names=['x'], shape_and_slices=[''], tensors=[images]
  )
  return {'out': images}


def match_files(images):
  count = tf.size(tf.io.matching_files('/etc/*'))
  return {'out': images + tf.cast(count, tf.float32)}


def lines(images):
  for line in tf.data.TextLineDataset('/etc/passwd'):
    tf.debugging.assert_equal(line, line)
  return {'out': images}


def python(images):
  return {'out': tf.py_function(lambda x: x, [images], tf.float32)}


def print_to_file(images):
  tf.print('x', output_stream=f'file://{TARGET}')
  return {'out': images}


def dataset_of_another_graph(images):
  with tf.Graph().as_default() as graph:
    tf.raw_ops.WriteFile(filename=TARGET, contents='x')
  tf.raw_ops.DatasetFromGraph(
    graph_def=graph.as_graph_def().SerializeToString()
  )
  return {'out': images}


def map_a_file(images):
  values = tf.raw_ops.ImmutableConst(
    dtype=tf.float32, shape=[1], memory_region_name='/etc/passwd'
  )
  return {'out': images + values}


class GraphOperationsTest(parameterized.TestCase):
  def test_networks_pass(self):
    scale = tf.Variable(2.0)
    graph_operations.check(
      save(
        lambda x: {'out': scale * tf.nn.avg_pool2d(x, 2, 2, 'SAME')},
        scale=scale,
      )
    )
    inputs = keras.Input([8, 8, 3])
    outputs = keras.layers.BatchNormalization()(
      keras.layers.Conv2D(2, 3, activation='relu')(inputs)
    )
    folder = tempfile.mkdtemp()
    keras.Model(inputs, keras.layers.Dropout(0.1)(outputs)).export(folder)
    graph_operations.check(folder)

  def test_decoding_one_image_after_another_passes(self):
    def decode(images):
      files = tf.map_fn(
        lambda x: tf.io.encode_png(tf.cast(x, tf.uint8)), images, tf.string
      )
      dataset = tf.data.Dataset.from_tensor_slices(files)
      decoded = dataset.map(
        lambda f: tf.io.decode_image(f, expand_animations=False)
      ).ignore_errors()
      count = decoded.reduce(0, lambda n, image: n + 1)
      return {'out': images + tf.cast(count, tf.float32)}

    graph_operations.check(save(decode))

  @parameterized.parameters(
    (write_file, 'WriteFile'),
    (in_a_branch, 'WriteFile'),
    (in_a_map, 'PrintV2, ReadFile'),
    (save_a_checkpoint, 'SaveV2'),
    (match_files, 'MatchingFiles'),
    (lines, 'TextLineDataset'),
    (python, 'EagerPyFunc'),
    (print_to_file, 'PrintV2'),
    (dataset_of_another_graph, 'DatasetFromGraph'),
    (map_a_file, 'ImmutableConst'),
  )
  def test_what_reaches_out_is_refused_by_name(self, function, operations):
    with self.assertRaisesRegex(
      ValueError, f'^it has the operations {operations}, which may'
    ):
      graph_operations.check(save(function))

  def test_what_restores_variables_must_not_write(self):
    variable = tf.Variable(1.0)
    folder = save(lambda x: {'out': variable * x}, variable=variable)
    path = folder / 'saved_model.pb'
    saved = saved_model_pb2.SavedModel.FromString(path.read_bytes())
    (graph,) = saved.meta_graphs
    # As if the function that loading runs were the one that saves.
    graph.saver_def.restore_op_name, graph.saver_def.save_tensor_name = (
      graph.saver_def.save_tensor_name.split(':')[0],
      graph.saver_def.restore_op_name,
    )
    path.write_bytes(saved.SerializeToString())
    with self.assertRaisesRegex(ValueError, 'MergeV2Checkpoints, SaveV2'):
      graph_operations.check(folder)

  def test_an_operation_that_tensorflow_does_not_have_is_refused(self):
    folder = save(lambda x: {'out': tf.nn.relu(x)})
    path = folder / 'saved_model.pb'
    path.write_bytes(path.read_bytes().replace(b'Relu', b'Rehu'))
    with self.assertRaisesRegex(ValueError, 'operations Rehu, which'):
      graph_operations.check(folder)

  @parameterized.parameters(
    ('CalibrationStatisticsSaver', True),
    ('ListSnapshotChunksDataset', True),
    ('IteratorGetModelProto', True),
    ('DatasetFingerprint', False),
    ('DecodeJxl', False),
    ('DecodeWebP', False),
    ('GlobalShuffleDataset', False),
    ('IndexFlatMapDataset', False),
    ('WeightedFlatMapDataset', False),
  )
  def test_operations_of_later_versions(self, operation, is_refused):
    if op_def_registry.get(operation) is None:
      self.skipTest(f'TensorFlow {tf.__version__} has no {operation}.')
    self.assertEqual(graph_operations._reaches_out(operation), is_refused)

  def test_no_file_and_a_damaged_one(self):
    folder = pathlib.Path(tempfile.mkdtemp())
    with self.assertRaisesRegex(OSError, 'does not exist'):
      graph_operations.check(folder)
    (folder / 'saved_model.pb').write_bytes(b'\xff' * 99)
    with self.assertRaisesRegex(OSError, 'Cannot parse .*saved_model.pb'):
      graph_operations.check(folder)


if __name__ == '__main__':
  absltest.main()
