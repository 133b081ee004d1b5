"""Self-attention: every position of an image can look at every other.

Zhang et al., "Self-Attention Generative Adversarial Networks" (2019), section
3: convolutions see a neighbourhood only, so what must agree across an image,
as two eyes must, is learned late or never. Positions are compared in an eighth
of the channels; the attended values are added, times a weight that starts at 0.

The attention map has resolution^4 numbers an image: 4 MB at 32 px, 64 MB at
64 px.
"""

import tensorflow as tf

from tf_twingan.models import base_layer, configs, layers

_REDUCTION = 8  # Of the channels in which positions are compared.


class SelfAttention(base_layer.BaseLayer):
  """Adds to each position what it attends to elsewhere.

  Attributes:
    query: 1x1 convolution: what a position looks for.
    key: 1x1 convolution: what can be found at a position.
    value: 1x1 convolution: what is taken from a position.
    output_conv: 1x1 convolution of the attended values, to as many channels as
      come in.
    gamma: weight of the sum; a float32 scalar.
  """

  def __init__(
    self,
    channels: int,
    *,
    spectral_norm: bool = False,
    name: str = 'attention',
  ):
    super().__init__(name=name)
    reduced = max(1, channels // _REDUCTION)

    def conv(name, in_channels, out_channels):
      return layers.Conv(
        in_channels,
        out_channels,
        1,
        gain=1.0,
        use_bias=False,
        spectral_norm=spectral_norm,
        name=name,
      )

    self.query = conv('query', channels, reduced)
    self.key = conv('key', channels, reduced)
    self.value = conv('value', channels, reduced)
    self.output_conv = conv('output_conv', reduced, channels)
    self.gamma = self.add_weight(shape=(), initializer='zeros', name='gamma')

  def map(self, inputs: tf.Tensor) -> tf.Tensor:
    """How much each position attends to each other one.

    Args:
      inputs: [batch, h, w, channels].

    Returns:
      float32 [batch, h * w, h * w]: the weight, for the position of a row, of
      the position of a column, both row by row of the image; each row sums to
      1.
    """
    logits = tf.linalg.matmul(
      _flat(self.query(inputs)), _flat(self.key(inputs)), transpose_b=True
    )
    return tf.nn.softmax(tf.cast(logits, tf.float32))

  def call(self, inputs: tf.Tensor) -> tf.Tensor:
    """NHWC to NHWC, same shape and dtype."""
    values = self.value(inputs)
    attended = tf.linalg.matmul(
      tf.cast(self.map(inputs), inputs.dtype), _flat(values)
    )
    added = self.output_conv(tf.reshape(attended, tf.shape(values)))
    return inputs + tf.cast(self.gamma, inputs.dtype) * added


def from_config(config: configs.ProgressiveConfig) -> SelfAttention | None:
  """Makes the self-attention of a network, or none if it has none."""
  if config.attention_resolution is None:
    return None
  return SelfAttention(
    config.channels(config.attention_resolution),
    spectral_norm=config.spectral_norm,
  )


def check_active(attention_resolution: int | None, resolution: int) -> int:
  """Returns where attention is, or raises if this stage does not reach it.

  Args:
    attention_resolution: of the network, px, or None.
    resolution: of the stage, px.
  """
  if attention_resolution is None or attention_resolution > resolution:
    raise ValueError(
      f'There is no attention at {resolution} px: attention_resolution is '
      f'{attention_resolution}. Train with one, and ask for its maps from '
      'there up.'
    )
  return attention_resolution


def _flat(tensor):
  """[batch, h, w, channels] -> [batch, h * w, channels]."""
  _, height, width, channels = tensor.shape
  return tf.reshape(tensor, [-1, height * width, channels])
