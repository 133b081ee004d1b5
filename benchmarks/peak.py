"""Peak rate of convolutions alone on this machine.

An update is measured against this rate: it shows how much norms, activations,
optimizers and Python take. Kernels are 3x3, as nearly all of a network's are.
"""

import time

import tensorflow as tf

# Batch, side, channels in and out, as in networks at 16 to 64 px.
_SHAPES = ((16, 64, 64), (16, 32, 128), (16, 16, 256))
_CALLS = 3
_ROUNDS = 6
# Convolutions at a time: one that has half of the cores leaves the others idle.
_SIDE_BY_SIDE = (1, 2)


def convolution_rate(precision: str) -> float:
  """Multiply-accumulates a second of the fastest forward convolutions.

  Args:
    precision: name of the dtype of images and kernels.
  """
  return max(
    _rate(precision, together, *shape)
    for together in _SIDE_BY_SIDE
    for shape in _SHAPES
  )


def _rate(precision, together, batch, side, channels):
  images = tf.ones([batch, side, side, channels], precision)
  kernel = tf.ones([3, 3, channels, channels], precision)

  @tf.function(autograph=False)
  def convolve(*branches):
    return [tf.nn.conv2d(images, kernel, 1, 'SAME') for images in branches]

  # Different tensors, lest equal convolutions become one.
  branches = [images + i for i in range(together)]
  convolve(*branches)
  fastest = min(_seconds(convolve, branches) for _ in range(_ROUNDS))
  return together * batch * side**2 * 9 * channels**2 / fastest


def _seconds(convolve, branches):
  begun = time.perf_counter()
  for _ in range(_CALLS):
    last = convolve(*branches)
  for result in last:
    result[0, 0, 0, 0].numpy()
  return (time.perf_counter() - begun) / _CALLS
