"""Networks by path: the same outputs from every kind of file."""

import pathlib
import tempfile

import flatbuffers
import keras
import numpy as np
import tensorflow as tf
from absl.testing import absltest
from tensorflow.lite.python import schema_py_generated as schema

from tf_twingan import image_networks, tflite_files


class ImageNetworksTest(absltest.TestCase):
  def setUp(self):
    super().setUp()
    self.folder = pathlib.Path(tempfile.mkdtemp())
    keras.utils.set_random_seed(0)
    inputs = keras.Input([8, 8, 3])
    features = keras.layers.Conv2D(4, 3, activation='relu')(inputs)
    outputs = keras.layers.GlobalAveragePooling2D()(features)
    self.model = keras.Model(inputs, outputs)
    self.images = np.random.default_rng(0).uniform(-1, 1, [3, 8, 8, 3])
    self.images = self.images.astype(np.float32)
    self.expected = np.asarray(self.model(self.images))

  def assert_same(self, path):
    network = image_networks.load(path)
    self.assertEqual(network.shape[1:], (8, 8, 3))
    self.assertEqual(network.dtype, np.float32)
    outputs = tf.nest.flatten(network.call(self.images))[0]
    np.testing.assert_allclose(outputs, self.expected, atol=1e-5)

  def test_keras(self):
    self.model.save(self.folder / 'net.keras')
    self.assert_same(self.folder / 'net.keras')

  def test_a_saved_model_in_a_folder_named_like_a_pattern(self):
    folder = self.folder / 'net[1]'
    self.model.export(self.folder / 'net')
    (self.folder / 'net').rename(folder)
    self.assert_same(folder)

  def test_tflite(self):
    converter = tf.lite.TFLiteConverter.from_keras_model(self.model)
    (self.folder / 'net.tflite').write_bytes(converter.convert())
    self.assert_same(self.folder / 'net.tflite')

  def test_a_tflite_file_that_may_write_files_or_is_cut_is_refused(self):
    converter = tf.lite.TFLiteConverter.from_keras_model(self.model)
    content = converter.convert()
    parsed = tflite_files.parse(content)
    operation = schema.OperatorCodeT()
    operation.customCode = b'FlexWriteFile'
    parsed.operatorCodes.append(operation)
    builder = flatbuffers.Builder(0)
    builder.Finish(parsed.Pack(builder), tflite_files.IDENTIFIER)
    path = self.folder / 'net.tflite'
    for wrong, message in (
      (bytes(builder.Output()), r'of TensorFlow \(FlexWriteFile\), which may'),
      (bytes(content[:500]), 'it is no TFLite file, or damaged'),
    ):
      path.write_bytes(wrong)
      with self.assertRaisesRegex(ValueError, message):
        image_networks.load(path)

  def test_tflite_in_eight_bits(self):
    converter = tf.lite.TFLiteConverter.from_keras_model(self.model)
    converter.optimizations = [tf.lite.Optimize.DEFAULT]
    converter.representative_dataset = lambda: (
      [image[None]] for image in self.images
    )
    converter.target_spec.supported_ops = [tf.lite.OpsSet.TFLITE_BUILTINS_INT8]
    converter.inference_input_type = tf.uint8
    converter.inference_output_type = tf.uint8
    path = self.folder / 'net.tflite'
    path.write_bytes(converter.convert())
    network = image_networks.load(path)
    self.assertEqual(network.dtype, np.uint8)
    pixels = np.round((self.images + 1) * 127.5).astype(np.uint8)
    np.testing.assert_allclose(network.call(pixels), self.expected, atol=0.05)


if __name__ == '__main__':
  absltest.main()
