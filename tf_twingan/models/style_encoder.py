"""Style encoder: images to style codes, how an image of a domain looks.

Huang et al., "Multimodal Unsupervised Image-to-Image Translation" (MUNIT,
2018): convolutions that halve the image, a mean over all positions and a linear
layer make a short code, on which the generator's norms are conditioned. Nothing
here normalizes, as the means and variances of features carry the style. Stages
grow and fade in like those of the discriminator.

Convolutions are shared by the domains, as elsewhere. A domain owns the last
layer, (channels + 1) x size floats: the numbers of a code mean the same to the
generator in every domain, but what varies within one need not vary within
another, and with a layer in common a code would first of all encode the domain,
which the generator knows.

A code is a direction, as that is all that the norms take of it. Codes are
scaled to a mean square of 1, like the normal random codes that they are
compared with, so that their differences are as large as in MUNIT for any size.
"""

import functools
import math
from collections.abc import Sequence
from typing import Any, NamedTuple

import tensorflow as tf

from tf_twingan.models import base_layer, configs, layers, resolutions, stages


class Styles(NamedTuple):
  """Style codes of a packed batch of n domains; [n * batch, size] each.

  Attributes:
    reconstruction: codes to reconstruct the images with, domain by domain.
    translation: codes to translate with, target domain by target domain.
  """

  reconstruction: tf.Tensor
  translation: tf.Tensor

  def interleaved(self, parts: int) -> tf.Tensor:
    """Both codes of each domain in turn: [2 * n * batch, size].

    Args:
      parts: how many domains there are.
    """
    split = [tf.reshape(s, [parts, 1, -1, s.shape[-1]]) for s in self]
    return tf.reshape(
      tf.concat(split, axis=1), [-1, self.reconstruction.shape[-1]]
    )


def scale_codes(vectors: tf.Tensor) -> tf.Tensor:
  """Scales vectors [..., size] to a mean square of 1, as codes have it.

  A vector of zeros, which has no direction, stays as it is.
  """
  size = vectors.shape[-1]
  return tf.math.l2_normalize(vectors, axis=-1) * math.sqrt(size)


def random_codes(count: int, size: int, seed: tf.Tensor) -> tf.Tensor:
  """Random codes, every direction being as likely.

  Args:
    count: how many codes.
    size: numbers in a code.
    seed: int32 [2]; the same gives the same codes.

  Returns:
    float32 [count, size].
  """
  return scale_codes(tf.random.stateless_normal([count, size], seed))


class StyleEncoder(base_layer.BaseLayer):
  """Images to style codes; every stage's block exists from the start.

  Attributes:
    from_rgb: {block name: the convolution that images enter by}.
    blocks: {block name: its convolution}.
    codes: {domain: the layer from mean features to the domain's codes}.
    means: {domain: the mean of its images' codes}, float32 [size], zeros
      until they are estimated; not trainable.
  """

  def __init__(
    self,
    domains: Sequence[str],
    max_resolution: int,
    config: configs.TwinGANConfig,
    *,
    name: str = 'style_encoder',
  ):
    """Builds every block of every stage.

    Args:
      domains: names of the domains.
      max_resolution: of the last stage, px; a power of two.
      config: options of the model, with a style size.
      name: layer name.
    """
    super().__init__(name=name)
    self._precision = config.precision
    conv = functools.partial(layers.Conv, spectral_norm=config.spectral_norm)
    self.from_rgb, self.blocks = {}, {}
    for resolution in resolutions.up_to(max_resolution):
      key = resolutions.block_name(resolution)
      width = config.channels(resolution)
      below = config.channels(max(resolution // 2, resolutions.SMALLEST))
      self.from_rgb[key] = conv(3, width, 1, name=f'from_rgb_{key}')
      self.blocks[key] = conv(width, below, name=f'{key}_conv')
    width, size = config.channels(resolutions.SMALLEST), config.style_size
    self.codes = {
      d: layers.Dense(width, size, gain=1.0, name=f'{d}_code') for d in domains
    }
    self.means = {
      d: self.add_named_weight(
        f'{d}_mean', shape=(size,), initializer='zeros', trainable=False
      )
      for d in domains
    }

  def call(
    self,
    images: tf.Tensor,
    *,
    domains: Sequence[str],
    resolution: int,
    alpha: Any = 1.0,
    statistics_update: tf.Tensor | None = None,
  ) -> tf.Tensor:
    """Encodes the styles of images.

    Args:
      images: [batch, resolution, resolution, 3] in [-1, 1]; the batch is
        len(domains) equal parts, one after another.
      domains: the domain of each part, static.
      resolution: of the stage, px, static.
      alpha: how far this stage is faded in; see `stages.is_fading`.
      statistics_update: moves the domains' means by this fraction toward those
        of the batch: 1/n on the n-th batch makes them the plain average of
        all batches. For outside of replicas. None leaves them.

    Returns:
      Codes, float32 [batch, size], each with a mean square of 1.
    """
    features = stages.walk_down(
      tf.cast(images, self._precision),
      resolution=resolution,
      alpha=alpha,
      from_rgb=functools.partial(_activated, self.from_rgb),
      block=functools.partial(_activated, self.blocks),
    )
    features = _activated(self.blocks, features, resolutions.SMALLEST)
    pooled = tf.reduce_mean(tf.cast(features, tf.float32), axis=[1, 2])
    codes = [
      scale_codes(self.codes[domain](part))
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
    """The mean style of a domain, as a code: float32 [size].

    Zeros until the means are estimated.
    """
    return scale_codes(tf.convert_to_tensor(self.means[domain]))


def _activated(convs, inputs, size):
  """One of several convolutions by block name, and a leaky ReLU."""
  return layers.leaky_relu(convs[resolutions.block_name(size)](inputs))
