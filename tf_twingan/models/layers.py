"""Convolution, dense layer, activation and resampling, after PGGAN.

Karras et al., "Progressive Growing of GANs" (2018): equalized learning rate
(section 4.1), pixel norm (4.2), minibatch standard deviation (section 3).

A layer computes in the dtype of its input and keeps its weights in float32,
so precision is decided where images enter a network, and flows with the data.
"""

import math

import keras
import tensorflow as tf

from tf_twingan.models import (
  base_layer,
  custom_gradients,
  spectral_normalization,
)

LEAKY_SLOPE = 0.2
_EPSILON = 1e-4  # Of a mean square.


class Conv(base_layer.BaseLayer):
  """A same-padded convolution with equalized learning rate.

  The stored kernel is initialized from N(0, 1) and multiplied by He's constant
  `gain / sqrt(fan_in)` each time it is used, so that under Adam every layer
  learns at the same relative speed (PGGAN section 4.1).

  With spectral norm a kernel is divided by its largest singular value instead:
  the constant would cancel out, and the relative speed stays.

  Attributes:
    kernel: float32 [size, size, in_channels, out_channels].
    bias: float32 [out_channels], or None.
    spectral: the SpectralNorm, or None.
  """

  def __init__(
    self,
    in_channels: int,
    out_channels: int,
    size: int = 3,
    *,
    gain: float = math.sqrt(2.0),
    use_bias: bool = True,
    spectral_norm: bool = False,
    name: str | None = None,
  ):
    super().__init__(name=name)
    self._scale = gain / math.sqrt(size * size * in_channels)
    self.kernel = self.add_weight(
      shape=(size, size, in_channels, out_channels),
      name='kernel',
      initializer=keras.initializers.RandomNormal(stddev=1.0),
    )
    self.bias = None
    if use_bias:
      self.bias = self.add_weight(
        shape=(out_channels,), name='bias', initializer='zeros'
      )
    self.spectral = (
      spectral_normalization.SpectralNorm(self.kernel)
      if spectral_norm
      else None
    )

  def scaled_kernel(self) -> tf.Tensor:
    """The kernel that is used: float32, like `kernel`."""
    if self.spectral is not None:
      return self.spectral(tf.convert_to_tensor(self.kernel))
    return self.kernel * self._scale

  def call(self, inputs: tf.Tensor) -> tf.Tensor:
    """NHWC in, NHWC out, same height and width, same dtype."""
    kernel = tf.cast(self.scaled_kernel(), inputs.dtype)
    outputs = tf.nn.conv2d(inputs, kernel, strides=1, padding='SAME')
    if self.bias is not None:
      outputs = tf.nn.bias_add(outputs, tf.cast(self.bias, inputs.dtype))
    return outputs


class Dense(base_layer.BaseLayer):
  """A fully connected layer with equalized learning rate, or spectral norm.

  Attributes:
    kernel: float32 [in_features, out_features].
    bias: float32 [out_features], or None.
    spectral: the SpectralNorm, or None.
  """

  def __init__(
    self,
    in_features: int,
    out_features: int,
    *,
    gain: float = math.sqrt(2.0),
    use_bias: bool = True,
    spectral_norm: bool = False,
    name: str | None = None,
  ):
    super().__init__(name=name)
    self._scale = gain / math.sqrt(in_features)
    self.kernel = self.add_weight(
      shape=(in_features, out_features),
      name='kernel',
      initializer=keras.initializers.RandomNormal(stddev=1.0),
    )
    self.bias = None
    if use_bias:
      self.bias = self.add_weight(
        shape=(out_features,), name='bias', initializer='zeros'
      )
    self.spectral = (
      spectral_normalization.SpectralNorm(self.kernel)
      if spectral_norm
      else None
    )

  def scaled_kernel(self) -> tf.Tensor:
    """The kernel that is used: float32, like `kernel`."""
    if self.spectral is not None:
      return self.spectral(tf.convert_to_tensor(self.kernel))
    return self.kernel * self._scale

  def call(self, inputs: tf.Tensor) -> tf.Tensor:
    """[batch, in_features] -> [batch, out_features], same dtype."""
    kernel = tf.cast(self.scaled_kernel(), inputs.dtype)
    outputs = tf.linalg.matmul(inputs, kernel)
    if self.bias is not None:
      outputs += tf.cast(self.bias, inputs.dtype)
    return outputs


