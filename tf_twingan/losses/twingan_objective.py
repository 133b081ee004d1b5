"""TwinGAN's losses: reconstruction, content, cycle, adversarial and more.

Each call of a network packs the images of all domains. With three or more
domains, each source is paired with one target a step: the domain `shift`
positions further on.

  source s --encode--> code, skips --decode as s--> reconstruction
                                   --decode as t--> translation
  translation --encode as t--> code' (content), --decode as s--> cycle
  code, code' --projection--> the vector that an image carries (identity)
"""

from collections.abc import Mapping, Sequence
from typing import Any

import tensorflow as tf

from tf_twingan.losses import (
  adversarial_objective,
  base_objective,
  equivariance,
  identity,
  image_augmentation,
  reconstruction_losses,
  seeds,
  style_losses,
)
from tf_twingan.models import twingan


class Objective(adversarial_objective.AdversarialObjective):
  """Weights and kinds of the losses; a weight of 0 leaves a loss out."""

  model_types = (twingan.TwinGAN,)
  can_train_styles = True

  def __init__(
    self,
    *,
    adversarial: str = 'non_saturating',
    adversarial_weight: float = 1.0,
    adversarial_on_reconstructions_from: int | None = 64,
    reconstruction_weight: float = 1.0,
    content_weight: float = 0.1,
    cycle_weight: float = 1.0,
    mirror_weight: float = 0.0,
    equivariance_weight: float = 0.0,
    equivariance_noise: float = 0.0,
    identity_weight: float = 0.0,
    identity_from: int = 16,
    style_weight: float = 1.0,
    style_random: float = 0.5,
    penalty: str = 'dragan',
    penalty_weight: float = 0.25,
    penalty_interval: int = 1,
    drift_weight: float = 0.0,
    augmentation: image_augmentation.Augmentation | None = None,
  ):
    """Chooses the losses.

    Args:
      adversarial: name of the adversarial loss, a key of
        `adversarial_losses.ADVERSARIAL`.
      adversarial_weight: weight of the generator's adversarial loss.
      adversarial_on_reconstructions_from: resolution, px, from which the
        discriminators are shown reconstructions too; None for never. The losses
        are the means over both kinds of images.
      reconstruction_weight: weight of L1 between x and its reconstruction.
      content_weight: weight of L1 between the content codes of x and of its
        translation (semantic consistency).
      cycle_weight: weight of L1 between x and its translation translated back
        (Zhu et al., CycleGAN, 2017).
      mirror_weight: weight of L1 between the translation of the mirrored x and
        the mirrored translation of x (flip equivariance), which keeps faces
        from turning round. Costs encoding and translating every image once
        more: with all other losses, seven passes of half a network instead of
        five.
      equivariance_weight: weight of L1 between the translation of x, turned,
        shifted and scaled a little, and the translation of x, moved in the same
        way, which keeps films from flickering; see `equivariance`. Costs as
        much as the mirror's.
      equivariance_noise: standard deviation of noise that the moved x carries
        and its translation should not show, of values in [-1, 1]: a camera's
        in a dim room is about 0.03.
      identity_weight: weight of the cosine distance between the vector that x
        carries and the vectors predicted from the content codes of x and of its
        translation; see `identity`. The original's code has 1.
      identity_from: resolution, px, from which the identity loss applies.
      style_weight: weight of L1 between the style code that a translation was
        generated with and the one read off it, if the model has style codes;
        MUNIT has 1. See `style_losses`.
      style_random: share of translations with a random style code; the others
        get that of a real image of the target domain. MUNIT has 1.
      penalty: name of the gradient penalty, a key of
        `gradient_penalties.PENALTIES`, or 'none'.
      penalty_weight: weight of the penalty.
      penalty_interval: apply the penalty every this many steps, that many times
        as strongly (lazy regularization: Karras et al., StyleGAN2, 2020,
        appendix B).
      drift_weight: weight of the mean square of real logits (PGGAN, 2018,
        appendix A.1, has 1e-3, for Wasserstein).
      augmentation: changes all images that the discriminators see, in
        penalties, too; None for none.

    Raises:
      ValueError: a value is impossible.
    """
    if not 0 <= style_random <= 1:
      raise ValueError(
        f'Objective.style_random is {style_random}; choose one in [0, 1].'
      )
    if equivariance_noise < 0:
      raise ValueError(
        f'Objective.equivariance_noise is {equivariance_noise}; choose 0 or '
        'more.'
      )
    super().__init__(
      adversarial=adversarial,
      adversarial_weight=adversarial_weight,
      penalty=penalty,
      penalty_weight=penalty_weight,
      penalty_interval=penalty_interval,
      drift_weight=drift_weight,
      augmentation=augmentation,
    )
    self._reconstructions_from = adversarial_on_reconstructions_from
    self._reconstruction_weight = reconstruction_weight
    self._content_weight = content_weight
    self._cycle_weight = cycle_weight
    self._mirror_weight = mirror_weight
    self._equivariance_weight = equivariance_weight
    self._equivariance_noise = equivariance_noise
    self._identity_weight = identity_weight
    self._identity_from = identity_from
    self._identity: identity.Identity | None = None
    self._style_weight = style_weight
    self._style_random = style_random

  def build(
    self, domains: Sequence[str], max_resolution: int, *, replicas: int
  ) -> dict[str, Any]:
    """Makes the variables of an adaptive augmentation.

    Args:
      domains: names of the domains.
      max_resolution: resolution of the last stage, px.
      replicas: without effect.

    Returns:
      Trackable objects by name, for the checkpoint.

    Raises:
      ValueError: the identity loss would never apply.
    """
    if self._identity_weight and self._identity_from > max_resolution:
      raise ValueError(
        f'Objective.identity_from is {self._identity_from} px, but training '
        f'ends at {max_resolution} px; lower it, or set identity_weight to 0.'
      )
    return super().build(domains, max_resolution, replicas=replicas)

  @property
  def needs_vectors(self) -> bool:
    """Whether images of at least one domain must carry vectors."""
    return bool(self._identity_weight)

  @property
  def trainable_variables(self) -> list[Any]:
    """Variables of the projections that predict vectors."""
    return self._identity.trainable_variables if self._identity else []

  def build_for_vectors(
    self, model: Any, vector_sizes: Mapping[str, int]
  ) -> dict[str, Any]:
    """Makes the projections that predict vectors from content codes.

    Args:
      model: the TwinGAN.
      vector_sizes: {domain: numbers in a vector} of those that carry them.

    Returns:
      Trackable objects by name, for the checkpoint.

    Raises:
      ValueError: no domain carries any.
    """
    if not vector_sizes:
      raise ValueError(
        f'Objective.identity_weight is {self._identity_weight}, but the '
        'images of no domain carry vectors; add ?vectors=... to the source '
        'of one, see data.sources, or set the weight to 0.'
      )
    self._identity = identity.Identity(model.code_size, vector_sizes)
    return {'identity': self._identity.projections}

  def compute(
    self,
    model,
    discriminators: Any,
    reals: Mapping[str, tf.Tensor],
    *,
    resolution: int,
    alpha: tf.Tensor,
    seed: tf.Tensor | None = None,
    shift: int = 1,
    vectors: Mapping[str, tf.Tensor] | None = None,
  ) -> base_objective.Losses:
    """Computes all losses but the gradient penalty.

    Args:
      model: the TwinGAN.
      discriminators: {domain: Discriminator}, or one for all domains.
      reals: {domain: float32 [batch, resolution, resolution, 3]}, one batch
        size for all.
      resolution: resolution of the stage, px; static.
      alpha: how far the stage is faded in, in [0, 1].
      seed: int32 [2], of the augmentation, of random styles and of warps; None
        is enough without them.
      shift: domain i is translated to domain i + shift, cyclically; static.
      vectors: {domain: float32 [batch, size]} of the domains that carry them.
    """
    domains, count = model.domains, len(model.domains)
    stage_arguments = dict(resolution=resolution, alpha=alpha, training=True)
    styles = style_losses.choose_styles(
      model, reals, seed, random=self._style_random, **stage_arguments
    )
    own_styles, given_styles = styles or (None, None)
    outputs = model.reconstruct_and_translate(
      reals, shift=shift, styles=styles, **stage_arguments
    )
    # Indices of domains: source s is translated to s + shift.
    source_of_target = [(t - shift) % count for t in range(count)]
    target_of_source = [(s + shift) % count for s in range(count)]
    # Only the pass above updates batch norm statistics: inference will use them
    # on real images, not on translations or mirrored images.
    frozen = dict(stage_arguments, statistics_update=0.0)
    generator, discriminator = {}, {}

    if self._reconstruction_weight:
      generator['reconstruction'] = (
        self._reconstruction_weight
        * reconstruction_losses.l1(
          outputs.inputs, _flat(outputs.reconstructions)
        )
      )
    use_identity = self._identity and resolution >= self._identity_from
    if self._content_weight or self._cycle_weight or use_identity:
      # Encodings of the translations, in the order of their sources.
      encoded = model.encode(_flat(outputs.translations), domains, **frozen)
      encoded = encoded.take(target_of_source, count)
      if self._content_weight:
        generator['content'] = self._content_weight * reconstruction_losses.l1(
          outputs.encoding.content, encoded.content
        )
      if self._cycle_weight:
        generator['cycle'] = self._cycle_weight * reconstruction_losses.l1(
          outputs.inputs,
          model.decode(encoded, domains, condition=own_styles, **frozen),
        )
      if use_identity:
        identity_losses = self._identity.losses(
          domains,
          vectors,
          real=outputs.encoding.content,
          translated=encoded.content,
        )
        for name, loss in identity_losses.items():
          generator[name] = self._identity_weight * loss

    def translate(images):
      # All images, not some: a batch that is mirrored as a whole has the same
      # moments, so that the norm is no reason for a difference.
      encoded = model.encode(images, domains, **frozen)
      return model.decode(
        encoded.take(source_of_target, count),
        domains,
        condition=given_styles,
        **frozen,
      )

    translated = (translate, outputs.inputs, _flat(outputs.translations))
    if self._mirror_weight:
      generator['mirror'] = self._mirror_weight * equivariance.mirror_loss(
        *translated
      )
    if self._equivariance_weight:
      generator['equivariance'] = (
        self._equivariance_weight
        * equivariance.warp_loss(
          *translated,
          seeds.replica_seed(seeds.stream_seed(seed, seeds.Stream.WARPS)),
          domains=count,
          noise=self._equivariance_noise,
        )
      )
    if styles and self._style_weight:
      generator['style'] = (
        self._style_weight
        * style_losses.style_reconstruction(
          model, styles, _flat(outputs.translations), **stage_arguments
        )
      )

    with_reconstructions = (
      self._reconstructions_from is not None
      and resolution >= self._reconstructions_from
    )
    images = {}
    for index, domain in enumerate(domains):
      parts = [reals[domain], outputs.translations[index]]
      if with_reconstructions:
        parts.append(outputs.reconstructions[index])
      images[domain] = tf.concat(parts, axis=0)
    logits = self._logits(
      discriminators,
      images,
      seed,
      resolution=resolution,
      alpha=alpha,
      group=outputs.translations.shape[1],
    )
    losses = base_objective.Losses(
      generator,
      discriminator,
      fakes=dict(zip(domains, tf.unstack(outputs.translations))),
    )
    for domain in domains:
      real, *fakes = tf.split(logits[domain], 3 if with_reconstructions else 2)
      generator[f'adversarial/{domain}'] = (
        self._adversarial_weight
        * adversarial_objective.mean(
          [self._adversarial.generator(fake) for fake in fakes]
        )
      )
      discriminator[f'discriminator/{domain}'] = adversarial_objective.mean(
        [self._adversarial.discriminator(real, fake) for fake in fakes]
      )
      self._add_regularization(losses, domain, real)
    return losses


def _flat(parts):
  """[n, batch, h, w, c] -> [n * batch, h, w, c]."""
  return tf.reshape(parts, [-1, *parts.shape[2:]])
