"""PGGAN's generator: images from noise (Karras et al. 2018, table 2).

The twin network's generator without an encoder before it: a latent vector is
brought to length one (times the root of its size) and, by one dense layer, to
the 4x4 code that an encoder would give. The paper's 4 px block then has one
convolution, ours two, as at every resolution.

One domain is the paper's network. Several share all but their norms, so that
one vector, drawn in each of them, gives an image of each: a class-conditional
generator.
"""

from collections.abc import Sequence
from typing import Any

import keras
import tensorflow as tf

from tf_twingan.models import (
  base_model,
  content_encoder,
  domain_norm,
  generator,
  layers,
  resolutions,
)


class LatentToFeatures(keras.layers.Layer):
  """Latent vectors to 4x4 codes: dense, per-domain norm, leaky ReLU.

  Attributes:
    dense: without a bias, which the norm's offset is.
    norm: the DomainNorm, of the code's channels.
    pixel_norm: whether each pixel's features are normalized last.
  """

  def __init__(
    self,
    domains: Sequence[str],
    latent_size: int,
    channels: int,
    *,
    norm: str,
    pixel_norm: bool,
    spectral_norm: bool,
    name: str = 'first_layer',
  ):
    super().__init__(name=name, autocast=False)
    side = resolutions.SMALLEST
    self._shape = [side, side, channels]
    self.dense = layers.Dense(
      latent_size,
      side * side * channels,
      use_bias=False,
      spectral_norm=spectral_norm,
      name='dense',
    )
    self.norm = domain_norm.DomainNorm(
      domains, channels, kind=norm, name='norm'
    )
    self.pixel_norm = pixel_norm

  def call(
    self, latents: tf.Tensor, domains: Sequence[str], **mode
  ) -> tf.Tensor:
    """[batch, latent_size] to [batch, 4, 4, channels], same dtype."""
    features = tf.reshape(
      self.dense(layers.pixel_norm(latents)), [-1, *self._shape]
    )
    features = layers.leaky_relu(self.norm(features, domains, **mode))
    return layers.pixel_norm(features) if self.pixel_norm else features


class ProgressiveGAN(base_model.BaseModel):
  """Draws images of its domains from noise; grows as the twin network does.

  Attributes:
    domains: their names, in order.
    latent_size: of the vectors that it draws from.
    first_layer: see `FirstLayer`.
    generator: see `generator.Generator`; without skips.
  """

  has_codes = False
  translates = False

  def __init__(
    self,
    domains: Sequence[str],
    *,
    max_resolution: int,
    latent_size: int = 512,
    channels_base: int = 8192,
    channels_max: int = 512,
    norm: str = 'none',
    pixel_norm: bool = True,
    smooth: bool = False,
    residual: bool = False,
    attention_resolution: int | None = None,
    to_rgb_size: int = 1,
    spectral_norm: bool = False,
    precision: str = 'float32',
    recompute: bool = False,
    name: str = 'pggan',
  ):
    """Builds every block of every stage.

    Args:
      domains: one or more names.
      max_resolution: of the last stage, px; a power of two.
      latent_size: of the vectors to draw from.
      channels_base: feature channels at 4 px before `channels_max` applies;
        halved at each finer resolution.
      channels_max: the most feature channels.
      norm: per domain, one of `normalization.KINDS`. The paper's is 'none',
        which still scales and shifts: by that the domains differ.
      pixel_norm: normalize each pixel's features after each activation.
      smooth: filter after upsampling.
      residual: add each block's input to its output, see `blocks`.
      attention_resolution: after which block all places of an image look at
        each other, px; see `attention`. None for nowhere.
      to_rgb_size: of the convolutions that draw the images; odd.
      spectral_norm: of every layer; see `spectral`.
      precision: dtype of the convolutions: 'float32', 'bfloat16', 'float16'.
      recompute: in training, run the generator's blocks again for their
        gradients, see `TwinGAN`.
      name: of the layer.
    """
    super().__init__(
      domains,
      max_resolution=max_resolution,
      precision=precision,
      config=dict(
        latent_size=latent_size,
        channels_base=channels_base,
        channels_max=channels_max,
        norm=norm,
        pixel_norm=pixel_norm,
        smooth=smooth,
        residual=residual,
        attention_resolution=attention_resolution,
        to_rgb_size=to_rgb_size,
        spectral_norm=spectral_norm,
      ),
      name=name,
    )
    if not self.domains or len(set(self.domains)) < len(self.domains):
      raise ValueError(
        f'domains {list(domains)}: one or more different names are needed.'
      )
    if latent_size < 1:
      raise ValueError(
        f'latent_size is {latent_size}; at least 1 (the paper has 512).'
      )
    if to_rgb_size < 1 or to_rgb_size % 2 == 0:
      raise ValueError(
        f'to_rgb_size is {to_rgb_size}; choose an odd one, such as 1, 3 or 7.'
      )
    self.latent_size = latent_size
    self._precision = precision
    channels = resolutions.Channels(channels_base, channels_max)
    shared = dict(norm=norm, pixel_norm=pixel_norm, spectral_norm=spectral_norm)
    self.first_layer = LatentToFeatures(
      self.domains, latent_size, channels(resolutions.SMALLEST), **shared
    )
    self.generator = generator.Generator(
      self.domains,
      max_resolution,
      channels=channels,
      skip_resolutions=[],
      smooth=smooth,
      residual=residual,
      condition_size=None,
      attention_resolution=attention_resolution,
      to_rgb_size=to_rgb_size,
      recompute=recompute,
      **shared,
    )

  @property
  def trains_by_statistics(self) -> bool:
    """Whether training normalizes by the moving statistics, as inference."""
    return self._config['norm'] == 'batch_renorm'

  def noise(self, count: int, seed: Any) -> tf.Tensor:
    """Latent vectors of N(0, 1).

    Args:
      count: how many, static.
      seed: int32 [2]; the same gives the same ones.

    Returns:
      float32 [count, latent_size].
    """
    return tf.random.stateless_normal([count, self.latent_size], seed)

  def generate(
    self,
    latents: tf.Tensor,
    domains: Sequence[str],
    *,
    resolution: int,
    alpha: Any = 1.0,
    **mode,
  ) -> tf.Tensor:
    """Draws images.

    Args:
      latents: float32 [batch, latent_size], of any length but 0, as only their
        direction counts; the batch is len(domains) equal parts, one after
        another.
      domains: the domain to draw each part in, static.
      resolution: of the stage, static.
      alpha: how far it is faded in.
      **mode: `training`, `statistics_update` of the norm.

    Returns:
      float32 [batch, resolution, resolution, 3], about [-1, 1], not clipped.
    """
    code = self.first_layer(tf.cast(latents, self._precision), domains, **mode)
    return self.generator(
      content_encoder.Encoding(code, {}),
      domains,
      resolution=resolution,
      alpha=alpha,
      **mode,
    )
