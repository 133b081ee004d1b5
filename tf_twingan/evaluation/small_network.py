"""A small convolutional network and its training, within seconds.

The attribute probe and the own features are such networks. Everything random is
seeded, so two evaluations give equal figures.
"""

import math
from collections.abc import Callable, Mapping

import keras
import numpy as np
import tensorflow as tf

from tf_twingan import compat, image_arrays

LARGEST = 64  # px; larger images are downsampled.
_COARSEST = 4  # px
_BATCH = 64
_RATE = 2e-3
_WIDTHS = (32, 64, 64, 64, 64)

Batch = Mapping[str, np.ndarray]


def prepare(images: np.ndarray) -> np.ndarray:
  """Converts images to inputs of the network.

  Args:
    images: uint8 [n, resolution, resolution, 3].

  Returns:
    float32 [n, size, size, 3] in [-1, 1], `size` at most `LARGEST`.
  """
  if images.shape[1] > LARGEST:
    images = image_arrays.downsample(images, LARGEST)
  return image_arrays.to_float(images)


@compat.keras_defaults()
def build(
  resolution: int,
  outputs: Mapping[str, int],
  *,
  code: int,
  activation: str,
  seed: int,
) -> keras.Model:
  """Builds convolutions of stride 2 down to 4x4, a code, and linear outputs.

  Args:
    resolution: side of the images, px; a power of two from 4 up.
    outputs: {name: number of values}.
    code: number of values of the code.
    activation: activation of the code.
    seed: seed of the initial weights.

  Returns:
    A model of float32 [n, resolution, resolution, 3] that returns {'code':
    [n, code], name: [n, number of values], ...}.
  """

  def initializer(index: int) -> keras.initializers.Initializer:
    return keras.initializers.HeNormal(seed=1000 * seed + index)

  images = x = keras.Input([resolution, resolution, 3])
  depth = 0
  while resolution > _COARSEST:
    x = keras.layers.Conv2D(
      _WIDTHS[min(depth, len(_WIDTHS) - 1)],
      3,
      strides=2,
      padding='same',
      activation='relu',
      kernel_initializer=initializer(depth),
    )(x)
    resolution, depth = resolution // 2, depth + 1
  x = keras.layers.Flatten()(x)
  x = keras.layers.Dense(
    code, activation=activation, kernel_initializer=initializer(100)
  )(x)
  results = {'code': x}
  for index, (name, size) in enumerate(outputs.items(), 101):
    results[name] = keras.layers.Dense(
      size, kernel_initializer=initializer(index), name=name
    )(x)
  return keras.Model(images, results)


@compat.keras_defaults()
def fit(
  model: keras.Model,
  make_batch: Callable[[np.random.Generator, np.ndarray], Batch],
  loss: Callable[[Mapping[str, tf.Tensor], Mapping[str, tf.Tensor]], tf.Tensor],
  *,
  count: int,
  steps: int,
  epochs: int,
  seed: int,
) -> None:
  """Trains with Adam, at a learning rate that decays to 0.

  Args:
    model: a model of `build`.
    make_batch: function of a random generator and the indices of examples, int
      [b], to a batch: 'images', float32, and what the loss needs.
    loss: function of the model's outputs and the batch to a scalar.
    count: number of examples.
    steps: largest number of batches.
    epochs: largest number of passes over the examples.
    seed: seed of the batches.
  """
  rng = np.random.Generator(np.random.Philox(key=seed))
  size = min(_BATCH, count)
  steps = min(steps, math.ceil(epochs * count / size))
  optimizer = keras.optimizers.Adam(
    keras.optimizers.schedules.CosineDecay(_RATE, steps)
  )

  @tf.function(autograph=False)
  def step(batch):
    with tf.GradientTape() as tape:
      value = loss(model(batch['images'], training=True), batch)
    variables = model.trainable_variables
    optimizer.apply_gradients(zip(tape.gradient(value, variables), variables))

  order = np.array([], np.int64)
  for _ in range(steps):
    if len(order) < size:
      order = rng.permutation(count)
    indices, order = order[:size], order[size:]
    batch = make_batch(rng, indices)
    step({name: tf.constant(value) for name, value in batch.items()})


def apply(model: keras.Model, images: np.ndarray) -> dict[str, np.ndarray]:
  """All outputs of a model for uint8 images."""
  batches = [
    model(tf.constant(prepare(images[i : i + _BATCH])), training=False)
    for i in range(0, len(images), _BATCH)
  ]
  return {
    name: np.concatenate([outputs[name].numpy() for outputs in batches])
    for name in batches[0]
  }
