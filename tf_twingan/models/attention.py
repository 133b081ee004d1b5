"""Self-attention: every place of an image looks at every other.

Zhang et al., "Self-Attention Generative Adversarial Networks" (2019), section
3: what convolutions see of an image is local, so what must agree across it,
as two eyes must, is learned late or never. Features are compared in an eighth
of the channels; what is found is added, times a weight that starts at 0.

Every place with every other is resolution^4 numbers an image: 4 MB at 32 px,
64 MB at 64 px.
"""

import keras
import tensorflow as tf

from tf_twingan.models import layers, resolutions

_NARROWER = 8


class SelfAttention(keras.layers.Layer):
  """Adds to each place what it finds elsewhere.

  Attributes:
    query: what a place looks for: a 1x1 convolution.
    key: what can be found at a place.
    value: what is then taken from there.
    output_conv: what is added, of that, in as many channels as come in.
    gamma: how much of it; a float32 scalar.
  """

  def __init__(
    self,
    channels: int,
    *,
    spectral_norm: bool = False,
    name: str = 'attention',
  ):
    super().__init__(name=name, autocast=False)
    narrow = max(1, channels // _NARROWER)

    def conv(name, incoming, outgoing):
      return layers.Conv(
        incoming,
        outgoing,
        1,
        gain=1.0,
        use_bias=False,
        spectral_norm=spectral_norm,
        name=name,
      )

    self.query = conv('query', channels, narrow)
    self.key = conv('key', channels, narrow)
    self.value = conv('value', channels, narrow)
    self.output_conv = conv('output_conv', narrow, channels)
    self.gamma = self.add_weight(shape=(), initializer='zeros', name='gamma')

  def map(self, inputs: tf.Tensor) -> tf.Tensor:
    """Who looks where.

    Args:
      inputs: [batch, h, w, channels].

    Returns:
      float32 [batch, h * w, h * w]: how much the place of a row takes from
      that of a column, row by row of the image; each row sums to 1.
    """
    logits = tf.linalg.matmul(
      _flat(self.query(inputs)), _flat(self.key(inputs)), transpose_b=True
    )
    return tf.nn.softmax(tf.cast(logits, tf.float32))

  def call(self, inputs: tf.Tensor) -> tf.Tensor:
    """NHWC to NHWC, same shape and dtype."""
    values = self.value(inputs)
    seen = tf.linalg.matmul(
      tf.cast(self.map(inputs), inputs.dtype), _flat(values)
    )
    added = self.output_conv(tf.reshape(seen, tf.shape(values)))
    return inputs + tf.cast(self.gamma, inputs.dtype) * added


def check(resolution: int | None, max_resolution: int) -> int | None:
  """Returns where attention is, or raises if a network never gets there."""
  if resolution is None:
    return None
  if resolutions.check(resolution) > max_resolution:
    raise ValueError(
      f'attention_resolution is {resolution}, above the {max_resolution} px '
      'of the network; choose one that it has, or None.'
    )
  return resolution


def check_readable(attention: int | None, resolution: int) -> int:
  """Returns where attention is, or raises if nothing looks in this stage."""
  if attention is None or attention > resolution:
    raise ValueError(
      f'There is no attention at {resolution} px: attention_resolution is '
      f'{attention}. Train with one, and ask for its maps from there up.'
    )
  return attention


def _flat(tensor):
  """[batch, h, w, channels] -> [batch, h * w, channels]."""
  _, height, width, channels = tensor.shape
  return tf.reshape(tensor, [-1, height * width, channels])
