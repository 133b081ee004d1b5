"""A small convolutional network and its training: seconds, and repeatable.

What several scorers learn from real images they learn with this. All that is
random comes from seeds, so two evaluations give equal figures.
"""

import math
from collections.abc import Callable, Mapping

import keras
import numpy as np
import tensorflow as tf

from tf_twingan import image_arrays

LARGEST = 64  # px; larger images are made smaller.
_COARSEST = 4  # px
_BATCH = 64
_RATE = 2e-3
_WIDTHS = (32, 64, 64, 64, 64)

Batch = Mapping[str, np.ndarray]


def prepare(images: np.ndarray) -> np.ndarray:
  """Images as the network takes them.

  Args:
    images: uint8 [n, resolution, resolution, 3].

  Returns:
    float32 [n, size, size, 3] in [-1, 1], `size` at most `LARGEST`.
  """
  if images.shape[1] > LARGEST:
    images = image_arrays.downsample(images, LARGEST)
  return image_arrays.to_float(images)


def build(
  resolution: int,
  outputs: Mapping[str, int],
  *,
  code: int,
  activation: str,
  seed: int,
) -> keras.Model:
  """Convolutions of stride 2 down to 4x4, a code, and linear outputs of it.

  Args:
    resolution: side of the images, px; a power of two from 4 up.
    outputs: {name: number of values}.
    code: number of values of the code.
    activation: of the code.
    seed: of the weights.

  Returns:
    A model of float32 [n, resolution, resolution, 3] that gives {'code':
    [n, code], and the outputs}.
  """

  def start(place: int) -> keras.initializers.Initializer:
    return keras.initializers.HeNormal(seed=1000 * seed + place)

  images = x = keras.Input([resolution, resolution, 3])
  depth = 0
  while resolution > _COARSEST:
    x = keras.layers.Conv2D(
      _WIDTHS[min(depth, len(_WIDTHS) - 1)],
      3,
      strides=2,
      padding='same',
      activation='relu',
      kernel_initializer=start(depth),
    )(x)
    resolution, depth = resolution // 2, depth + 1
  x = keras.layers.Flatten()(x)
  x = keras.layers.Dense(
    code, activation=activation, kernel_initializer=start(100)
  )(x)
  found = {'code': x}
  for place, (name, size) in enumerate(outputs.items(), 101):
    found[name] = keras.layers.Dense(
      size, kernel_initializer=start(place), name=name
    )(x)
  return keras.Model(images, found)


def fit(
  model: keras.Model,
  batch: Callable[[np.random.Generator, np.ndarray], Batch],
  loss: Callable[[Mapping[str, tf.Tensor], Mapping[str, tf.Tensor]], tf.Tensor],
  *,
  count: int,
  steps: int,
  epochs: int,
  seed: int,
) -> None:
  """Trains with Adam, at a rate that falls to nothing.

  Args:
    model: of `build`.
    batch: from a generator and the places of examples, int [b], to the batch:
      'images', float32, and what the loss needs.
    loss: from the model's outputs and the batch to a scalar.
    count: examples that there are.
    steps: batches to train on, at most ...
    epochs: ... and passes over the examples, at most.
    seed: of what is drawn.
  """
  rng = np.random.Generator(np.random.Philox(key=seed))
  size = min(_BATCH, count)
  steps = min(steps, math.ceil(epochs * count / size))
  optimizer = keras.optimizers.Adam(
    keras.optimizers.schedules.CosineDecay(_RATE, steps)
  )

  @tf.function(autograph=False)
  def step(given):
    with tf.GradientTape() as tape:
      value = loss(model(given['images'], training=True), given)
    variables = model.trainable_variables
    optimizer.apply_gradients(zip(tape.gradient(value, variables), variables))

  order = np.array([], np.int64)
  for _ in range(steps):
    if len(order) < size:
      order = rng.permutation(count)
    places, order = order[:size], order[size:]
    step({k: tf.constant(v) for k, v in batch(rng, places).items()})


def apply(model: keras.Model, images: np.ndarray) -> dict[str, np.ndarray]:
  """All outputs of a model for uint8 images."""
  parts = [
    model(tf.constant(prepare(images[i : i + _BATCH])), training=False)
    for i in range(0, len(images), _BATCH)
  ]
  return {
    name: np.concatenate([part[name].numpy() for part in parts])
    for name in parts[0]
  }