@custom_gradients.custom_gradient
def leaky_relu(inputs: tf.Tensor):
  """max(x, 0.2 x), differentiable twice.

  Its gradient looks at the outputs, which have the signs of the inputs and are
  kept for what comes next, so that the inputs need not be kept, too. The
  stock gradient is several times slower in bfloat16 than in float32 on CPUs;
  there it is written as a product.
  """
  outputs = tf.nn.leaky_relu(inputs, LEAKY_SLOPE)

  def gradient(upstream):
    signs = tf.stop_gradient(outputs)
    if upstream.dtype == tf.float32:
      return tf.raw_ops.LeakyReluGrad(
        gradients=upstream, features=signs, alpha=LEAKY_SLOPE
      )
    slope = tf.constant(LEAKY_SLOPE, upstream.dtype)
    return upstream * tf.maximum(tf.sign(signs), slope)

  return outputs, gradient


@custom_gradients.custom_gradient
def pixel_norm(inputs: tf.Tensor):
  """Scales each pixel's feature vector to unit mean square (PGGAN 4.2).

  Written with multiply and rsqrt, which quantize and delegate well; epsilon
  is large enough for 8-bit arithmetic. Its gradient, with y = x r, is
  r (g - y mean(g y)): fewer passes over the tensors than those of the parts.
  """
  power = tf.reduce_mean(inputs * inputs, axis=-1, keepdims=True)
  scale = tf.math.rsqrt(power + _EPSILON)
  outputs = inputs * scale

  def gradient(upstream):
    along = tf.reduce_mean(upstream * outputs, axis=-1, keepdims=True)
    return scale * (upstream - outputs * along)

  return outputs, gradient


@custom_gradients.custom_gradient
def upsample(inputs: tf.Tensor):
  """Nearest-neighbour upsampling by two, NHWC.

  Its gradient is a sum over 2x2 cells, written as an average pool: the stock
  gradients (of broadcast, repeat or resize) cost more than the convolutions
  around them on CPUs, and the resize gradient has no XLA CPU kernel.
  """
  outputs = tf.repeat(tf.repeat(inputs, 2, axis=1), 2, axis=2)

  def gradient(upstream):
    return 4 * tf.nn.avg_pool2d(upstream, 2, 2, 'VALID')

  return outputs, gradient


def downsample(inputs: tf.Tensor) -> tf.Tensor:
  """2x2 average pooling with stride two, NHWC."""
  return tf.nn.avg_pool2d(inputs, 2, 2, 'VALID')


def upsample_bilinear(inputs: tf.Tensor) -> tf.Tensor:
  """Bilinear upsampling by two, NHWC, same dtype; borders repeat.

  It is nearest upsampling and then the filter [1, 2, 1] / 4 in both directions,
  which keeps the grid of the coarse pixels out of the fine ones (Zhang, "Making
  Convolutional Networks Shift-Invariant Again", 2019; StyleGAN section 2), at
  less than half the cost.
  """
  _, height, width, _ = inputs.shape
  outputs = tf.image.resize(inputs, [2 * height, 2 * width])
  return tf.cast(outputs, inputs.dtype)


def minibatch_stddev(inputs: tf.Tensor, group_size: int) -> tf.Tensor:
  """Appends one channel: how much the images of a group differ.

  Groups are runs of `group_size` consecutive images, so that a batch cut
  over several replicas at group borders gives each replica the same values
  that the whole batch would (PGGAN section 3).

  Args:
    inputs: [batch, height, width, channels]; group_size divides batch.
    group_size: images in a group.

  Returns:
    [batch, height, width, channels + 1], dtype of the inputs.
  """
  _, height, width, channels = inputs.shape
  groups = tf.reshape(
    tf.cast(inputs, tf.float32), [-1, group_size, height, width, channels]
  )
  deviation = tf.sqrt(tf.math.reduce_variance(groups, axis=1) + 1e-8)
  value = tf.reduce_mean(deviation, axis=[1, 2, 3])
  value = tf.repeat(value, group_size)[:, None, None, None]
  value = tf.tile(tf.cast(value, inputs.dtype), [1, height, width, 1])
  return tf.concat([inputs, value], axis=-1)
