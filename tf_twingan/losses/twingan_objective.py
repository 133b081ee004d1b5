"""What the networks are trained to do: every loss, named, in one place.

All domains go through each network in one packed call. With three or more
domains, each source is paired with one target a step: the domain `shift`
places further on.

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
  identity,
  image_augmentation,
  reconstruction_losses,
  style_losses,
)


class Objective(adversarial_objective.AdversarialObjective):
  """Weights and kinds of the losses; a weight of 0 leaves a term out."""

  trains_styles = True

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
    """Chooses the terms.

    Args:
      adversarial: a key of `losses.ADVERSARIAL`.
      adversarial_weight: of the generator's adversarial term.
      adversarial_on_reconstructions_from: the resolution, px, from which the
        discriminators judge reconstructions too; None for never. The terms
        are the means over both kinds of images.
      reconstruction_weight: of L1 between x and its reconstruction.
      content_weight: of L1 between the content codes of x and of its
        translation (semantic consistency).
      cycle_weight: of L1 between x and its translation translated back
        (Zhu et al., CycleGAN, 2017).
      mirror_weight: of L1 between the translation of x in a mirror and x's
        translation in a mirror, which keeps faces from turning round. Costs
        encoding and translating every image once more: with all other
        terms, seven passes of half a network instead of five.
      identity_weight: of what the codes of x and of its translation do not
        say of the vector that x carries; see `identity`. The original's code
        has 1.
      identity_from: the resolution, px, from which an image shows who it is.
      style_weight: of L1 between the style that a translation was given and
        its own, if the model has style codes; MUNIT has 1. See `styles`.
      style_random: share of translations in a style drawn at random; the
        others are given that of a real image of the target domain. MUNIT
        has 1.
      penalty: a key of `penalties.PENALTIES`, or 'none'.
      penalty_weight: of the penalty.
      penalty_interval: apply it every this many steps, that many times as
        strongly (lazy regularization: Karras et al., StyleGAN2, 2020,
        appendix B).
      drift_weight: of the mean square of real logits (PGGAN, 2018, appendix
        A.1, has 1e-3, for Wasserstein).
      augmentation: of all that the discriminators see, in penalties, too.

    Raises:
      ValueError: one of these cannot be.
    """
    if not 0 <= style_random <= 1:
      raise ValueError(
        f'Objective.style_random is {style_random}; choose one in [0, 1].'
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
    self._identity_weight = identity_weight
    self._identity_from = identity_from
    self._identity: identity.Identity | None = None
    self._style_weight = style_weight
    self._style_random = style_random

  def build(
    self, domains: Sequence[str], max_resolution: int, *, replicas: int
  ) -> dict[str, Any]:
    """Makes what is remembered; see `AbstractObjective.build`.

    Raises:
      ValueError: the identity term would never apply.
    """
    if self._identity_weight and self._identity_from > max_resolution:
      raise ValueError(
        f'Objective.identity_from is {self._identity_from} px, but training '
        f'ends at {max_resolution} px; lower it, or set identity_weight to 0.'
      )
    return super().build(domains, max_resolution, replicas=replicas)

  @property
  def needs_vectors(self) -> bool:
    """See `AbstractObjective`."""
    return bool(self._identity_weight)

  @property
  def trainable_variables(self) -> list[Any]:
    """See `AbstractObjective`."""
    return self._identity.trainable_variables if self._identity else []

  def build_for_vectors(
    self, model: Any, vector_sizes: Mapping[str, int]
  ) -> dict[str, Any]:
    """Makes what predicts them; see `AbstractObjective.build_for_vectors`.

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
    """All terms but the penalty, from one pass through the networks.

    Args:
      model: the TwinGAN.
      discriminators: see `judging.judge`.
      reals: {domain: float32 [batch, resolution, resolution, 3]}, one batch
        size for all.
      resolution: of the stage, static.
      alpha: how far it is faded in.
      seed: int32 [2], of the augmentation and of random styles; None is
        enough without.
      shift: domain i is translated to domain i + shift, cyclically; static.
      vectors: see `AbstractObjective`.
    """
    domains, count = model.domains, len(model.domains)
    stage = dict(resolution=resolution, alpha=alpha, training=True)
    style = style_losses.draw(
      model, reals, seed, random=self._style_random, **stage
    )
    own, given = style or (None, None)
    drawn = model.reconstruct_and_translate(
      reals, shift=shift, styles=style, **stage
    )
    # Source s was drawn in domain s + shift, target t from t - shift.
    sources = [(t - shift) % count for t in range(count)]
    targets = [(s + shift) % count for s in range(count)]
    # Generated and mirrored images leave the statistics, which inference will
    # use, as real ones made them; batch renorm normalizes by those, too.
    still = dict(stage, statistics_update=0.0)
    generator = {}
    if self._reconstruction_weight:
      generator['reconstruction'] = (
        self._reconstruction_weight
        * reconstruction_losses.l1(drawn.inputs, _flat(drawn.reconstructions))
      )
    identify = self._identity and resolution >= self._identity_from
    if self._content_weight or self._cycle_weight or identify:
      again = model.encode(_flat(drawn.translations), domains, **still)
      again = again.take(targets, count)
      if self._content_weight:
        generator['content'] = self._content_weight * reconstruction_losses.l1(
          drawn.encoding.content, again.content
        )
      if self._cycle_weight:
        generator['cycle'] = self._cycle_weight * reconstruction_losses.l1(
          drawn.inputs, model.decode(again, domains, condition=own, **still)
        )
      if identify:
        said = self._identity.terms(
          domains,
          vectors,
          real=drawn.encoding.content,
          translated=again.content,
        )
        generator.update(
          {name: self._identity_weight * term for name, term in said.items()}
        )
    if self._mirror_weight:
      # All images, not some: a batch that is mirrored as a whole has the
      # same moments, so that the norm is no reason for a difference.
      seen = model.encode(_mirrored(drawn.inputs), domains, **still)
      generator['mirror'] = self._mirror_weight * reconstruction_losses.l1(
        _mirrored(_flat(drawn.translations)),
        model.decode(
          seen.take(sources, count), domains, condition=given, **still
        ),
      )
    if style and self._style_weight:
      generator['style'] = self._style_weight * style_losses.reconstruction(
        model, style, _flat(drawn.translations), **stage
      )
    judged = {}
    for index, domain in enumerate(domains):
      shown = [reals[domain], drawn.translations[index]]
      if (
        self._reconstructions_from is not None
        and resolution >= self._reconstructions_from
      ):
        shown.append(drawn.reconstructions[index])
      judged[domain] = tf.concat(shown, axis=0)
    logits = self._judge(
      discriminators,
      judged,
      seed,
      resolution=resolution,
      alpha=alpha,
      group=drawn.translations.shape[1],
    )
    result = base_objective.Losses(
      generator, {}, fakes=dict(zip(domains, tf.unstack(drawn.translations)))
    )
    for domain in domains:
      real, *fakes = tf.split(logits[domain], len(shown))
      self._add_adversarial(result, domain, real, fakes)
    return result


def _flat(parts):
  """[n, batch, h, w, c] -> [n * batch, h, w, c]."""
  return tf.reshape(parts, [-1, *parts.shape[2:]])


def _mirrored(images):
  return tf.reverse(images, axis=[2])
