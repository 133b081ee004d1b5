"""The style code: how an image of a domain looks, apart from what it shows.

Huang et al., "Multimodal Unsupervised Image-to-Image Translation" (MUNIT,
2018): convolutions that halve the image, a mean over all places and a linear
layer read a short code off it, and the generator's norms draw by that code.
Nothing here normalizes, as the means and variances of features are what a
style is told by. Stages grow and fade in like those of the discriminator.

Convolutions are shared by the domains, as elsewhere. A domain owns the last
layer, (channels + 1) x size floats: the numbers of a code mean the same to the
generator in every domain, but what varies within one need not vary within
another, and with a layer in common a code would first of all tell the domain,
which the generator knows.

A code is a direction, as that is all that the norms take of it. Codes are
scaled to a mean square of 1, like the normal draws that they are compared
with, so that their differences are as large as in MUNIT for any size.
"""

import functools
import math
from collections.abc import Sequence
from typing import NamedTuple

import keras
import tensorflow as tf

from tf_twingan.models import layers, resolutions


class Styles(NamedTuple):
  """How each image of a packed batch is drawn; [n * batch, size] each.

  Attributes:
    own: the styles of the images themselves, domain by domain.
    given: those that their translations are drawn in, target by target.
  """

  own: tf.Tensor
  given: tf.Tensor

  def interleaved(self, parts: int) -> tf.Tensor:
    """Own and given ones of each domain in turn: [2 * n * batch, size]."""
    split = [tf.reshape(s, [parts, 1, -1, s.shape[-1]]) for s in self]
    return tf.reshape(tf.concat(split, axis=1), [-1, self.own.shape[-1]])


def scaled(vectors: tf.Tensor) -> tf.Tensor:
  """Vectors [..., size] as codes: the same directions, mean square 1.

  A vector of zeros, which has no direction, stays as it is.
  """
  size = vectors.shape[-1]
  return tf.math.l2_normalize(vectors, axis=-1) * math.sqrt(size)


def random(count: int, size: int, seed: tf.Tensor) -> tf.Tensor:
  """Codes of normal draws, so all directions are as likely.

  Args:
    count: of the codes.
    size: of each.
    seed: int32 [2]; the same gives the same codes.

  Returns:
    float32 [count, size].
  """
  return scaled(tf.random.stateless_normal([count, size], seed))


class StyleEncoder(keras.layers.Layer):
  """Reads style codes; every stage's block exists from the start.

  Attributes:
    from_rgb: {rung's name: the convolution that images enter by there}.
    blocks: {rung's name: its convolution}.
    codes: {domain: the layer that reads its codes off the mean features}.
    means: {domain: the mean of its images' codes}, float32 [size], zeros
      until they are estimated; not trainable.
  """

  def __init__(
    self,
    domains: Sequence[str],
    max_resolution: int,
    *,
    channels: resolutions.Channels,
    size: int,
    spectral_norm: bool,
    precision: str,
    name: str = 'style_encoder',
  ):
    """Builds every block of every stage.

    Args:
      domains: their names.
      max_resolution: of the last stage, px; a power of two.
      channels: feature channels by resolution.
      size: of the codes.
      spectral_norm: of the convolutions; see `spectral`.
      precision: dtype of the convolutions.
      name: of the layer.
    """
    super().__init__(name=name, autocast=False)
    self._precision = precision
    conv = functools.partial(layers.Conv, spectral_norm=spectral_norm)
    self.from_rgb, self.blocks = {}, {}
    for resolution in resolutions.up_to(max_resolution):
      key, width = resolutions.block_name(resolution), channels(resolution)
      below = channels(max(resolution // 2, resolutions.SMALLEST))
      self.from_rgb[key] = conv(3, width, 1, name=f'from_rgb_{key}')
      self.blocks[key] = conv(width, below, name=f'{key}_conv')
    width = channels(resolutions.SMALLEST)
    self.codes = {
      d: layers.Dense(width, size, gain=1.0, name=f'{d}_code') for d in domains
    }
    self.means = {
      d: self.add_weight(
        shape=(size,), initializer='zeros', trainable=False, name=f'{d}_mean'
      )
      for d in domains
    }

  def call(
    self,
    images: tf.Tensor,
    domains: Sequence[str],
    *,
    resolution: int,
    alpha=1.0,
    statistics_update: tf.Tensor | None = None,
  ) -> tf.Tensor:
    """Reads the style codes of images.

    Args:
      images: [batch, resolution, resolution, 3] in [-1, 1]; the batch is
        len(domains) equal parts, one after another.
      domains: the domain of each part, static.
      resolution: of the stage, static.
      alpha: how far this stage is faded in. A Python 1.0 leaves the blending
        out of the graph.
      statistics_update: moves the domains' means by this fraction toward those
        of the batch: 1/n on the n-th batch makes them the plain average of
        all batches. For outside of replicas. None leaves them.

    Returns:
      float32 [batch, size], see `scaled`.
    """
    features = tf.cast(self._features(images, resolution, alpha), tf.float32)
    pooled = tf.reduce_mean(features, axis=[1, 2])
    codes = [
      scaled(self.codes[domain](part))
      for domain, part in zip(domains, tf.split(pooled, len(domains)))
    ]
    if statistics_update is not None:
      for domain, part in zip(domains, codes):
        mean = self.means[domain]
        # In this form a fraction of 1 forgets the old value to the last bit.
        mean.assign(
          mean * (1.0 - statistics_update)
          + tf.reduce_mean(part, axis=0) * statistics_update
        )
    return tf.concat(codes, axis=0)

  def mean(self, domain: str) -> tf.Tensor:
    """The code in the middle of a domain's: float32 [size].

    Zeros until the means are estimated.
    """
    return scaled(tf.convert_to_tensor(self.means[domain]))

  def _features(self, images, resolution, alpha):
    """[batch, 4, 4, channels], in the precision."""
    images = tf.cast(images, self._precision)
    features = self._entered(images, resolution)
    fading = resolution > resolutions.SMALLEST and not (
      isinstance(alpha, float) and alpha == 1.0
    )
    for size in reversed(resolutions.up_to(resolution)[1:]):
      features = self._block(features, size)
      features = layers.downsample(features)
      if fading and size == resolution:
        coarse = self._entered(layers.downsample(images), size // 2)
        features = layers.fade(coarse, features, alpha)
    return self._block(features, resolutions.SMALLEST)

  def _entered(self, images, size):
    return layers.leaky_relu(
      self.from_rgb[resolutions.block_name(size)](images)
    )

  def _block(self, features, size):
    return layers.leaky_relu(
      self.blocks[resolutions.block_name(size)](features)
    )
