"""PGGAN's discriminator, one per domain (Karras et al. 2018, table 2).

Unshared and without normalization: each judges pictures of its own domain.
"""

import keras
import tensorflow as tf

from tf_twingan.models import layers, resolutions

_STDDEV_GROUP = 4


class Discriminator(keras.layers.Layer):
  """Judges pictures of one domain; every stage's block exists at once."""

  def __init__(
    self,
    max_resolution: int,
    *,
    channels_base: int,
    channels_max: int,
    precision: str = 'float32',
    name: str | None = None,
  ):
    super().__init__(name=name or 'discriminator', autocast=False)
    self._precision = precision
    channels = resolutions.Channels(channels_base, channels_max)
    self.from_rgb, self.blocks = {}, {}
    for resolution in resolutions.up_to(max_resolution):
      key, width = resolutions.key(resolution), channels(resolution)
      self.from_rgb[key] = layers.Conv(3, width, 1, name=f'from_rgb_{key}')
      if resolution > resolutions.SMALLEST:
        self.blocks[key] = [
          layers.Conv(width, width, name=f'{key}_conv_1'),
          layers.Conv(width, channels(resolution // 2), name=f'{key}_conv_2'),
        ]
    width = channels(resolutions.SMALLEST)
    self.last_conv = layers.Conv(width + 1, width, name='4px_conv')
    self.hidden = layers.Dense(
      width * resolutions.SMALLEST**2, width, name='hidden'
    )
    self.logit = layers.Dense(width, 1, gain=1.0, name='logit')

  def call(
    self, images: tf.Tensor, *, resolution: int, group: int, alpha=1.0
  ) -> tf.Tensor:
    """Scores pictures; high is real.

    Args:
      images: [batch, resolution, resolution, 3] in [-1, 1].
      resolution: of the stage, static.
      group: pictures that belong together, static; the minibatch standard
        deviation is taken over runs of the largest divisor of it up to four,
        so that real and generated pictures never share a run.
      alpha: how far this stage is faded in.

    Returns:
      float32 logits [batch].
    """
    images = tf.cast(images, self._precision)
    key = resolutions.key(resolution)
    features = layers.leaky_relu(self.from_rgb[key](images))
    for size in reversed(resolutions.up_to(resolution)[1:]):
      for conv in self.blocks[resolutions.key(size)]:
        features = layers.leaky_relu(conv(features))
      features = layers.downsample(features)
      if size == resolution:
        coarse = self.from_rgb[resolutions.key(size // 2)](
          layers.downsample(images)
        )
        features = layers.fade(layers.leaky_relu(coarse), features, alpha)
    run = next(n for n in range(_STDDEV_GROUP, 0, -1) if group % n == 0)
    features = layers.minibatch_stddev(features, run)
    features = layers.leaky_relu(self.last_conv(features))
    features = tf.reshape(
      features, [-1, features.shape[1] * features.shape[2] * features.shape[3]]
    )
    features = layers.leaky_relu(self.hidden(features))
    return self.logit(tf.cast(features, tf.float32))[:, 0]
