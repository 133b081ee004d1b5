"""Upscalers: Lanczos, networks of every kind, and what is none."""

import concurrent.futures
import os
import pathlib
import pickle
import tempfile
from unittest import mock

import keras
import numpy as np
import tensorflow as tf
from absl.testing import parameterized
from PIL import Image

from tf_twingan import forks
from tf_twingan.inference import upscaling

_SIDE = 16


def images(count=2, height=20, width=33):
  return np.random.default_rng(0).integers(
    0, 256, [count, height, width, 3], dtype=np.uint8
  )


def repeated(pixels, factor):
  return pixels.repeat(factor, axis=1).repeat(factor, axis=2)


def enlarged(x, factor=2):
  """As `repeated`, in a graph."""
  height, width = tf.shape(x)[1], tf.shape(x)[2]
  return tf.image.resize(x, [factor * height, factor * width], 'nearest')


def saved_model(function, shape=(None, None, None, 3), dtype=tf.float32):
  """Returns the folder of a SavedModel of a function."""
  module = tf.Module()
  module.serve = tf.function(
    lambda x: {
      f'y{index}': output
      for index, output in enumerate(tf.nest.flatten(function(x)))
    },
    input_signature=[tf.TensorSpec(shape, dtype)],
  )
  folder = tempfile.mkdtemp()
  tf.saved_model.save(module, folder, {'serving_default': module.serve})
  return folder


def tflite(eight_bits=False):
  """Returns the path of a TFLite file that repeats pixels."""
  network = keras.Sequential(
    [keras.Input([_SIDE, _SIDE, 3]), keras.layers.UpSampling2D(2)]
  )
  converter = tf.lite.TFLiteConverter.from_keras_model(network)
  if eight_bits:
    converter.optimizations = [tf.lite.Optimize.DEFAULT]
    values = np.linspace(0, 1, _SIDE**2 * 3, dtype=np.float32)
    converter.representative_dataset = lambda: iter(
      [[values.reshape([1, _SIDE, _SIDE, 3])]]
    )
    converter.target_spec.supported_ops = [tf.lite.OpsSet.TFLITE_BUILTINS_INT8]
    converter.inference_input_type = tf.uint8
    converter.inference_output_type = tf.uint8
  path = pathlib.Path(tempfile.mkdtemp(), 'net.tflite')
  path.write_bytes(converter.convert())
  return path


