"""Layers of CycleGAN and pix2pix: plain convolutions and instance norm.

Unlike in `layers` the weights are used as they are stored, initialized from
N(0, 0.02^2) (Isola et al. 2017, appendix 6.2; Zhu et al. 2017, section 4),
so that the papers' learning rates mean here what they mean there.

A layer computes in the dtype of its input and keeps its weights in float32.
"""

import keras
import tensorflow as tf

from tf_twingan.models import base_layer

_STDDEV = 0.02


class Conv(base_layer.BaseLayer):
  """A convolution; the image becomes `stride` times smaller.

  Attributes:
    kernel: float32 [size, size, in_channels, out_channels].
    bias: float32 [out_channels], or None.
  """

  def __init__(
    self,
    in_channels: int,
    out_channels: int,
    size: int,
    *,
    stride: int = 1,
    reflect: bool = False,
    use_bias: bool = False,
    name: str | None = None,
  ):
    """Makes the weights.

    Args:
      in_channels: feature channels of the input.
      out_channels: feature channels of the output.
      size: of the kernel.
      stride: pixels from one output to the next.
      reflect: continue the image by its mirror image at the border, not by
        zeros; odd sizes and a stride of 1 only.
      use_bias: add a bias; an instance norm that follows would subtract it.
      name: layer name.
    """
    super().__init__(name=name)
    self._stride = stride
    self._border = size // 2 if reflect else 0
    self.kernel, self.bias = _weights(
      self, (size, size, in_channels, out_channels), out_channels, use_bias
    )

  def call(self, inputs: tf.Tensor) -> tf.Tensor:
    """NHWC to NHWC, same dtype."""
    border = [self._border] * 2
    if self._border:
      inputs = tf.pad(inputs, [[0, 0], border, border, [0, 0]], 'REFLECT')
    outputs = tf.nn.conv2d(
      inputs,
      tf.cast(self.kernel, inputs.dtype),
      self._stride,
      'VALID' if self._border else 'SAME',
    )
    return _biased(outputs, self.bias)


class UpConv(base_layer.BaseLayer):
  """A transposed convolution; the image becomes twice as large.

  Attributes:
    kernel: float32 [size, size, out_channels, in_channels].
    bias: float32 [out_channels], or None.
  """

  def __init__(
    self,
    in_channels: int,
    out_channels: int,
    size: int,
    *,
    use_bias: bool = False,
    name: str | None = None,
  ):
    super().__init__(name=name)
    self._channels = out_channels
    self.kernel, self.bias = _weights(
      self, (size, size, out_channels, in_channels), out_channels, use_bias
    )

  def call(self, inputs: tf.Tensor) -> tf.Tensor:
    """NHWC to NHWC, same dtype."""
    _, height, width, _ = inputs.shape
    outputs = tf.nn.conv2d_transpose(
      inputs,
      tf.cast(self.kernel, inputs.dtype),
      [tf.shape(inputs)[0], 2 * height, 2 * width, self._channels],
      2,
      'SAME',
    )
    return _biased(outputs, self.bias)


def instance_norm(inputs: tf.Tensor, epsilon: float = 1e-5) -> tf.Tensor:
  """Each channel of each image to mean 0 and variance 1; nothing learned.

  Ulyanov et al., "Instance Normalization" (2016). A single pixel would always
  become 0: do not normalize those.
  """
  values = tf.cast(inputs, tf.float32)
  mean, variance = tf.nn.moments(values, [1, 2], keepdims=True)
  values = (values - mean) * tf.math.rsqrt(variance + epsilon)
  return tf.cast(values, inputs.dtype)


def _weights(layer, shape, channels, use_bias):
  kernel = layer.add_weight(
    shape=shape,
    name='kernel',
    initializer=keras.initializers.RandomNormal(stddev=_STDDEV),
  )
  if not use_bias:
    return kernel, None
  bias = layer.add_weight(shape=(channels,), name='bias', initializer='zeros')
  return kernel, bias


def _biased(outputs, bias):
  if bias is None:
    return outputs
  return tf.nn.bias_add(outputs, tf.cast(bias, outputs.dtype))
