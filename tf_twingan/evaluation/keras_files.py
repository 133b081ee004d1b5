"""Opens .keras files of networks that consist of Keras' own layers.

A Keras file describes its network by the names of Python modules and classes,
and Keras imports whatever it names: also with `safe_mode`, which refuses no
more than the code of Lambda layers. So the description is checked before.
Files of HDF5 are not opened: a Lambda layer in one runs its code.
"""

import inspect
import json
import os
import zipfile
from collections.abc import Iterator
from typing import Any

import keras

SUFFIX = '.keras'
_CONFIG = 'config.json'
_MEMBERS = {_CONFIG, 'metadata.json', 'model.weights.h5'}
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
    ValueError: it is no such file, it is damaged, or it names something else
      than Keras' own layers.
  """
  if not os.fspath(path).endswith(SUFFIX) or not zipfile.is_zipfile(path):
    raise ValueError(
      f"it is no file that model.save('NAME{SUFFIX}') writes; files of HDF5 "
      'may hold code and are not opened'
    )
  with zipfile.ZipFile(path) as archive:
    names = {entry.filename: entry.file_size for entry in archive.infolist()}
    if _CONFIG not in names or not set(names) <= _MEMBERS:
      raise ValueError(f'it holds {", ".join(names)}, not a network alone')
    if names[_CONFIG] > _MAX_BYTES:
      raise ValueError(f'its {_CONFIG} has {names[_CONFIG]:,} bytes')
    try:
      config = json.loads(archive.read(_CONFIG))
      if isinstance(config, dict):
        # Of training, which is left out; that of a network in it may not be.
        config.pop('compile_config', None)
      for module, name in _objects(config):
        _check(module, name)
    except (RecursionError, zipfile.BadZipFile) as error:
      raise ValueError(f'its {_CONFIG} is damaged ({error})') from error
  return keras.models.load_model(path, compile=False, safe_mode=True)


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