class UpscalingTest(parameterized.TestCase):
  def assert_repeats(self, upscaler, pixels, factor=2):
    result = upscaler(pixels)
    self.assertEqual(upscaler.factor, factor)
    self.assertEqual(result.dtype, np.uint8)
    expected = repeated(pixels, factor).astype(int)
    np.testing.assert_allclose(result, expected, atol=1)

  @parameterized.parameters('2', '3', '4')
  def test_lanczos(self, spec):
    upscaler, factor = upscaling.load(spec), int(spec)
    result = upscaler(images())
    self.assertEqual(upscaler.factor, factor)
    self.assertEqual(result.shape, (2, 20 * factor, 33 * factor, 3))
    large = Image.fromarray(images()[1]).resize(
      (33 * factor, 20 * factor), Image.Resampling.LANCZOS
    )
    np.testing.assert_array_equal(result[1], np.asarray(large))
    self.assertEqual(
      upscaler(images()[:0]).shape, (0, 20 * factor, 33 * factor, 3)
    )

  @parameterized.named_parameters(
    ('to_1', lambda x: tf.clip_by_value(enlarged(x), 0, 1)),
    ('to_255', lambda x: tf.round(enlarged(x))),
    ('from_minus_1_to_1', lambda x: tf.nn.relu(enlarged(x + 1)) / 2),
    ('to_minus_1', lambda x: tf.minimum(enlarged(x), 1) * 2 - 1),
    ('three_times', lambda x: enlarged(x, 3), 3),
  )
  def test_values_of_floats_are_found(self, function, factor=2):
    upscaler = upscaling.load(saved_model(function))
    self.assert_repeats(upscaler, images(), factor)
    # One larger than what is given to a network at once, in tiles.
    self.assert_repeats(upscaler, images(1, 270, 12), factor)
    self.assertEqual(
      upscaler(images()[:0]).shape, (0, 20 * factor, 33 * factor, 3)
    )

  def test_a_saved_model_of_pixels_one_at_a_time(self):
    folder = saved_model(enlarged, [1, None, None, 3], tf.uint8)
    self.assert_repeats(upscaling.load(folder), images(3))

  def test_a_keras_file(self):
    path = pathlib.Path(tempfile.mkdtemp(), 'net.keras')
    layers = [keras.Input([None, None, 3]), keras.layers.UpSampling2D(2)]
    keras.Sequential(layers).save(path)
    self.assert_repeats(upscaling.load(path), images())

  @parameterized.parameters(False, True)
  def test_a_tflite_file_of_one_size_enlarges_any(self, eight_bits):
    upscaler = upscaling.load(tflite(eight_bits))
    for size in ((_SIDE, _SIDE), (20, 33), (5, 40)):
      self.assert_repeats(upscaler, images(2, *size))

  def test_networks_are_told_apart_by_their_content(self):
    path = tflite()
    upscaler = upscaling.load(path)
    copy = path.with_name('copy.tflite')
    copy.write_bytes(path.read_bytes())
    self.assertEqual(upscaling.load(copy).identity, upscaler.identity)
    path.write_bytes(tflite(eight_bits=True).read_bytes())
    self.assertNotEqual(upscaling.load(path).identity, upscaler.identity)
    self.assertNotEqual(
      upscaling.load('2').identity, upscaling.load('3').identity
    )

  def test_threads_share_a_tflite_file(self):
    upscaler = upscaling.load(tflite())
    pixels = images(40, _SIDE, _SIDE)
    with concurrent.futures.ThreadPoolExecutor(4) as pool:
      results = list(pool.map(upscaler, np.split(pixels, 20)))
    np.testing.assert_array_equal(np.concatenate(results), upscaler(pixels))

  def test_it_is_pickled_by_its_path(self):
    # Other processes may be in other folders.
    upscaler = upscaling.load(os.path.relpath(tflite()))
    pickled = pickle.dumps(upscaler)
    self.addCleanup(os.chdir, os.getcwd())
    os.chdir(tempfile.mkdtemp())
    self.assert_repeats(pickle.loads(pickled), images())
    self.assertEqual(pickle.loads(pickle.dumps(upscaling.load('3'))).factor, 3)

  def test_a_fork_is_told(self):
    upscaler = upscaling.load(saved_model(enlarged))
    with mock.patch.object(os, 'getpid', return_value=1):
      with self.assertRaises(forks.Forked):
        upscaler(images())

  @parameterized.named_parameters(
    (
      'other_size',
      [None, 8, 16, 3],
      enlarged,
      r'takes \[None, 8, 16, 3\]; giv',
    ),
    ('channels', [None, 3, 8, 8], tf.identity, r'takes \[None, 3, 8, 8\]'),
    ('tiny', [None, 2, 2, 3], enlarged, 'images of 2x2 px; give .* 8 to 4096'),
    ('same_size', [None, 8, 8, 3], tf.identity, r'makes \[1, 8, 8, 3\] of'),
    ('one_side', [None, 8, 8, 3], lambda x: enlarged(x)[:, 1:], '1, 15, 16, 3'),
    ('label', [None, 8, 8, 3], lambda x: x[:, 0, 0, 0], r'makes \[1\] of'),
    (
      'not_alike',
      [None, 8, 8, 3],
      lambda x: enlarged(x)[..., ::-1],
      'does not enlarge: .* differs by [1-9][0-9]% from the one',
    ),
    (
      'not_finite',
      [None, 8, 8, 3],
      lambda x: enlarged(x) / 0.0,
      'does not enlarge',
    ),
    (
      'of_some_sizes',
      [None, None, None, 3],
      lambda x: enlarged(tf.reshape(x, [-1, 8, 8, 3])),
      r'makes \[16, 16, 16, 3\] of \[1, 32, 32, 3\]',
    ),
    (
      'several',
      [None, 8, 8, 3],
      lambda x: (enlarged(x), x),
      'gives 2 tensors; give a network that gives one',
    ),
  )
  def test_what_is_no_upscaler(self, shape, function, message):
    folder = saved_model(function, shape)
    with self.assertRaisesRegex(ValueError, f'^--upscale={folder} .*{message}'):
      upscaling.load(folder)

  def test_numbers_and_paths_that_are_none(self):
    with self.assertRaisesRegex(
      ValueError, '=8 is no such factor; give 2, 3 o'
    ):
      upscaling.load('8')
    with self.assertRaisesRegex(
      FileNotFoundError, '=x2: no such file; give 2,'
    ):
      upscaling.load('x2')
    path = pathlib.Path(tempfile.mkdtemp(), 'cut.tflite')
    path.write_bytes(tflite().read_bytes()[:200])
    with self.assertRaisesRegex(ValueError, 'cut.tflite is no .*damaged'):
      upscaling.load(path)
    integers = saved_model(lambda x: x, [None, 8, 8, 3], tf.int32)
    with self.assertRaisesRegex(
      ValueError, 'takes int32; give a network of fl'
    ):
      upscaling.load(integers)

  def test_what_a_network_fails_on_is_named(self):
    def function(x):
      with tf.control_dependencies(
        [tf.debugging.assert_equal(tf.shape(x)[1] % 4, 0)]
      ):
        return enlarged(x)

    upscaler = upscaling.load(saved_model(function))
    self.assert_repeats(upscaler, images())
    with self.assertRaisesRegex(
      ValueError, r'fails on images \[2, 22, 33, 3\]'
    ):
      upscaler(images(2, 22))
    with self.assertRaisesRegex(ValueError, r'images\[None\]'):
      upscaler(images()[0])


if __name__ == '__main__':
  tf.test.main()
