"""Files of networks: Keras' own layers are loaded, code and others are not."""

import io
import json
import os
import tempfile
import zipfile

import h5py
import keras
import numpy as np
from absl.testing import absltest, parameterized

from tf_twingan import compat, keras_files
from tf_twingan.evaluation import feature_networks


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


def with_member(member, change, compression=zipfile.ZIP_STORED):
  """A file of which a part was changed."""
  path = saved(network(keras.layers.Conv2D(2, 1, activation='relu')))
  other = os.path.join(tempfile.mkdtemp(), 'net.keras')
  with (
    zipfile.ZipFile(path) as old,
    zipfile.ZipFile(other, 'w', compression) as new,
  ):
    for name in old.namelist():
      content = old.read(name)
      new.writestr(name, change(content) if name == member else content)
  return other


def with_config(change):
  """A file whose description was changed."""

  def change_layer(content):
    config = json.loads(content)
    change(config['config']['layers'][1])
    return json.dumps(config)

  return with_member('config.json', change_layer)


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

  def test_networks_of_another_version_of_keras_are_named(self):
    def rename(content):
      folder = 'engine' if compat.KERAS == 3 else 'models'
      module = f'keras.src.{folder}.functional'
      return json.dumps(json.loads(content) | {'module': module})

    with self.assertRaisesRegex(
      ValueError, f'^Keras {keras.__version__} cannot build it; .*model.export'
    ):
      keras_files.load(with_member('config.json', rename))

  def test_weights_that_are_elsewhere_are_refused(self):
    # Weights that any file of the machine would give; 3x2 floats are 24 bytes.
    secret = os.path.join(tempfile.mkdtemp(), 'secret')
    with open(secret, 'wb') as file:
      file.write(np.full([6], 7, np.float32).tobytes())

    def refer(content):
      places, edited = [], io.BytesIO(content)
      with h5py.File(edited, 'r+') as file:
        file.visit(places.append)
        (place,) = (p for p in places if p.endswith('vars/0'))
        del file[place]
        file.create_dataset(
          place, shape=[1, 1, 3, 2], dtype='f4', external=[(secret, 0, 24)]
        )
      return edited.getvalue()

    path = with_member('model.weights.h5', refer)
    with self.assertRaisesRegex(ValueError, 'vars/0 are in another file'):
      keras_files.load(path)

  def test_compressed_files_are_refused_unread(self):
    path = with_member('', None, zipfile.ZIP_DEFLATED)
    with self.assertRaisesRegex(ValueError, 'is compressed, .*; save the'):
      keras_files.load(path)

  @parameterized.parameters(b'\xff\xfe{', b'{', b'[' * 100_000)
  def test_a_damaged_description_is_named(self, content):
    path = with_member('config.json', lambda _: content)
    with self.assertRaisesRegex(ValueError, 'its config.json is damaged'):
      keras_files.load(path)

  def test_a_fifo_is_not_waited_for(self):
    path = os.path.join(tempfile.mkdtemp(), 'net.keras')
    os.mkfifo(path)
    with self.assertRaisesRegex(ValueError, 'no regular file but a FIFO'):
      keras_files.load(path)

  def test_other_archives_are_refused(self):
    path = os.path.join(tempfile.mkdtemp(), 'net.keras')
    with zipfile.ZipFile(path, 'w') as archive:
      archive.writestr('../evil', 'x')
    with self.assertRaisesRegex(ValueError, 'holds ../evil, not a network'):
      keras_files.load(path)


if __name__ == '__main__':
  absltest.main()
