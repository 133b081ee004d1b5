"""The twin network: one encoder and one generator for all domains.

After Li, "Twin-GAN: Unpaired Cross-Domain Image Translation with
Weight-Sharing GANs" (2018). A domain is a name; it owns normalization
parameters and nothing else. Two other ways to share stand beside it only to
measure what this one is worth: everything, and nothing.
"""

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import tensorflow as tf

from tf_twingan.models import (
  base_model,
  content_encoder,
  domain_norm,
  per_domain_networks,
  resolutions,
)
from tf_twingan.models import generator as generator_lib
from tf_twingan.models import style_encoder as style_encoder_lib

SHARINGS = ('convolutions', 'everything', 'nothing')
# The name under which domains that share everything keep their one norm.
_ALL = 'all'


class TranslationOutputs(NamedTuple):
  """What `reconstruct_and_translate` makes; n domains in the model's order.

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
  """Encodes images of any of its domains and draws them in any other.

  Attributes:
    domains: their names, in order.
    encoder: see `encoder.Encoder`.
    generator: see `generator.Generator`.
    style_encoder: see `style.StyleEncoder`; None without style codes.
  """

  def __init__(
    self,
    domains: Sequence[str],
    *,
    max_resolution: int,
    channels_base: int = 1024,
    channels_max: int = 256,
    norm: str = 'batch_renorm',
    pixel_norm: bool = True,
    skip_max_resolution: int | None = None,
    smooth: bool = False,
    sharing: str = 'convolutions',
    residual: bool = False,
    attention_resolution: int | None = None,
    to_rgb_size: int = 1,
    spectral_norm: bool = False,
    style_size: int | None = None,
    condition_size: int | None = None,
    renorm_ramp_steps: int | None = None,
    precision: str = 'float32',
    recompute: bool = False,
    name: str = 'twingan',
  ):
    """Builds every block of every stage.

    Args:
      domains: two or more names.
      max_resolution: of the last stage, px; a power of two.
      channels_base: feature channels at 4 px before `channels_max` applies;
        halved at each finer resolution.
      channels_max: the most feature channels.
      norm: per domain, one of `normalization.KINDS`; 'none' still scales and
        shifts.
      pixel_norm: normalize each pixel's features after each activation.
      skip_max_resolution: the finest resolution with a U-Net skip, px; None
        for all, 4 for none. Fine skips carry detail, and the source's
        outlines with it.
      smooth: upsample bilinearly, not by repeating.
      sharing: what the domains have in common: 'convolutions', as in the
        article; 'everything', norms too, so that a domain is a name without
        effect; or 'nothing', so that each has an encoder and a generator.
      residual: add each block's input to its output, see `blocks`.
      attention_resolution: let all places of an image that is drawn look at
        each other after the generator's block there, px; see `attention`.
        None for nowhere.
      to_rgb_size: of the convolutions that draw the images; odd.
      spectral_norm: of every convolution; see `spectral`.
      style_size: of the style codes by which images are drawn, MUNIT's are
        8 long and the original's 16; None for none. They move the scales and
        offsets of the generator's norms; see `style` and `normalization`.
      condition_size: of vectors of the caller's, such as attributes, that may
        be given as `condition` in the place of style codes, and to `encode`,
        too; None for no such vectors.
      renorm_ramp_steps: steps of each stage in which the limits of batch
        renorm widen, as in the original: 30,000 there. None for fixed ones.
      precision: dtype of the convolutions: 'float32', 'bfloat16', 'float16'.
      recompute: in training, run the blocks of encoder and generator again
        for their gradients, rather than keep what is in them: less memory and
        more time, and the same network. See `recomputation`.
      name: of the layer.
    """
    super().__init__(
      domains,
      max_resolution=max_resolution,
      precision=precision,
      config=dict(
        channels_base=channels_base,
        channels_max=channels_max,
        norm=norm,
        pixel_norm=pixel_norm,
        skip_max_resolution=skip_max_resolution,
        smooth=smooth,
        sharing=sharing,
        residual=residual,
        attention_resolution=attention_resolution,
        to_rgb_size=to_rgb_size,
        spectral_norm=spectral_norm,
        style_size=style_size,
        condition_size=condition_size,
        renorm_ramp_steps=renorm_ramp_steps,
      ),
      name=name,
    )
    if len(self.domains) < 2 or len(set(self.domains)) < len(self.domains):
      raise ValueError(
        f'domains {list(domains)}: two or more different names are needed.'
      )
    if sharing not in SHARINGS:
      raise ValueError(
        f'Unknown sharing {sharing!r}; choose one of {", ".join(SHARINGS)}.'
      )
    if to_rgb_size < 1 or to_rgb_size % 2 == 0:
      raise ValueError(
        f'to_rgb_size is {to_rgb_size}; choose an odd one, such as 1, 3 or 7.'
      )
    if style_size is not None and (style_size < 2 or condition_size):
      raise ValueError(
        f'style_size is {style_size} with condition_size {condition_size}; '
        'give at least 2, as only directions count, and no condition_size, as '
        'style codes are the conditions then.'
      )
    self._renorm_ramp = None
    if renorm_ramp_steps is not None:
      if norm != 'batch_renorm' or renorm_ramp_steps < 1:
        raise ValueError(
          f'renorm_ramp_steps is {renorm_ramp_steps} with the norm {norm!r}; '
          "give at least 1 with 'batch_renorm', and None with others."
        )
      self._renorm_ramp = self.add_weight(
        shape=(), initializer='zeros', trainable=False, name='renorm_ramp'
      )
    rungs = resolutions.up_to(max_resolution)
    finest = max_resolution
    if skip_max_resolution is not None:
      finest = resolutions.check(skip_max_resolution)
    shared = dict(
      channels=resolutions.Channels(channels_base, channels_max),
      norm=norm,
      pixel_norm=pixel_norm,
      residual=residual,
      spectral_norm=spectral_norm,
      recompute=recompute,
    )
    skips = [r for r in rungs[1:] if r <= finest]

    def encoder(owners):
      return content_encoder.Encoder(
        owners,
        max_resolution,
        condition_size=condition_size,
        precision=precision,
        **shared,
      )

    def generator(owners):
      return generator_lib.Generator(
        owners,
        max_resolution,
        smooth=smooth,
        skip_resolutions=skips,
        attention_resolution=attention_resolution,
        to_rgb_size=to_rgb_size,
        condition_size=style_size or condition_size,
        **shared,
      )

    def style_encoder(owners):
      return style_encoder_lib.StyleEncoder(
        owners,
        max_resolution,
        channels=shared['channels'],
        size=style_size,
        spectral_norm=spectral_norm,
        precision=precision,
      )

    def made(part, name):
      if sharing == 'nothing':
        return per_domain_networks.PerDomainNetworks(
          self.domains, lambda domain: part([domain]), name=name
        )
      return part(self.domains if sharing == 'convolutions' else [_ALL])

    self.encoder = made(encoder, 'encoder')
    self.generator = made(generator, 'generator')
    self.style_encoder = (
      None if style_size is None else made(style_encoder, 'style_encoder')
    )

  @property
  def style_size(self) -> int | None:
    """Of the style codes; None without."""
    return self._config['style_size']

  @property
  def code_size(self) -> int:
    """Numbers in the content code of an image."""
    channels = resolutions.Channels(
      self._config['channels_base'], self._config['channels_max']
    )
    return resolutions.SMALLEST**2 * channels(resolutions.SMALLEST)

  @property
  def trains_by_statistics(self) -> bool:
    """Whether training normalizes by the moving statistics, as inference."""
    return self._config['norm'] == 'batch_renorm'

  def start_step(self, stage_step: int) -> None:
    """Widens the limits of batch renorm, if they do; see `Network`."""
    if self._renorm_ramp is not None:
      steps = self._config['renorm_ramp_steps']
      self._renorm_ramp.assign(min(stage_step / steps, 1.0))

  def _limits(self):
    """Of batch renorm, unless they are the fixed ones."""
    if self._renorm_ramp is None:
      return {}
    ramp = tf.convert_to_tensor(self._renorm_ramp)
    return dict(limits=domain_norm.renorm_limits(ramp))

  def encode(
    self, images: tf.Tensor, domains: Sequence[str], **stage_and_mode
  ) -> content_encoder.Encoding:
    """See `Encoder.call`."""
    return self.encoder(
      images, self._owners(domains), **self._limits(), **stage_and_mode
    )

  def decode(
    self,
    encoding: content_encoder.Encoding,
    domains: Sequence[str],
    **stage_and_mode,
  ) -> tf.Tensor:
    """See `Generator.call`."""
    return self.generator(
      encoding, self._owners(domains), **self._limits(), **stage_and_mode
    )

  def style(
    self,
    images: tf.Tensor,
    domains: Sequence[str],
    *,
    training: bool = False,
    **stage,
  ) -> tf.Tensor:
    """The style codes of images; see `StyleEncoder.call`.

    Args:
      images: see there.
      domains: see there.
      training: without effect, as nothing there normalizes.
      **stage: resolution, alpha, statistics_update.

    Raises:
      ValueError: the model has none.
    """
    del training
    return self._styled()(images, self._owners(domains), **stage)

  def mean_style(self, domain: str) -> tf.Tensor:
    """The style in the middle of a domain's images, float32 [style_size].

    Raises:
      ValueError: the model has no style codes, or no such domain.
    """
    encoder = _network_of(self._styled(), self.check_domain(domain))
    return encoder.mean(self.norm_of(domain))

  def _styled(self):
    if self.style_encoder is None:
      raise ValueError(
        'This model has no style codes: TwinGAN.style_size is None. Train one '
        'with TwinGAN.style_size=16.'
      )
    return self.style_encoder

  def _owners(self, domains):
    """Whose norm each part of a packed batch goes by."""
    if self._config['sharing'] != 'everything':
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
    **stage_and_mode,
  ) -> tf.Tensor:
    """Images of one domain, drawn in another: NHWC in [-1, 1] to the same.

    Translating a domain to itself reconstructs. A condition says how to draw,
    so that only the generator is given it.

    Args:
      images: [batch, resolution, resolution, 3] in [-1, 1].
      source: their domain.
      target: the domain to draw them in.
      condition: [batch, size], style codes in a model that has them. None
        draws in the images' own styles within their domain, and in another
        one in its mean style: like every direction, that is one which the
        generator was trained to draw, while it never drew without any.
      **stage_and_mode: resolution, alpha, training.
    """
    condition = self._condition(
      condition, images, source, target, stage_and_mode
    )
    encoding = self.encode(images, [source], **stage_and_mode)
    return self.decode(
      encoding, [target], condition=condition, **stage_and_mode
    )

  def _condition(self, given, images, source, target, stage_and_mode):
    """What is drawn by; see `translate`."""
    if given is not None or self.style_encoder is None:
      return given
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
    """Which places look where while images are drawn in another domain.

    Args:
      images: [batch, resolution, resolution, 3] in [-1, 1].
      source: their domain.
      target: the domain to draw them in.
      condition: as for `translate`.
      **stage_and_mode: resolution, alpha, training.

    Returns:
      float32 [batch, places, places]; see `Generator.attention_map`.

    Raises:
      ValueError: there is no attention in this stage.
    """
    condition = self._condition(
      condition, images, source, target, stage_and_mode
    )
    encoding = self.encode(images, [source], **stage_and_mode)
    return self.generator_of(target).attention_map(
      encoding,
      self._owners([target]),
      condition=condition,
      **self._limits(),
      **stage_and_mode,
    )

  def reconstruct_and_translate(
    self,
    images: Mapping[str, tf.Tensor],
    *,
    shift: int = 1,
    styles: style_encoder_lib.Styles | None = None,
    **stage_and_mode,
  ) -> 'TranslationOutputs':
    """Every domain's images, drawn in their own and in another domain.

    All domains share each network's single call; the domains' parts are only
    told apart inside the norm.

    Args:
      images: {domain: [batch, resolution, resolution, 3]}, one batch size.
      shift: domain i is translated to domain i + shift, cyclically; static.
      styles: to draw in, of a model with style codes. None draws each
        image in its own style, and its translation in that of the target's
        image at the same place in the batch.
      **stage_and_mode: resolution, alpha, training, statistics_update.

    Returns:
      The Drawings.
    """
    count = len(self.domains)
    stacked = tf.concat([images[d] for d in self.domains], axis=0)
    encoding = self.encode(stacked, self.domains, **stage_and_mode)
    order = [
      part
      for target in range(count)
      for part in (target, (target - shift) % count)
    ]
    if styles is None and self.style_encoder is not None:
      own = self.style(stacked, self.domains, **stage_and_mode)
      styles = style_encoder_lib.Styles(own, given=own)
    both = self.decode(
      encoding.take(order, count),
      self.domains,
      condition=styles.interleaved(count) if styles else None,
      **stage_and_mode,
    )
    batch = images[self.domains[0]].shape[0]
    both = tf.reshape(both, [count, 2, batch, *both.shape[1:]])
    return TranslationOutputs(stacked, encoding, both[:, 0], both[:, 1])

  def encoder_of(self, domain: str) -> content_encoder.Encoder:
    """The encoder of a domain's images; the same for all that share it."""
    return _network_of(self.encoder, self.check_domain(domain))

  def generator_of(self, domain: str) -> generator_lib.Generator:
    """The generator that draws a domain; the same for all that share it."""
    return _network_of(self.generator, self.check_domain(domain))

  def norm_of(self, domain: str) -> str:
    """The name by which a domain's norm parameters are kept."""
    return self._owners([self.check_domain(domain)])[0]

  def domain_variables(self, domain: str) -> list[Any]:
    """The variables of the norms that a domain goes by."""
    encoder, owner = self.encoder_of(domain), self.norm_of(domain)
    blocks = [*encoder.from_rgb.values()]
    for part in (encoder, self.generator_of(domain)):
      for convs in part.blocks.values():
        blocks += convs
    return [
      variable
      for block in blocks
      for variable in block.norm.parameters[owner].values()
    ]


def _network_of(part, domain):
  if isinstance(part, per_domain_networks.PerDomainNetworks):
    return part.networks[domain]
  return part
