"""Folded weights as a graph that phones run fast.

The same numbers as the model's, by operations that TFLite has and that its
XNNPACK delegate takes as one partition, in float and in 8 bits:

- average pooling is a depthwise convolution by 0.25 (8-bit average pools are
  not delegated);
- nearest upsampling is four copies, rearranged by depth-to-space;
- upsampling and then filtering with [1, 2, 1] / 4 is bilinear resizing with
  half-pixel centres, borders included.
"""

from collections.abc import Callable

import numpy as np
import tensorflow as tf

from export.graph import folding
from tf_twingan.models import content_encoder, layers, resolutions

# Part ('encoder' ...), resolution in px, and which of its convolutions.
Place = tuple[str, int, int]


class Variables:
  """Variables by what they are for; directions that share give them once."""

  def __init__(self):
    self._made: dict[tuple, tf.Variable] = {}

  def of(self, place: Place, domain: str) -> Callable[..., tf.Variable]:
    """What makes, or finds, the variables of a convolution by their role."""

    def make(role, value):
      # Kernels belong to all domains, and so does what draws the images.
      owner = '' if role == 'kernel' or place[0] == 'to_rgb' else domain
      key = (place, role, owner)
      if key not in self._made:
        self._made[key] = tf.Variable(value, trainable=False)
      return self._made[key]

    return make


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
      weights: of one direction.
      variables: to take from and add to, where directions share kernels.
      direction: source and target, where they share.
      observe: is shown what each convolution gives.
    """
    super().__init__(name='network')
    self._weights = weights
    self._observe = observe
    variables = Variables() if variables is None else variables
    self._convs = {
      part: {
        resolutions.block_name(size): [
          _Conv(conv, variables.of((part, size, place), domain))
          for place, conv in enumerate(convs)
        ]
        for size, convs in getattr(weights, part).items()
      }
      for part, domain in zip(
        folding.PARTS, direction[:1] * 3 + direction[1:] * 4
      )
    }

  @property
  def resolution(self) -> int:
    """Of the images, px."""
    return self._weights.resolution

  @property
  def weights(self) -> int:
    """How many numbers its kernels hold."""
    return sum(c.kernel.size for c in self._weights.convolutions())

  def encode(self, images: tf.Tensor) -> content_encoder.Encoding:
    """Images [batch, px, px, 3] in [-1, 1] to features."""
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
        features = self._faded(coarse, features)
    return content_encoder.Encoding(features, skips)

  def draw(self, features: content_encoder.Encoding) -> tf.Tensor:
    """Features to images [batch, px, px, 3], clipped to [-1, 1]."""
    weights = self._weights
    outputs, coarse = features.content, None
    for size in sorted(weights.generator):
      with tf.name_scope(stage_name(size)):
        if size > min(weights.generator):
          if size // 2 in weights.to_rgb:
            coarse = upsample_nearest(self._run('to_rgb', size // 2, outputs))
          # Training filters only features; a fade-in's coarse image not.
          upsample = upsample_bilinear if weights.smooth else upsample_nearest
          outputs = upsample(outputs)
          if size in weights.skips:
            outputs = tf.concat([outputs, features.skips[size]], axis=-1)
        outputs = self._block('generator', size, outputs)
        if size in weights.attention:
          outputs = self._attended(size, outputs)
        if size == weights.resolution:
          images = self._run('to_rgb', size, outputs)
    if coarse is not None:
      images = self._faded(coarse, images)
    return tf.clip_by_value(images, -1.0, 1.0)

  def translate(self, images: tf.Tensor) -> tf.Tensor:
    """Images [batch, px, px, 3] in [-1, 1] to the same, drawn anew."""
    return self.draw(self.encode(images))

  def _run(self, part, size, outputs):
    for place, conv in enumerate(
      self._convs[part][resolutions.block_name(size)]
    ):
      outputs = conv(outputs)
      if self._observe:
        self._observe((part, size, place), outputs)
    return outputs

  def _block(self, part, size, inputs):
    outputs = self._run(part, size, inputs)
    if not self._weights.residual:
      return outputs
    if size in getattr(self._weights, f'{part}_shortcuts'):
      inputs = self._run(f'{part}_shortcuts', size, inputs)
    return (inputs + outputs) * np.float32(0.5**0.5)

  def _attended(self, size, inputs):
    *heads, output = self._convs['attention'][resolutions.block_name(size)]
    narrow = self._weights.attention[size][-1].kernel.shape[2]
    query, key, value = (
      tf.reshape(head(inputs), [-1, size * size, narrow]) for head in heads
    )
    seen = tf.matmul(
      tf.nn.softmax(tf.matmul(query, key, transpose_b=True)), value
    )
    seen = tf.reshape(seen, [-1, size, size, narrow])
    return inputs + output(seen)

  def _faded(self, previous, current):
    alpha = self._weights.alpha
    return previous * (1.0 - alpha) + current * alpha


def stage_name(size: int) -> str:
  """The scope of the generator's operations of a resolution."""
  return f'draw_{size}px'


class _Conv(tf.Module):
  """See `folding.Conv`."""

  def __init__(self, conv: folding.Conv, variable):
    super().__init__(name='conv')
    self._conv = conv._replace(kernel=None, bias=None)
    values = dict(
      kernel=conv.kernel, bias=conv.bias, multiplier=conv.multiplier
    )
    if conv.measured is not None:
      values.update(scale=conv.measured.scale, offset=conv.measured.offset)
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
    if conv.measured is not None:
      mean, variance = tf.nn.moments(outputs, conv.measured.axes, keepdims=True)
      multiplier = values['scale'] * tf.math.rsqrt(
        variance + conv.measured.epsilon
      )
      outputs = (outputs - mean) * multiplier + values['offset']
    if conv.activation:
      outputs = tf.nn.leaky_relu(outputs, layers.LEAKY_SLOPE)
    return layers.pixel_norm(outputs) if conv.pixel_norm else outputs


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
