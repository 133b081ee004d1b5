"""Spectral norm: kernels are divided by their largest singular value.

Miyato et al., "Spectral Normalization for Generative Adversarial Networks"
(2018): a kernel, as a matrix with a column for each output channel (section
2.1), is divided by its largest singular value. That is estimated by power
iteration, which one step per training step keeps up to date, as kernels move
little (appendix A). The gradient passes through the division, so that growing
a kernel gains nothing (equation 12).

The iteration is written out, as the SpectralNormalization of tensorflow_addons
0.23 does not fit these layers. It writes the divided kernel over the stored one
in each forward pass, several of which make a training step; the equalized
learning rate then multiplies what should be 1 (a convolution of 8 channels ends
at 0.17), the division is missing from the gradient, and half precision becomes
float32.

Here a stored kernel stays what the optimizer made of it, and the forward pass
changes nothing. `power_iteration_step` is called when all gradients are
applied, for averaged weights by themselves, so that a checkpoint's kernels and
estimates belong together.
"""

from collections.abc import Sequence
from typing import Any

import tensorflow as tf

from tf_twingan.models import base_layer, named_weights

_FIRST_STEPS = 30  # On a new kernel, so that training starts with good values.
_SMALLEST = 1e-12
# From a layer to its estimate.
_DIRECTION = ('spectral', 'direction')


class SpectralNorm(base_layer.BaseLayer):
  """Divides the kernel of one layer.

  Attributes:
    direction: float32 [out_channels], about the right singular vector of the
      largest singular value; not trainable.
  """

  def __init__(self, kernel: Any, *, name: str = 'spectral'):
    """Estimates the right singular vector.

    Args:
      kernel: the layer's variable, [..., out_channels], initialized already.
      name: layer name.
    """
    super().__init__(name=name)

    def estimate(shape, dtype=None, **_):
      vector = tf.ones(shape, dtype)
      for _ in range(_FIRST_STEPS):
        vector = _step(kernel, vector)[1]
      return vector

    self.direction = self.add_weight(
      shape=(kernel.shape[-1],),
      initializer=estimate,
      trainable=False,
      name='direction',
    )

  def call(self, kernel: tf.Tensor) -> tf.Tensor:
    """Divides a kernel by its largest singular value; same shape and dtype."""
    left, right = _step(kernel, self.direction)
    stretched = tf.linalg.matvec(_matrix(kernel), tf.stop_gradient(right))
    value = tf.reduce_sum(tf.stop_gradient(left) * stretched)
    return kernel / tf.maximum(value, _SMALLEST)


def right_singular_vectors(
  network: Any,
) -> list[tuple[tf.Variable, tf.Variable]]:
  """Each normalized kernel with its right singular vector."""
  variables = named_weights.by_path(network)
  return [
    (variables[(*path[: -len(_DIRECTION)], 'kernel')], direction)
    for path, direction in variables.items()
    if path[-len(_DIRECTION) :] == _DIRECTION
  ]


def power_iteration_step(
  networks: Sequence[Any], strategy: tf.distribute.Strategy
) -> None:
  """One step of power iteration; to be called outside the replicas.

  Args:
    networks: whose kernels are normalized.
    strategy: that the networks were made under.
  """

  def update(direction, kernel):
    direction.assign(_step(kernel, direction)[1])

  for network in networks:
    for kernel, direction in right_singular_vectors(network):
      strategy.extended.update(direction, update, args=(kernel,))


def _step(kernel, direction):
  """The singular vectors, left and right, one step further."""
  matrix = _matrix(kernel)
  left = tf.math.l2_normalize(tf.linalg.matvec(matrix, direction))
  right = tf.linalg.matvec(matrix, left, transpose_a=True)
  return left, tf.math.l2_normalize(right)


def _matrix(kernel):
  return tf.reshape(kernel, [-1, kernel.shape[-1]])
