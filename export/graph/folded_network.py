"""Folded weights as a graph of operations that phones run fast.

It computes what the model computes, by operations that TFLite has and that its
XNNPACK delegate takes as one partition, in float and in 8 bits:

- average pooling is a depthwise convolution by 0.25 (8-bit average pools are
  not delegated);
- nearest upsampling is four copies, rearranged by depth-to-space;
- upsampling and then filtering with [1, 2, 1] / 4 is bilinear resizing with
  half-pixel centres, borders included.
"""

import itertools
from collections.abc import Callable

import numpy as np
import tensorflow as tf

from export.graph import folding
from tf_twingan.models import (
  content_encoder,
  custom_gradients,
  layers,
  resolutions,
  twingan,
)

# Of a convolution: part of the network ('encoder' ...), resolution in px, and
# number within that block.
Place = tuple[str, int, int]


class Variables:
  """Creates the variables of networks; those that networks share only once."""

  def __init__(self):
    self._variables: dict[tuple, tf.Variable] = {}

  def for_convolution(
    self, place: Place, domain: str
  ) -> Callable[..., tf.Variable]:
    """A function of (role, value) to a convolution's variable in that role.

    Args:
      place: place of the convolution in the network.
      domain: name of the domain whose norm follows the convolution.
    """

    def variable(role, value):
      # Kernels belong to all domains, and so does the output layer.
      owner = '' if role == 'kernel' or place[0] == 'to_rgb' else domain
      key = (place, role, owner)
      if key not in self._variables:
        self._variables[key] = tf.Variable(value, trainable=False)
      return self._variables[key]

    return variable


