"""PGGAN's generator: images from noise (Karras et al. 2018, table 2).

The twin network's generator without an encoder before it: a latent vector is
scaled to a mean square of one and brought, by one dense layer, to the 4x4 code
that an encoder would give. The paper's 4 px block then has one convolution,
ours two, as at every resolution.

One domain is the paper's network. Several share all but their norms, so that
one vector gives a corresponding image of each domain: a class-conditional
generator.
"""

from collections.abc import Sequence
from typing import Any

import tensorflow as tf

from tf_twingan.models import (
  base_layer,
  base_model,
  configs,
  content_encoder,
  domain_norm,
  generator,
  layers,
  resolutions,
)


class LatentToFeatures(base_layer.BaseLayer):
  """Latent vectors to 4x4 codes: dense, per-domain norm, leaky ReLU.

  Attributes:
    dense: the dense layer, without a bias, as the norm has an offset.
    norm: the DomainNorm, of the code's channels.
    pixel_norm: whether each pixel's features are normalized last.
  """

  def __init__(
    self,
    domains: Sequence[str],
    config: configs.ProgressiveGANConfig,
    *,
    name: str = 'first_layer',
  ):
    super().__init__(name=name)
    side = resolutions.SMALLEST
    channels = config.channels(side)
    self._shape = [side, side, channels]
    self.dense = layers.Dense(
      config.latent_size,
      side * side * channels,
      use_bias=False,
      spectral_norm=config.spectral_norm,
      name='dense',
    )
    self.norm = domain_norm.DomainNorm(
      domains, channels, kind=config.norm, name='norm'
    )
    self.pixel_norm = config.pixel_norm

  def call(
    self, latents: tf.Tensor, *, domains: Sequence[str], **mode
  ) -> tf.Tensor:
    """[batch, latent_size] to [batch, 4, 4, channels], same dtype."""
    features = tf.reshape(
      self.dense(layers.pixel_norm(latents)), [-1, *self._shape]
    )
    features = self.norm(features, domains=domains, **mode)
    features = layers.leaky_relu(features)
    return layers.pixel_norm(features) if self.pixel_norm else features


class ProgressiveGAN(base_model.BaseModel):
  """Generates images of its domains from noise; grows as the twin network.

  Attributes:
    latent_size: numbers in a latent vector.
    first_layer: see `LatentToFeatures`.
    generator: see `generator.Generator`; without skips.
  """

  has_codes = False
  translates = False

  @configs.takes_options(configs.ProgressiveGANConfig)
  def __init__(
    self,
    domains: Sequence[str],
    *,
    config: configs.ProgressiveGANConfig,
    max_resolution: int,
    name: str = 'pggan',
  ):
    """Builds every block of every stage.

    Args:
      domains: one or more names.
      config: the model's options.
      max_resolution: of the last stage, px; a power of two.
      name: layer name.
    """
    super().__init__(
      domains, max_resolution=max_resolution, config=config, name=name
    )
    if not self.domains:
      raise ValueError('domains []: one or more are needed.')
    self.latent_size = config.latent_size
    self.first_layer = LatentToFeatures(self.domains, config)
    self.generator = generator.Generator(self.domains, max_resolution, config)

  @property
  def trains_by_statistics(self) -> bool:
    """Whether training uses the moving statistics of norms, as batch renorm."""
    return self.config.norm == 'batch_renorm'

  def noise(self, count: int, seed: Any) -> tf.Tensor:
    """Random latent vectors of N(0, 1).

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
    """Generates images.

    Args:
      latents: float32 [batch, latent_size], of any length but 0, as only their
        direction counts; the batch is len(domains) equal parts, one after
        another.
      domains: the domain to generate each part in, static.
      resolution: of the stage, px, static.
      alpha: how far it is faded in.
      **mode: `training`, `statistics_update` of the norm.

    Returns:
      float32 [batch, resolution, resolution, 3], about [-1, 1], not clipped.
    """
    latents = tf.cast(latents, self.config.precision)
    code = self.first_layer(latents, domains=domains, **mode)
    return self.generator(
      content_encoder.Encoding(code, {}),
      domains=domains,
      resolution=resolution,
      alpha=alpha,
      **mode,
    )
