"""The twin network: one encoder and one generator for all domains.

After Li, "Twin-GAN: Unpaired Cross-Domain Image Translation with
Weight-Sharing GANs" (2018). A domain is a name; it owns normalization
parameters and nothing else. Two other ways to share stand beside it only to
measure what this one is worth: everything, and nothing.
"""

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import tensorflow as tf

from tf_twingan.models import encoder as encoder_lib
from tf_twingan.models import generator as generator_lib
from tf_twingan.models import network, normalization, resolutions, unshared

SHARINGS = ('convolutions', 'everything', 'nothing')
# The name under which domains that share everything keep their one norm.
_ALL = 'all'


class Drawings(NamedTuple):
  """What `reconstruct_and_translate` makes; n domains in the model's order.

  Attributes:
    inputs: [n * batch, resolution, resolution, 3], the domains' pictures.
    encoding: of the inputs.
    reconstructions: [n, batch, ...], the first axis is source and target.
    translations: [n, batch, ...], the first axis is the target.
  """

  inputs: tf.Tensor
  encoding: encoder_lib.Encoding
  reconstructions: tf.Tensor
  translations: tf.Tensor


class TwinGAN(network.Network):
  """Encodes pictures of any of its domains and draws them in any other.

  Attributes:
    domains: their names, in order.
    encoder: see `encoder.Encoder`.
    generator: see `generator.Generator`.
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
    condition_size: int | None = None,
    renorm_ramp_steps: int | None = None,
    precision: str = 'float32',
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
      attention_resolution: let all places of a picture that is drawn look at
        each other after the generator's block there, px; see `attention`.
        None for nowhere.
      to_rgb_size: of the convolutions that draw the pictures; odd.
      spectral_norm: of every convolution; see `spectral`.
      condition_size: of the vectors that may be given as `condition`, one for
        each picture, to move the norms' scales and offsets; None for no such
        vectors. See `normalization`.
      renorm_ramp_steps: steps of each stage in which the limits of batch
        renorm widen, as in the original: 30,000 there. None for fixed ones.
      precision: dtype of the convolutions: 'float32', 'bfloat16', 'float16'.
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
      condition_size=condition_size,
    )
    skips = [r for r in rungs[1:] if r <= finest]

    def encoder(owners):
      return encoder_lib.Encoder(
        owners, max_resolution, precision=precision, **shared
      )

    def generator(owners):
      return generator_lib.Generator(
        owners,
        max_resolution,
        smooth=smooth,
        skip_resolutions=skips,
        attention_resolution=attention_resolution,
        to_rgb_size=to_rgb_size,
        **shared,
      )

    if sharing == 'nothing':
      self.encoder = unshared.Unshared(
        self.domains, lambda domain: encoder([domain]), name='encoder'
      )
      self.generator = unshared.Unshared(
        self.domains, lambda domain: generator([domain]), name='generator'
      )
    else:
      owners = self.domains if sharing == 'convolutions' else [_ALL]
      self.encoder, self.generator = encoder(owners), generator(owners)

  @property
  def code_size(self) -> int:
    """Numbers in the content code of a picture."""
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
    return dict(limits=normalization.renorm_limits(ramp))

  def encode(
    self, images: tf.Tensor, domains: Sequence[str], **stage_and_mode
  ) -> encoder_lib.Encoding:
    """See `Encoder.call`."""
    return self.encoder(
      images, self._owners(domains), **self._limits(), **stage_and_mode
    )

  def decode(
    self,
    encoding: encoder_lib.Encoding,
    domains: Sequence[str],
    **stage_and_mode,
  ) -> tf.Tensor:
    """See `Generator.call`."""
    return self.generator(
      encoding, self._owners(domains), **self._limits(), **stage_and_mode
    )

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
    """Pictures of one domain, drawn in another: NHWC in [-1, 1] to the same.

    Translating a domain to itself reconstructs. A condition says how to draw,
    so that only the generator is given it.
    """
    encoding = self.encode(images, [source], **stage_and_mode)
    return self.decode(
      encoding, [target], condition=condition, **stage_and_mode
    )

  def attention_map(
    self, images: tf.Tensor, source: str, target: str, **stage_and_mode
  ) -> tf.Tensor:
    """Which places look where while pictures are drawn in another domain.

    Args:
      images: [batch, resolution, resolution, 3] in [-1, 1].
      source: their domain.
      target: the domain to draw them in.
      **stage_and_mode: resolution, alpha, training.

    Returns:
      float32 [batch, places, places]; see `Generator.attention_map`.

    Raises:
      ValueError: there is no attention in this stage.
    """
    encoding = self.encode(images, [source], **stage_and_mode)
    return self.generator_of(target).attention_map(
      encoding, self._owners([target]), **stage_and_mode
    )

  def reconstruct_and_translate(
    self, images: Mapping[str, tf.Tensor], *, shift: int = 1, **stage_and_mode
  ) -> 'Drawings':
    """Every domain's pictures, drawn in their own and in another domain.

    All domains share each network's single call; the domains' parts are only
    told apart inside the norm.

    Args:
      images: {domain: [batch, resolution, resolution, 3]}, one batch size.
      shift: domain i is translated to domain i + shift, cyclically; static.
      **stage_and_mode: resolution, alpha, training, statistics_update. No
        condition: what is drawn of what is not known here.

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
    both = self.decode(
      encoding.take(order, count), self.domains, **stage_and_mode
    )
    batch = images[self.domains[0]].shape[0]
    both = tf.reshape(both, [count, 2, batch, *both.shape[1:]])
    return Drawings(stacked, encoding, both[:, 0], both[:, 1])

  def encoder_of(self, domain: str) -> encoder_lib.Encoder:
    """The encoder of a domain's pictures; the same for all that share it."""
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
  if isinstance(part, unshared.Unshared):
    return part.networks[domain]
  return part