class Network(tf.Module):
  """One direction, ready to be traced; its weights are variables.

  As variables they are stored once however many functions use them, and a
  converter makes constants of them.
  """

  def __init__(
    self,
    weights: folding.Weights,
    *,
    variables: 'Variables | None' = None,
    direction: tuple[str, str] = ('', ''),
    observe: Callable[[Place, tf.Tensor], None] | None = None,
  ):
    """Builds it.

    Args:
      weights: folded weights of one direction.
      variables: creates the variables; networks that share kernels are given
        the same object.
      direction: (source, target), for networks that share kernels.
      observe: called with the place and the outputs of each convolution.
    """
    super().__init__(name='network')
    self._weights = weights
    self._observe = observe
    variables = Variables() if variables is None else variables
    self._convs = {
      part: {
        resolutions.block_name(size): [
          _Conv(conv, variables.for_convolution((part, size, number), domain))
          for number, conv in enumerate(convs)
        ]
        for size, convs in getattr(weights, part).items()
      }
      for part, domain in zip(
        folding.PARTS, direction[:1] * 3 + direction[1:] * 4
      )
    }

  @property
  def resolution(self) -> int:
    """Side of the images, px."""
    return self._weights.resolution

  @property
  def weights(self) -> int:
    """Number of weights in its kernels."""
    return sum(c.kernel.size for c in self._weights.convolutions())

  def encode(self, images: tf.Tensor) -> content_encoder.Encoding:
    """Encodes images, [batch, px, px, 3] in [-1, 1]."""
    weights = self._weights
    with tf.name_scope(f'encode_{weights.resolution}px'):
      features = self._run('from_rgb', weights.resolution, images)
    skips = {}
    for size in sorted(weights.encoder, reverse=True):
      with tf.name_scope(f'encode_{size}px'):
        features = self._block('encoder', size, features)
      skips[size] = features
      features = downsample(features)
      if size // 2 in weights.from_rgb:
        coarse = self._run('from_rgb', size // 2, downsample(images))
        features = self._fade(coarse, features)
    return content_encoder.Encoding(features, skips)

  def generate(self, features: content_encoder.Encoding) -> tf.Tensor:
    """Generates images, [batch, px, px, 3] clipped to [-1, 1]."""
    weights = self._weights
    outputs, coarse = features.content, None
    for size in sorted(weights.generator):
      with tf.name_scope(stage_name(size)):
        if size > min(weights.generator):
          if size // 2 in weights.to_rgb:
            coarse = upsample_nearest(self._run('to_rgb', size // 2, outputs))
          # As in training, only features are filtered, and the coarse image of
          # a fade-in is not.
          upsample = upsample_bilinear if weights.smooth else upsample_nearest
          outputs = upsample(outputs)
          if size in weights.skips:
            outputs = tf.concat([outputs, features.skips[size]], axis=-1)
        outputs = self._block('generator', size, outputs)
        if size in weights.attention:
          outputs = self._attention(size, outputs)
        if size == weights.resolution:
          images = self._run('to_rgb', size, outputs)
    if coarse is not None:
      images = self._fade(coarse, images)
    return tf.clip_by_value(images, -1.0, 1.0)

  def translate(self, images: tf.Tensor) -> tf.Tensor:
    """Translates images, [batch, px, px, 3] in [-1, 1]."""
    return self.generate(self.encode(images))

  def _run(self, part, size, outputs):
    for number, conv in enumerate(
      self._convs[part][resolutions.block_name(size)]
    ):
      outputs = conv(outputs)
      if self._observe:
        self._observe((part, size, number), outputs)
    return outputs

  def _block(self, part, size, inputs):
    outputs = self._run(part, size, inputs)
    if not self._weights.residual:
      return outputs
    if size in getattr(self._weights, f'{part}_shortcuts'):
      inputs = self._run(f'{part}_shortcuts', size, inputs)
    return (inputs + outputs) * np.float32(0.5**0.5)

  def _attention(self, size, inputs):
    *projections, output = self._convs['attention'][
      resolutions.block_name(size)
    ]
    channels = self._weights.attention[size][-1].kernel.shape[2]
    query, key, value = (
      tf.reshape(project(inputs), [-1, size * size, channels])
      for project in projections
    )
    attended = tf.matmul(
      tf.nn.softmax(tf.matmul(query, key, transpose_b=True)), value
    )
    attended = tf.reshape(attended, [-1, size, size, channels])
    return inputs + output(attended)

  def _fade(self, previous, current):
    alpha = self._weights.alpha
    return previous * (1.0 - alpha) + current * alpha


def stage_name(size: int) -> str:
  """Name scope of the generator's operations of a resolution."""
  # It is stored in exported files, whose bytes depend on it.
  return f'draw_{size}px'


def shared_networks(
  model: twingan.TwinGAN, resolution: int, alpha: float = 1.0
) -> dict[tuple[str, str], Network]:
  """Networks for each pair of domains, which share their kernels.

  Args:
    model: the model, with its inference statistics.
    resolution: side of the images, px.
    alpha: how far that resolution is faded in, 0 to 1.

  Returns:
    {(source, target): network}
  """
  variables = Variables()
  return {
    (source, target): Network(
      folding.fold(
        model, source, target, resolution=resolution, alpha=alpha, shared=True
      ),
      variables=variables,
      direction=(source, target),
    )
    for source, target in itertools.permutations(model.domains, 2)
  }


class _Conv(tf.Module):
  """A `folding.Conv` with its values as variables."""

  def __init__(self, conv: folding.Conv, variable):
    super().__init__(name='conv')
    self._conv = conv._replace(kernel=None, bias=None)
    values = dict(
      kernel=conv.kernel, bias=conv.bias, multiplier=conv.multiplier
    )
    if conv.image_norm is not None:
      values.update(scale=conv.image_norm.scale, offset=conv.image_norm.offset)
    self._values = {
      role: variable(role, value)
      for role, value in values.items()
      if value is not None
    }

  def __call__(self, inputs):
    conv, values = self._conv, self._values
    outputs = tf.nn.conv2d(inputs, values['kernel'], strides=1, padding='SAME')
    if 'multiplier' in values:
      outputs = outputs * values['multiplier']
    if 'bias' in values:
      outputs = tf.nn.bias_add(outputs, values['bias'])
    if conv.image_norm is not None:
      mean, variance = tf.nn.moments(
        outputs, conv.image_norm.axes, keepdims=True
      )
      multiplier = values['scale'] * tf.math.rsqrt(
        variance + conv.image_norm.epsilon
      )
      outputs = (outputs - mean) * multiplier + values['offset']
    if conv.activation:
      outputs = tf.nn.leaky_relu(outputs, layers.LEAKY_SLOPE)
    if conv.pixel_norm:
      with custom_gradients.left_out():  # No gradient is asked of an export.
        outputs = layers.pixel_norm(outputs)
    return outputs


def downsample(images: tf.Tensor) -> tf.Tensor:
  """2x2 average pooling with stride two, NHWC."""
  kernel = np.full([2, 2, images.shape[-1], 1], 0.25, np.float32)
  return tf.nn.depthwise_conv2d(images, kernel, [1, 2, 2, 1], 'VALID')


def upsample_nearest(images: tf.Tensor) -> tf.Tensor:
  """Repeats each pixel in both directions, NHWC."""
  return tf.nn.depth_to_space(tf.concat([images] * 4, axis=-1), 2)


def upsample_bilinear(images: tf.Tensor) -> tf.Tensor:
  """Bilinear upsampling by two with half-pixel centres, NHWC."""
  height, width = images.shape[1:3]
  return tf.image.resize(images, [2 * height, 2 * width], 'bilinear')
