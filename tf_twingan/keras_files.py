"""Opens .keras files of networks that consist of Keras' own layers.

A Keras file describes its network by the names of Python modules and classes,
and Keras imports whatever it names: also with `safe_mode`, which refuses no
more than the code of Lambda layers. So the description is checked before, and
the weights, which may name other files or claim any amount of memory. Models
of HDF5 are not opened: a Lambda layer in one runs its code.
"""

import inspect
import json
import os
import zipfile
from collections.abc import Iterator
from typing import Any, BinaryIO

import keras

from tf_twingan import hdf5_files, regular_files

SUFFIX = '.keras'
_CONFIG = 'config.json'
_WEIGHTS = 'model.weights.h5'
_MEMBERS = {_CONFIG, 'metadata.json', _WEIGHTS}
_MAX_BYTES = 64 * 2**20
# Modules by the names that Keras writes, and the class of what they hold.
_KINDS = {
  'keras.layers': (keras.layers, keras.layers.Layer),
  'keras.initializers': (
    keras.initializers,
    keras.initializers.Initializer,
  ),
  'keras.regularizers': (
    keras.regularizers,
    keras.regularizers.Regularizer,
  ),
  'keras.constraints': (keras.constraints, keras.constraints.Constraint),
}
# Numbers, bytes and, in Keras 3, the layers' inputs, which have no module.
_DATA = {'__bytes__', '__keras_tensor__', '__numpy__', '__tensor__'}
# Layers that run code of their file, or read other files.
_REFUSED = {
  'FlaxLayer',
  'IntegerLookup',
  'JaxLayer',
  'Lambda',
  'StringLookup',
  'TextVectorization',
  'TFSMLayer',
  'TorchModuleWrapper',
}
# Networks, and how Keras 3 writes which type each layer computes in.
_WHOLE = {
  ('keras', 'DTypePolicy'),
  ('keras', 'Sequential'),
  ('keras', 'Model'),
  ('keras.src.engine.functional', 'Functional'),
  ('keras.src.models.functional', 'Functional'),
  ('keras.src.models.sequential', 'Sequential'),
  ('keras.src.engine.sequential', 'Sequential'),
  ('keras.models', 'Functional'),
  ('keras.models', 'Model'),
  ('keras.models', 'Sequential'),
}


def load(path: str | os.PathLike) -> keras.Model:
  """Loads a network, to compute with.

  Args:
    path: a file that `model.save('NAME.keras')` wrote.

  Raises:
    ValueError: it is no such file, it is damaged, it names something else than
      Keras' own layers, or this version of Keras lacks them.
  """
  with regular_files.open_binary(path) as file:
    if not os.fspath(path).endswith(SUFFIX) or not zipfile.is_zipfile(file):
      raise ValueError(
        f"it is no file that model.save('NAME{SUFFIX}') writes; files of HDF5 "
        'may hold code and are not opened'
      )
    config, weights = _read(file)
  try:
    description = json.loads(config)
    if isinstance(description, dict):
      # Of training, which is left out; that of a network in it may not be.
      description.pop('compile_config', None)
    for module, name in _objects(description):
      _check(module, name)
  except (RecursionError, UnicodeDecodeError, json.JSONDecodeError) as error:
    raise ValueError(f'its {_CONFIG} is damaged ({error})') from error
  hdf5_files.check(weights)
  try:
    return keras.models.load_model(path, compile=False, safe_mode=True)
  # As for layers of Keras 2 in Keras 3, and the other way round.
  except TypeError as error:
    raise ValueError(
      f'Keras {keras.__version__} cannot build it; if another version wrote '
      'it, write it there as a SavedModel, by model.export(FOLDER)'
    ) from error


def _read(file: BinaryIO) -> tuple[bytes, bytes]:
  """The description and the weights."""
  with zipfile.ZipFile(file) as archive:
    members = archive.infolist()
    names = [member.filename for member in members]
    if not {_CONFIG, _WEIGHTS} <= set(names) <= _MEMBERS:
      raise ValueError(f'it holds {", ".join(names)}, not a network alone')
    for member in members:
      # A few bytes could expand to any size.
      if member.compress_type != zipfile.ZIP_STORED:
        raise ValueError(
          f'its {member.filename} is compressed, which Keras does not do; save '
          'the network again'
        )
    size = archive.getinfo(_CONFIG).file_size
    if size > _MAX_BYTES:
      raise ValueError(f'its {_CONFIG} has {size:,} bytes')
    try:
      return archive.read(_CONFIG), archive.read(_WEIGHTS)
    # Encrypted ones raise RuntimeError.
    except (EOFError, RuntimeError, zipfile.BadZipFile) as error:
      raise ValueError(f'it is damaged ({error})') from error


def _objects(config: Any) -> Iterator[tuple[Any, Any]]:
  """(module, name) of everything that a description names."""
  if isinstance(config, dict):
    if 'class_name' in config:
      yield _named(config)
    config = list(config.values())
  if isinstance(config, list):
    for value in config:
      yield from _objects(value)


def _named(config: dict) -> tuple[Any, Any]:
  # Functions have their name in place of their values.
  if config.get('class_name') == 'function':
    return config.get('module'), config.get('config')
  return config.get('module'), config.get('class_name')


def _check(module: Any, name: Any) -> None:
  """Raises ValueError unless something named is Keras' own, and harmless."""
  known = isinstance(module, str) and isinstance(name, str)
  if (known and (module, name) in _WHOLE) or (
    isinstance(name, str) and name in _DATA
  ):
    return
  if known and module in _KINDS and name not in _REFUSED:
    namespace, kind = _KINDS[module]
    found = getattr(namespace, name, None)
    if inspect.isclass(found) and issubclass(found, kind):
      return
  if known and module == 'builtins':
    if inspect.isfunction(getattr(keras.activations, name, None)):
      return
  raise ValueError(
    f"it names {name!r} of {module!r}, and only Keras' own layers are loaded, "
    f'without {", ".join(sorted(_REFUSED))}'
  )
