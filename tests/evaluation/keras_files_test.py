"""Files of networks: Keras' own layers are loaded, code and others are not."""

import json
import os
import tempfile
import zipfile

import keras
import numpy as np
from absl.testing import absltest, parameterized

from tf_twingan.evaluation import feature_networks, keras_files


def network(*layers):
  inputs = keras.Input([8, 8, 3])
  outputs = inputs
  for layer in layers:
    outputs = layer(outputs)
  return keras.Model(inputs, outputs)


def saved(model, name='net.keras'):
  path = os.path.join(tempfile.mkdtemp(), name)
  model.save(path)
  return path


def with_config(change):
  """A file whose description was changed."""
  path = saved(network(keras.layers.Conv2D(2, 1, activation='relu')))
  other = os.path.join(tempfile.mkdtemp(), 'net.keras')
  with zipfile.ZipFile(path) as old, zipfile.ZipFile(other, 'w') as new:
    for name in old.namelist():
      content = old.read(name)
      if name == 'config.json':
        config = json.loads(content)
        change(config['config']['layers'][1])
        content = json.dumps(config)
      new.writestr(name, content)
  return other


class KerasFilesTest(parameterized.TestCase):
  def test_networks_of_all_kinds_of_own_layers_load(self):
    model = network(
      keras.layers.Rescaling(0.5),
      keras.layers.Conv2D(
        4,
        3,
        activation=keras.activations.relu,
        kernel_initializer=keras.initializers.HeNormal(),
        kernel_regularizer=keras.regularizers.L2(1e-3),
        kernel_constraint=keras.constraints.MaxNorm(2),
      ),
      keras.layers.BatchNormalization(),
      keras.Sequential([keras.layers.ReLU(6), keras.layers.Flatten()]),
    )
    model.compile('adam', 'mse')
    images = np.random.default_rng(0).normal(size=[2, 8, 8, 3])
    np.testing.assert_array_equal(
      keras_files.load(saved(model))(images), model(images)
    )

  @parameterized.parameters('net.h5', 'net.hdf5')
  def test_hdf5_is_refused_unread(self, name):
    trace = os.path.join(tempfile.mkdtemp(), 'trace')
    # Code that runs when the layer is called, as loading does.
    model = network(
      keras.layers.Lambda(lambda x: (os.system(f'touch {trace}'), x)[1])
    )
    path = saved(model, name)
    self.assertTrue(os.path.exists(trace))
    os.remove(trace)
    with self.assertRaisesRegex(
      ValueError, f'{name} is neither .* HDF5 may hold code and are not opened'
    ):
      feature_networks.load(path, np.zeros([2, 8, 8, 3], np.uint8))
    self.assertFalse(os.path.exists(trace))
    renamed = path.replace(name, 'net.keras')
    os.rename(path, renamed)
    with self.assertRaisesRegex(ValueError, 'may hold code'):
      keras_files.load(renamed)

  @parameterized.parameters(
    'FlaxLayer',
    'IntegerLookup',
    'JaxLayer',
    'StringLookup',
    'TextVectorization',
    'TFSMLayer',
    'TorchModuleWrapper',
  )
  def test_layers_of_code_and_of_other_files_are_refused(self, name):
    path = with_config(lambda layer: layer.update(class_name=name))
    with self.assertRaisesRegex(ValueError, f"names '{name}' of"):
      keras_files.load(path)

  def test_a_lambda_layer_is_refused(self):
    path = saved(network(keras.layers.Lambda(lambda x: x)))
    with self.assertRaisesRegex(ValueError, "names 'Lambda' of 'keras.layers'"):
      keras_files.load(path)

  @parameterized.parameters(
    ({'module': 'os', 'class_name': 'system'}, "'system' of 'os'"),
    ({'module': 'keras.utils', 'class_name': 'get_file'}, "'get_file' of"),
    ({'module': 'keras.layers', 'class_name': 'deserialize'}, "'deserialize'"),
    ({'module': None}, "'Conv2D' of None"),
    ({'class_name': ['Conv2D']}, 'names '),
    (
      {'compile_config': {'loss': {'module': 'os', 'class_name': 'system'}}},
      "'system' of 'os'",
    ),
  )
  def test_other_modules_are_refused(self, change, message):
    path = with_config(lambda layer: layer.update(change))
    with self.assertRaisesRegex(ValueError, message):
      keras_files.load(path)

  def test_functions_of_other_modules_are_refused(self):
    def change(layer):
      layer['config']['activation'] = {
        'module': 'builtins',
        'class_name': 'function',
        'config': 'exec',
        'registered_name': 'function',
      }

    with self.assertRaisesRegex(ValueError, "names 'exec' of 'builtins'"):
      keras_files.load(with_config(change))

  def test_other_archives_are_refused(self):
    path = os.path.join(tempfile.mkdtemp(), 'net.keras')
    with zipfile.ZipFile(path, 'w') as archive:
      archive.writestr('../evil', 'x')
    with self.assertRaisesRegex(ValueError, 'holds ../evil, not a network'):
      keras_files.load(path)


if __name__ == '__main__':
  absltest.main()
