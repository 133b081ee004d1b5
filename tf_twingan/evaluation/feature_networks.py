"""Which network looks at the images: own, Inception, or any by its path."""

import os
from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

import keras
import numpy as np
import tensorflow as tf

from tf_twingan import errors, image_arrays
from tf_twingan.evaluation import own_features

OWN, INCEPTION = 'own', 'inception'
_BATCH = 32
_INCEPTION_SIZE = 299  # px
_DEFAULT_SIZE = 224  # px; of a network that takes any size.


class FeatureNetwork(NamedTuple):
  """A network and what the tables call it.

  Attributes:
    label: for the names of columns: 'own', 'inception' or a file's name.
    features: from uint8 [n, resolution, resolution, 3] to float64 [n, d].
  """

  label: str
  features: Callable[[np.ndarray], np.ndarray]

  def named(self, values: Mapping[str, Any]) -> dict[str, Any]:
    """{column: value}, each column told apart from other networks'."""
    return {
      f'{name} ({self.label} features)': value for name, value in values.items()
    }


def load(name: str, training: np.ndarray, *, seed: int = 0) -> FeatureNetwork:
  """Loads, or for `own` trains, a feature network.

  Args:
    name: 'own': a small one, trained now on the target domain; 'inception':
      InceptionV3 of keras.applications, pooled, 2048 values; or the path of a
      Keras model or a SavedModel, which is given float32 RGB in [-1, 1] at the
      size it asks for. What it gives is averaged over places.
    training: uint8 [m, resolution, resolution, 3]: real images of the target
      domain; only 'own' looks at them.
    seed: of 'own'.

  Raises:
    FileNotFoundError: there is no such path.
    ValueError: there is no such network, or its weights are not to be had.
  """
  if name == OWN:
    return FeatureNetwork(OWN, own_features.OwnFeatures(training, seed=seed))
  if name == INCEPTION:
    return FeatureNetwork(INCEPTION, _of(_inception(), _INCEPTION_SIZE))
  if not os.path.exists(name):
    raise FileNotFoundError(
      f'--features={name}: no such file; give own, inception, or the path of a '
      'Keras model or a SavedModel.'
    )
  label = os.path.basename(os.path.normpath(name))
  return FeatureNetwork(label, _of(*_by_path(name)))


def _inception() -> Any:
  try:
    return keras.applications.InceptionV3(include_top=False, pooling='avg')
  # Downloads fail in as many ways as there are hosts.
  except Exception as error:
    raise ValueError(
      f'--features={INCEPTION}: its weights are neither in ~/.keras/models nor '
      f'to be fetched ({errors.first_line(error)}); put '
      'inception_v3_weights_tf_dim_ordering_tf_kernels_notop.h5 of '
      'keras.applications there, or leave --features out.'
    ) from error


def _by_path(path: str) -> tuple[Any, int]:
  """A network and the side of the images that it takes."""
  try:
    network = keras.models.load_model(path, compile=False)
    shape = network.input_shape
  except Exception as no_keras_model:
    try:
      loaded = tf.saved_model.load(path)
      network = loaded.signatures['serving_default']
    except Exception as error:
      raise ValueError(
        f'--features={path} is neither a Keras model '
        f'({errors.first_line(no_keras_model)}) nor a SavedModel with a '
        f'serving_default signature ({errors.first_line(error)}).'
      ) from error
    # The model owns the weights that its signature only refers to.
    network._keep = loaded
    (spec,) = network.structured_input_signature[1].values()
    shape = spec.shape
  if len(shape) != 4 or shape[-1] != 3:
    raise ValueError(
      f'--features={path} takes {tuple(shape)}; give a network of images '
      '[n, height, width, 3].'
    )
  return network, shape[1] or _DEFAULT_SIZE


def _of(network: Any, size: int) -> Callable[[np.ndarray], np.ndarray]:
  def features(images: np.ndarray) -> np.ndarray:
    parts = []
    for start in range(0, len(images), _BATCH):
      # In floats: rounding the enlarged image would leave steps.
      batch = image_arrays.to_float(images[start : start + _BATCH])
      batch = tf.image.resize(batch, [size, size], antialias=True)
      found = tf.nest.flatten(network(batch))[0]
      while found.shape.rank > 2:
        found = tf.reduce_mean(found, axis=1)
      parts.append(found.numpy())
    return np.concatenate(parts).astype(np.float64)

  return features
