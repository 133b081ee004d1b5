"""Feature networks by name and by path give the features that they should."""

import os
import tempfile
from unittest import mock

import keras
import numpy as np
import pytest
import tensorflow as tf
from absl.testing import absltest

from tests import lanes
from tf_twingan.data.sources import registry
from tf_twingan.evaluation import feature_networks, own_features
from tf_twingan.metrics import frechet


def images(split):
  return registry.load('avatars:lorelei?limit=200', 16, split=split).images


class OwnFeaturesTest(absltest.TestCase):
  @pytest.mark.slow
  def test_damage_raises_the_distance_and_figures_repeat(self):
    training, real = images('train'), images('test')
    network, again = (
      feature_networks.load('own', training, seed=s) for s in (3, 3)
    )
    np.testing.assert_array_equal(network.features(real), again.features(real))
    real_features = network.features(training)
    self.assertEqual(real_features.shape, (200, own_features.SIZE))
    blurred = real[:, ::4, ::4].repeat(4, 1).repeat(4, 2)
    noise = np.random.default_rng(0).normal(0, 40, real.shape)
    noisy = np.clip(real + noise, 0, 255).astype(np.uint8)
    intact, *damaged = (
      frechet.distance(real=real_features, fake=network.features(p))
      for p in (real, blurred, noisy)
    )
    for distance in damaged:
      self.assertGreater(distance, 1.5 * intact)


class ByPathTest(absltest.TestCase):
  def setUp(self):
    super().setUp()
    self.folder = tempfile.mkdtemp()
    inputs = keras.Input([8, 8, 3])
    self.model = keras.Model(inputs, keras.layers.AveragePooling2D(4)(inputs))
    color = np.array([0, 51, 255], np.uint8)
    self.images = np.broadcast_to(color, [40, 16, 16, 3])

  def assert_features_of(self, path):
    network = feature_networks.load(path, self.images)
    self.assertEqual(network.label, os.path.basename(path))
    features = network.features(self.images)
    self.assertEqual(features.shape, (40, 3))
    # In [-1, 1], resized from 16 to 8 px, averaged over the 2x2 positions left.
    np.testing.assert_allclose(features[39], [-1, -0.6, 1], atol=1e-5)

  def test_a_keras_file_and_an_exported_folder(self):
    path = os.path.join(self.folder, 'net[1].keras')
    self.model.save(path)
    self.assert_features_of(path)
    path = os.path.join(self.folder, 'exported[1]')
    self.model.export(path)
    self.assert_features_of(path)

  @lanes.needs_keras(2)
  def test_a_keras_folder(self):
    path = os.path.join(self.folder, 'folder[1]')
    self.model.save(path)
    self.assert_features_of(path)

  def test_a_bare_saved_model(self):
    path = os.path.join(self.folder, 'bare[1]')
    module = tf.Module()
    module.serve = tf.function(
      lambda images: {'out': tf.nn.avg_pool2d(images, 4, 4, 'VALID')},
      input_signature=[tf.TensorSpec([None, 8, 8, 3])],
    )
    tf.saved_model.save(module, path, signatures=module.serve)
    self.assert_features_of(path)

  def test_images_are_given_in_height_and_width_of_the_network(self):
    inputs = keras.Input([8, 4, 3])
    self.model = keras.Model(inputs, keras.layers.AveragePooling2D(4)(inputs))
    path = os.path.join(self.folder, 'upright.keras')
    self.model.save(path)
    self.assert_features_of(path)

  def test_a_network_of_huge_images_is_refused(self):
    inputs = keras.Input([10**5, 10**5, 3])
    path = os.path.join(self.folder, 'huge.keras')
    keras.Model(inputs, keras.layers.ReLU()(inputs)).save(path)
    with self.assertRaisesRegex(ValueError, 'takes .* of at most 4096 px'):
      feature_networks.load(path, self.images)

  def test_errors_name_the_value_and_the_remedy(self):
    with self.assertRaisesRegex(FileNotFoundError, '=nowhere: no such.*own'):
      feature_networks.load('nowhere', self.images)
    broken = os.path.join(self.folder, 'broken.keras')
    with open(broken, 'w') as file:
      file.write('nonsense')
    with self.assertRaisesRegex(ValueError, 'broken.keras is neither a Keras'):
      feature_networks.load(broken, self.images)
    flat = os.path.join(self.folder, 'flat.keras')
    keras.Sequential([keras.layers.Dense(2, input_shape=[5])]).save(flat)
    with self.assertRaisesRegex(ValueError, r'takes \(None, 5\); give'):
      feature_networks.load(flat, self.images)

  def test_inception_without_its_weights_says_where_to_put_them(self):
    with mock.patch.object(
      keras.applications, 'InceptionV3', side_effect=Exception('no route\nx')
    ):
      with self.assertRaisesRegex(
        ValueError, r'\(no route\); put inception_v3'
      ):
        feature_networks.load('inception', self.images)


if __name__ == '__main__':
  absltest.main()
