"""Feature networks: the own network, Inception, or any network by its path."""

import os
from collections.abc import Callable
from typing import Any, NamedTuple

import keras
import numpy as np
import tensorflow as tf

from tf_twingan import compat, errors, image_arrays, image_networks
from tf_twingan.evaluation import names, own_features

_BATCH = 32
_INCEPTION_SIZE = 299  # px
_DEFAULT_SIZE = 224  # px; of a network that takes any size.
_MAX_SIZE = 4096  # px


class FeatureNetwork(NamedTuple):
  """A network and its label in the tables.

  Attributes:
    label: part of the names of columns: 'own', 'inception' or a file's name.
    features: function of uint8 [n, resolution, resolution, 3] to float64
      [n, d].
  """

  label: str
  features: Callable[[np.ndarray], np.ndarray]


def load(name: str, training: np.ndarray, *, seed: int = 0) -> FeatureNetwork:
  """Loads a feature network; `own` is trained here.

  Args:
    name: 'own': a small network, trained on the target domain; 'inception':
      InceptionV3 of keras.applications, pooled, 2048 values; or the path of a
      .keras file or a SavedModel, which gets float32 RGB in [-1, 1] of the
      size that its input has. Its output is averaged over positions.
    training: real images of the target domain, uint8 [m, resolution,
      resolution, 3]; only 'own' is trained on them.
    seed: seed of 'own'.

  Raises:
    FileNotFoundError: there is no such path.
    ValueError: there is no such network, or its weights are not available.
  """
  if name == names.OWN_FEATURES:
    return FeatureNetwork(name, own_features.OwnFeatures(training, seed=seed))
  if name == names.INCEPTION:
    return FeatureNetwork(name, _features(_inception(), [_INCEPTION_SIZE] * 2))
  if not os.path.exists(name):
    raise FileNotFoundError(
      f'--features={name}: no such file; give own, inception, or the path of a '
      '.keras file or a SavedModel.'
    )
  label = os.path.basename(os.path.normpath(name))
  return FeatureNetwork(label, _features(*_by_path(name)))


def _inception() -> Any:
  try:
    with compat.keras_defaults():
      return keras.applications.InceptionV3(include_top=False, pooling='avg')
  # A download can fail with any exception, depending on the host.
  except Exception as error:
    raise ValueError(
      f'--features={names.INCEPTION}: its weights are neither in '
      f'~/.keras/models nor to be fetched ({errors.first_line(error)}); put '
      'inception_v3_weights_tf_dim_ordering_tf_kernels_notop.h5 of '
      'keras.applications there, or leave --features out.'
    ) from error


def _by_path(path: str) -> tuple[Any, list[int]]:
  """A network, and height and width of the images that it takes."""
  try:
    network, shape, _ = image_networks.load(path)
  # Keras and TensorFlow raise all kinds for what they cannot read.
  except Exception as error:
    raise ValueError(
      f'--features={path} is neither a Keras model (NAME.keras) nor a '
      'SavedModel with a serving_default signature that only compute: '
      f'{errors.first_line(error)}.'
    ) from error
  if len(shape) != 4 or shape[-1] != 3:
    raise ValueError(
      f'--features={path} takes {tuple(shape)}; give a network of images '
      '[n, height, width, 3].'
    )
  size = [side or _DEFAULT_SIZE for side in shape[1:3]]
  if max(size) > _MAX_SIZE:
    raise ValueError(
      f'--features={path} takes {tuple(shape)}; give a network of images of at '
      f'most {_MAX_SIZE} px.'
    )
  return network, size


def _features(
  network: Any, size: list[int]
) -> Callable[[np.ndarray], np.ndarray]:
  def features(images: np.ndarray) -> np.ndarray:
    batches = []
    for start in range(0, len(images), _BATCH):
      batch = image_arrays.to_float(images[start : start + _BATCH])
      # In floats, because rounding the enlarged image would leave steps.
      batch = tf.image.resize(batch, size, antialias=True)
      outputs = tf.nest.flatten(network(batch))[0]
      while outputs.shape.rank > 2:
        outputs = tf.reduce_mean(outputs, axis=1)
      batches.append(outputs.numpy())
    return np.concatenate(batches).astype(np.float64)

  return features
