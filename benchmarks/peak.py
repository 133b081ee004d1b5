"""How fast a machine convolves when it does nothing else.

The measure for an update: what stays of this rate when norms, activations,
optimizers and Python are added. Kernels are 3x3, as nearly all of a network's.
"""

import time

import tensorflow as tf

# Batch, side, channels in and out: those of networks at 16 to 64 px.
_SHAPES = ((16, 64, 64), (16, 32, 128), (16, 16, 256))
_CALLS = 3
_ROUNDS = 6


def convolution_rate(precision: str) -> float:
  """Multiply-accumulates a second of the fastest forward convolution.

  Args:
    precision: dtype of pictures and kernels.
  """
  return max(_rate(precision, *shape) for shape in _SHAPES)


def _rate(precision, batch, side, channels):
  images = tf.ones([batch, side, side, channels], precision)
  kernel = tf.ones([3, 3, channels, channels], precision)

  @tf.function(autograph=False)
  def convolve(images):
    return tf.nn.conv2d(images, kernel, 1, 'SAME')

  convolve(images)
  fastest = min(_seconds(convolve, images) for _ in range(_ROUNDS))
  return batch * side**2 * 9 * channels**2 / fastest


def _seconds(convolve, images):
  begun = time.perf_counter()
  for _ in range(_CALLS):
    last = convolve(images)
  last[0, 0, 0, 0].numpy()
  return (time.perf_counter() - begun) / _CALLS
