"""Vectors by a user's network: its size, its values, its shape."""

import io
import pathlib
import shutil
import tempfile

import keras
import numpy as np
import tensorflow as tf
from absl.testing import absltest, parameterized
from PIL import Image

from tf_twingan.data.prepare import embedding


def png(image: np.ndarray) -> bytes:
  stream = io.BytesIO()
  Image.fromarray(image).save(stream, format='PNG')
  return stream.getvalue()


def flat(red: int) -> bytes:
  return png(np.full([16, 16, 3], [red, 255, 0], np.uint8))


def saved(*layers, shape=(8, 8, 3), name='net.keras') -> pathlib.Path:
  path = pathlib.Path(tempfile.mkdtemp(), name)
  keras.Sequential([keras.Input(shape), *layers]).save(path)
  return path


class EmbeddingTest(parameterized.TestCase):
  @parameterized.parameters(
    ('-1..1', [-1, 1, -1], [1, 1, -1]),
    ('0..1', [0, 1, 0], [1, 1, 0]),
    ('0..255', [0, 255, 0], [255, 255, 0]),
  )
  def test_values(self, value_range, first, second):
    path = saved(keras.layers.GlobalAveragePooling2D())
    embedder = embedding.Embedder(path, value_range)
    found = embedder.embed([flat(0), flat(255)])
    np.testing.assert_allclose(found, [first, second], atol=1e-5)
    self.assertEqual(found.dtype, np.float32)

  def test_positions_are_averaged_and_any_size_is_taken(self):
    path = saved(keras.layers.AveragePooling2D(2), shape=(None, None, 3))
    found = embedding.Embedder(path).embed([flat(255)] * 40)
    self.assertEqual(found.shape, (40, 3))
    np.testing.assert_allclose(found[0], [1, 1, -1], atol=1e-5)

  def test_eight_bits_get_the_pixels(self):
    module = tf.Module()

    @tf.function(input_signature=[tf.TensorSpec([1, 4, 4, 3], tf.uint8)])
    def serve(images):
      return {'vector': tf.reduce_max(images, [1, 2])}

    folder = tempfile.mkdtemp()
    module.serve = serve
    tf.saved_model.save(module, folder, {'serving_default': serve})
    embedder = embedding.Embedder(folder)
    found = embedder.embed([flat(7), flat(250)])
    np.testing.assert_array_equal(found, [[7, 255, 0], [250, 255, 0]])

  def test_networks_and_ranges_are_told_apart(self):
    module = tf.Module()
    module.serve = tf.function(lambda images: {'vector': images[:, 0, 0]})
    signature = module.serve.get_concrete_function(
      tf.TensorSpec([1, 4, 4, 3], tf.uint8)
    )
    folder = pathlib.Path(tempfile.mkdtemp(), 'network')
    tf.saved_model.save(module, folder, {'serving_default': signature})
    copy = pathlib.Path(tempfile.mkdtemp(), 'network')
    shutil.copytree(folder, copy)
    first = embedding.Embedder(folder)
    self.assertEqual(first.sha256, embedding.Embedder(copy).sha256)
    self.assertNotEqual(first.sha256, embedding.Embedder(copy, '0..1').sha256)
    (copy / 'fingerprint.pb').unlink()
    self.assertNotEqual(first.sha256, embedding.Embedder(copy).sha256)
    files = [saved(keras.layers.Dense(1)) for _ in range(2)]
    digests = {embedding.Embedder(file).sha256 for file in files}
    self.assertLen(digests, 2)

  def test_what_is_no_network_is_refused(self):
    no_network = pathlib.Path(tempfile.mkdtemp(), 'net.tflite')
    no_network.write_bytes(b'no network')
    grey = saved(keras.layers.Flatten(), shape=(8, 8, 1))
    lambda_ = saved(keras.layers.Lambda(lambda x: x))
    for path, said in (
      ('missing.keras', 'no such file'),
      (no_network, 'no Keras model'),
      (grey, r'takes \[None, 8, 8, 1\]'),
      (lambda_, "only Keras' own layers"),
    ):
      with self.assertRaisesRegex((ValueError, OSError), said) as caught:
        embedding.Embedder(path)
      self.assertNotIn('\n', str(caught.exception))

  def test_an_image_is_resized_as_a_whole(self):
    quarters = np.array([[[9, 0, 0], [99, 0, 0]], [[0, 0, 50], [0, 200, 0]]])
    image = quarters.astype(np.uint8).repeat(30, axis=0).repeat(40, axis=1)
    path = saved(keras.layers.Flatten(), shape=(2, 2, 3))
    found = embedding.Embedder(path, '0..255').embed([png(image)])
    np.testing.assert_allclose(found[0], quarters.ravel(), atol=40)


if __name__ == '__main__':
  absltest.main()
