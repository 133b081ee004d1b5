"""The twin network: one content encoder and one generator for all domains.

After Li, "Twin-GAN: Unpaired Cross-Domain Image Translation with
Weight-Sharing GANs" (2018). A domain is a name; it owns normalization
parameters and nothing else. Two other ways to share are there only to measure
what this one is worth: sharing everything, and nothing.
"""

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import tensorflow as tf

from tf_twingan.models import (
  base_model,
  configs,
  content_encoder,
  generator,
  norms,
  per_domain_networks,
  resolutions,
  style_encoder,
)

# The name under which domains that share everything keep their one norm.
_ALL = 'all'


class TranslationOutputs(NamedTuple):
  """Images of `reconstruct_and_translate`; n domains in the model's order.

  Attributes:
    inputs: [n * batch, resolution, resolution, 3], the domains' images.
    encoding: of the inputs.
    reconstructions: [n, batch, ...], the first axis is source and target.
    translations: [n, batch, ...], the first axis is the target.
  """

  inputs: tf.Tensor
  encoding: content_encoder.Encoding
  reconstructions: tf.Tensor
  translations: tf.Tensor


class TwinGAN(base_model.BaseModel):
  """Translates images of any of its domains to any other.

  Attributes:
    encoder: see `content_encoder.Encoder`.
    generator: see `generator.Generator`.
    style_encoder: see `style_encoder.StyleEncoder`; None without style codes.
  """

  @configs.takes_options(configs.TwinGANConfig)
  def __init__(
    self,
    domains: Sequence[str],
    *,
    config: configs.TwinGANConfig,
    max_resolution: int,
    name: str = 'twingan',
  ):
    """Builds every block of every stage.

    Args:
      domains: two or more names.
      config: the model's options.
      max_resolution: of the last stage, px; a power of two.
      name: layer name.
    """
    super().__init__(
      domains, max_resolution=max_resolution, config=config, name=name
    )
    if len(self.domains) < 2:
      raise ValueError(f'domains {list(domains)}: two or more are needed.')
    # What `named_weights` calls it, and checkpoints always have.
    self.renorm_ramp = None
    if config.renorm_ramp_steps is not None:
      self.renorm_ramp = self.add_weight(
        shape=(), initializer='zeros', trainable=False, name='renorm_ramp'
      )

    self.encoder = self._make(
      content_encoder.Encoder, 'encoder', condition_size=config.condition_size
    )
    self.generator = self._make(
      generator.Generator,
      'generator',
      skip_resolutions=config.skip_resolutions(max_resolution),
      condition_size=config.style_size or config.condition_size,
    )
    self.style_encoder = None
    if config.style_size is not None:
      self.style_encoder = self._make(
        style_encoder.StyleEncoder, 'style_encoder'
      )

  def _make(self, network, name, **arguments):
    """Makes one network for all domains, or one each; see `sharing`."""

    def make(norm_names):
      return network(norm_names, self.max_resolution, self.config, **arguments)

    if self.config.sharing == 'nothing':
      return per_domain_networks.PerDomainNetworks(
        self.domains, lambda domain: make([domain]), name=name
      )
    return make([_ALL] if self.config.sharing == 'everything' else self.domains)

  @property
  def style_size(self) -> int | None:
    """Numbers in a style code; None without style codes."""
    return self.config.style_size

  @property
  def code_size(self) -> int:
    """Numbers in the content code of an image."""
    smallest = resolutions.SMALLEST
    return smallest**2 * self.config.channels(smallest)

  @property
  def trains_by_statistics(self) -> bool:
    """Whether training uses the moving statistics of norms, as batch renorm."""
    return self.config.norm == 'batch_renorm'

  def start_step(self, stage_step: int) -> None:
    """Widens the limits of batch renorm, if they do widen."""
    if self.renorm_ramp is not None:
      steps = self.config.renorm_ramp_steps
      self.renorm_ramp.assign(min(stage_step / steps, 1.0))

  def _limits(self):
    """The argument `limits` of the norms, unless the fixed ones apply."""
    if self.renorm_ramp is None:
      return {}
    ramp = tf.convert_to_tensor(self.renorm_ramp)
    return dict(limits=norms.renorm_limits(ramp))

  def encode(
    self, images: tf.Tensor, domains: Sequence[str], **stage_and_mode
  ) -> content_encoder.Encoding:
    """Encodes images: content codes and skips.

    Args:
      images: [batch, resolution, resolution, 3] in [-1, 1]; the batch is
        len(domains) equal parts, one after another.
      domains: the domain of each part, static.
      **stage_and_mode: resolution, alpha, training, statistics_update,
        condition.
    """
    return self.encoder(
      images,
      domains=self._norm_names(domains),
      **self._limits(),
      **stage_and_mode,
    )

  def decode(
    self,
    encoding: content_encoder.Encoding,
    domains: Sequence[str],
    **stage_and_mode,
  ) -> tf.Tensor:
    """Generates images of an encoding; see `Generator.call`.

    Args:
      encoding: of images of any domain; the batch is len(domains) equal
        parts, one after another.
      domains: the domain to generate each part in, static.
      **stage_and_mode: resolution, alpha, training, statistics_update,
        condition.

    Returns:
      float32 [batch, resolution, resolution, 3], about [-1, 1], not clipped.
    """
    return self.generator(
      encoding,
      domains=self._norm_names(domains),
      **self._limits(),
      **stage_and_mode,
    )

  def style(
    self,
    images: tf.Tensor,
    domains: Sequence[str],
    *,
    training: bool = False,
    **stage,
  ) -> tf.Tensor:
    """The style codes of images, float32 [batch, style_size].

    Args:
      images: [batch, resolution, resolution, 3] in [-1, 1]; the batch is
        len(domains) equal parts, one after another.
      domains: the domain of each part, static.
      training: without effect, as the style encoder does not normalize.
      **stage: resolution, alpha, statistics_update.

    Raises:
      ValueError: the model has no style codes.
    """
    del training
    network = self._checked_style_encoder()
    return network(images, domains=self._norm_names(domains), **stage)

  def mean_style(self, domain: str) -> tf.Tensor:
    """The mean style of a domain's images, float32 [style_size].

    Raises:
      ValueError: the model has no style codes, or no such domain.
    """
    network, name = self._checked_style_encoder(), self.norm_of(domain)
    return _network_of(network, domain).mean(name)

  def _checked_style_encoder(self):
    if self.style_encoder is None:
      raise ValueError(
        'This model has no style codes: TwinGAN.style_size is None. Train one '
        'with TwinGAN.style_size=16.'
      )
    return self.style_encoder

  def _norm_names(self, domains):
    """The names by which the norms of a packed batch's parts are kept."""
    if self.config.sharing != 'everything':
      return domains
    for domain in domains:
      self.check_domain(domain)
    return [_ALL]

  def translate(
    self,
    images: tf.Tensor,
    source: str,
    target: str,
    *,
    condition: tf.Tensor | None = None,
    shares: tf.Tensor | None = None,
    **stage_and_mode,
  ) -> tf.Tensor:
    """Translates images of one domain to another: NHWC in [-1, 1] to the same.

    Translating a domain to itself reconstructs. A condition is about the
    output, so only the generator is given it.

    Args:
      images: [batch, resolution, resolution, 3] in [-1, 1].
      source: name of the domain that the images belong to.
      target: name of the domain to translate to.
      condition: [batch, size], style codes in a model that has them. None
        reconstructs images in their own styles, and translates to the mean
        style of another domain: like every direction, that is one which the
        generator was trained with, while it never was without any.
      shares: float32 [domains], which sum to 1: translates to a mixture of
        domains, to so much of each, instead of to `target`; see `mixes`. None
        mixes nothing.
      **stage_and_mode: resolution, alpha, training.

    Raises:
      ValueError: the domains of this model cannot be mixed.
    """
    mixed = {}
    if shares is not None:
      self._check_mixes()
      mixed['mix'] = dict(zip(self.domains, tf.unstack(shares)))
    if condition is None:
      condition = self._default_style(
        images, source, target, stage_and_mode, **mixed
      )
    encoding = self.encode(images, [source], **stage_and_mode)
    return self.decode(
      encoding, [target], condition=condition, **mixed, **stage_and_mode
    )

  @property
  def mixes(self) -> bool:
    """Whether domains can be mixed, as they differ in nothing but norms."""
    return self.config.sharing == 'convolutions'

  def _check_mixes(self):
    if not self.mixes:
      raise ValueError(
        'The domains of this model cannot be mixed: TwinGAN.sharing is '
        f"{self.config.sharing!r}; where it is 'convolutions', each domain "
        'owns its norms and nothing else.'
      )

  def _default_style(self, images, source, target, stage_and_mode, mix=None):
    if self.style_encoder is None:
      return None
    if mix is not None:
      return tf.add_n(
        [
          share * self._default_style(images, source, domain, stage_and_mode)
          for domain, share in mix.items()
        ]
      )
    if source == target:
      return self.style(images, [source], **stage_and_mode)
    return tf.tile(self.mean_style(target)[None], [tf.shape(images)[0], 1])

  def attention_map(
    self,
    images: tf.Tensor,
    source: str,
    target: str,
    *,
    condition: tf.Tensor | None = None,
    **stage_and_mode,
  ) -> tf.Tensor:
    """How much each position attends to each other one, while translating.

    Args:
      images: [batch, resolution, resolution, 3] in [-1, 1].
      source: name of the domain that the images belong to.
      target: name of the domain to translate to.
      condition: [batch, size] or None; see `translate`.
      **stage_and_mode: resolution, alpha, training.

    Returns:
      float32 [batch, positions, positions]; see `Generator.attention_map`.

    Raises:
      ValueError: there is no attention in this stage.
    """
    if condition is None:
      condition = self._default_style(images, source, target, stage_and_mode)
    encoding = self.encode(images, [source], **stage_and_mode)
    return self.generator_of(target).attention_map(
      encoding,
      domains=self._norm_names([target]),
      condition=condition,
      **self._limits(),
      **stage_and_mode,
    )

  def reconstruct_and_translate(
    self,
    images: Mapping[str, tf.Tensor],
    *,
    shift: int = 1,
    styles: style_encoder.Styles | None = None,
    **stage_and_mode,
  ) -> TranslationOutputs:
    """Every domain's images in their own and in another domain.

    All domains share each network's single call; only the norms tell the
    domains' parts apart.

    Args:
      images: {domain: [batch, resolution, resolution, 3]}, one batch size.
      shift: how many domains further on the target is: domain i is translated
        to domain i + shift, cyclically; static.
      styles: style codes of a model that has them. None reconstructs each
        image in its own style, and translates it in that of the target's
        image at the same position in the batch.
      **stage_and_mode: resolution, alpha, training, statistics_update.
    """
    count = len(self.domains)
    stacked = tf.concat([images[d] for d in self.domains], axis=0)
    encoding = self.encode(stacked, self.domains, **stage_and_mode)
    order = [i for t in range(count) for i in (t, (t - shift) % count)]
    if styles is None and self.style_encoder is not None:
      codes = self.style(stacked, self.domains, **stage_and_mode)
      styles = style_encoder.Styles(reconstruction=codes, translation=codes)
    outputs = self.decode(
      encoding.take(order, count),
      self.domains,
      condition=styles.interleaved(count) if styles else None,
      **stage_and_mode,
    )
    batch = images[self.domains[0]].shape[0]
    outputs = tf.reshape(outputs, [count, 2, batch, *outputs.shape[1:]])
    return TranslationOutputs(stacked, encoding, outputs[:, 0], outputs[:, 1])

  def encoder_of(self, domain: str) -> content_encoder.Encoder:
    """The encoder of a domain's images; the same for all that share it."""
    return _network_of(self.encoder, self.check_domain(domain))

  def generator_of(self, domain: str) -> generator.Generator:
    """The generator of a domain's images; the same for all that share it."""
    return _network_of(self.generator, self.check_domain(domain))

  def norm_of(self, domain: str) -> str:
    """The name by which a domain's norm parameters are kept."""
    return self._norm_names([self.check_domain(domain)])[0]

  def domain_variables(self, domain: str) -> list[Any]:
    """The variables of the norms that a domain uses."""
    parts = [self.encoder_of(domain), self.generator_of(domain)]
    convs, name = [*parts[0].from_rgb.values()], self.norm_of(domain)
    for part in parts:
      for block in part.blocks.values():
        convs += block
    return [v for c in convs for v in c.norm.parameters[name].values()]


def _network_of(part, domain):
  if isinstance(part, per_domain_networks.PerDomainNetworks):
    return part.networks[domain]
  return part
