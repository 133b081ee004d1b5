"""What the networks are trained to do: every loss, named, in one place.

All domains go through each network in one packed call. With three or more
domains, each source is paired with one target a step: the domain `shift`
places further on.

  source s --encode--> code, skips --decode as s--> reconstruction
                                   --decode as t--> translation
  translation --encode as t--> code' (content), --decode as s--> cycle
"""

from collections.abc import Mapping, Sequence
from typing import Any

import tensorflow as tf

import gin
from tf_twingan import losses, penalties
from tf_twingan.training import augmentation as augmentation_lib
from tf_twingan.training import judging, styles
from tf_twingan.training import terms as terms_lib


@gin.register
class Objective(terms_lib.AbstractObjective):
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
    style_weight: float = 1.0,
    style_random: float = 0.5,
    penalty: str = 'dragan',
    penalty_weight: float = 0.25,
    penalty_interval: int = 1,
    drift_weight: float = 0.0,
    augmentation: augmentation_lib.Augmentation | None = None,
  ):
    """Chooses the terms.

    Args:
      adversarial: a key of `losses.ADVERSARIAL`.
      adversarial_weight: of the generator's adversarial term.
      adversarial_on_reconstructions_from: the resolution, px, from which the
        discriminators judge reconstructions too; None for never.
      reconstruction_weight: of L1 between x and its reconstruction.
      content_weight: of L1 between the content codes of x and of its
        translation (semantic consistency).
      cycle_weight: of L1 between x and its translation translated back
        (Zhu et al., CycleGAN, 2017).
      mirror_weight: of L1 between the translation of x in a mirror and x's
        translation in a mirror, which keeps faces from turning round. Costs
        encoding and translating every picture once more: with all other
        terms, seven passes of half a network instead of five.
      style_weight: of L1 between the style that a translation was given and
        its own, if the model has style codes; MUNIT has 1. See `styles`.
      style_random: share of translations in a style drawn at random; the
        others are given that of a real picture of the target domain. MUNIT
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
    if penalty_interval < 1:
      raise ValueError(f'penalty_interval is {penalty_interval}; at least 1.')
    if not 0 <= style_random <= 1:
      raise ValueError(
        f'Objective.style_random is {style_random}; choose one in [0, 1].'
      )
    self._penalty = penalties.of(penalty)
    self.penalty_interval = penalty_interval if self._penalty else 0
    self._adversarial = losses.adversarial(adversarial)
    self._adversarial_weight = adversarial_weight
    self._reconstructions_from = adversarial_on_reconstructions_from
    self._reconstruction_weight = reconstruction_weight
    self._content_weight = content_weight
    self._cycle_weight = cycle_weight
    self._mirror_weight = mirror_weight
    self._style_weight = style_weight
    self._style_random = style_random
    self._penalty_weight = penalty_weight
    self._drift_weight = drift_weight
    self._augmentation = augmentation
    self._adapts = augmentation is not None and augmentation.adapts
    if self._adapts and self._adversarial.border is None:
      raise ValueError(
        f'Augmentation.target is set, but the logits of {adversarial!r} do '
        'not say what is taken for real; set it to None, or choose another '
        'Objective.adversarial.'
      )

  def build(
    self, domains: Sequence[str], max_resolution: int, *, replicas: int
  ) -> dict[str, Any]:
    """Makes what the augmentation remembers; see `AbstractObjective.build`."""
    del max_resolution, replicas
    self._domains = tuple(domains)
    return self._augmentation.build(domains) if self._augmentation else {}

  def compute(
    self,
    model,
    discriminators: Mapping[str, Any],
    reals: Mapping[str, tf.Tensor],
    *,
    resolution: int,
    alpha: tf.Tensor,
    seed: tf.Tensor | None = None,
    shift: int = 1,
  ) -> terms_lib.Losses:
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
    """
    domains, count = model.domains, len(model.domains)
    stage = dict(resolution=resolution, alpha=alpha, training=True)
    style = styles.draw(model, reals, seed, random=self._style_random, **stage)
    own, given = style or (None, None)
    drawn = model.reconstruct_and_translate(
      reals, shift=shift, styles=style, **stage
    )
    # Source s was drawn in domain s + shift, target t from t - shift.
    sources = [(t - shift) % count for t in range(count)]
    targets = [(s + shift) % count for s in range(count)]
    # Generated and mirrored pictures are normalized by the statistics of real
    # ones, and leave them as they are: those are what inference will use.
    still = dict(stage, statistics_update=0.0)
    generator = {}
    if self._reconstruction_weight:
      generator['reconstruction'] = self._reconstruction_weight * losses.l1(
        drawn.inputs, _flat(drawn.reconstructions)
      )
    if self._content_weight or self._cycle_weight:
      again = model.encode(_flat(drawn.translations), domains, **still)
      again = again.take(targets, count)
      if self._content_weight:
        generator['content'] = self._content_weight * losses.l1(
          drawn.encoding.content, again.content
        )
      if self._cycle_weight:
        generator['cycle'] = self._cycle_weight * losses.l1(
          drawn.inputs, model.decode(again, domains, condition=own, **still)
        )
    if self._mirror_weight:
      # All pictures, not some: a batch that is mirrored as a whole has the
      # same moments, so that the norm is no reason for a difference.
      seen = model.encode(_mirrored(drawn.inputs), domains, **still)
      generator['mirror'] = self._mirror_weight * losses.l1(
        _mirrored(_flat(drawn.translations)),
        model.decode(
          seen.take(sources, count), domains, condition=given, **still
        ),
      )
    if style and self._style_weight:
      generator['style'] = self._style_weight * styles.reconstruction(
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
    result = terms_lib.Losses(
      generator, {}, fakes=dict(zip(domains, tf.unstack(drawn.translations)))
    )
    for domain in domains:
      real, *fakes = tf.split(logits[domain], len(shown))
      self._add_adversarial(result, domain, real, fakes)
    return result

  def _add_adversarial(self, result, domain, real, fakes):
    """Adds what logits of real and of each kind of generated pictures give."""
    result.generator[f'adversarial/{domain}'] = (
      self._adversarial_weight
      * _mean([self._adversarial.generator(fake) for fake in fakes])
    )
    result.discriminator[f'discriminator/{domain}'] = _mean(
      [self._adversarial.discriminator(real, fake) for fake in fakes]
    )
    if self._drift_weight:
      result.discriminator[f'drift/{domain}'] = (
        self._drift_weight * losses.drift(real)
      )
    if self._adapts:
      result.observed[f'overfitting/{domain}'] = tf.reduce_mean(
        tf.sign(real - self._adversarial.border)
      )
      result.observed[f'augmentation/{domain}'] = (
        self._augmentation.probability(domain)
      )

  def penalties(
    self,
    discriminators: Mapping[str, Any],
    reals: Mapping[str, tf.Tensor],
    fakes: Mapping[str, tf.Tensor],
    *,
    resolution: int,
    alpha: tf.Tensor,
    seed: tf.Tensor,
  ) -> terms_lib.Terms:
    """The gradient penalty of each domain, scaled for lazy application.

    Args:
      discriminators: as for `compute`.
      reals: as for `compute`.
      fakes: {domain: translations to it}, like `reals`.
      resolution: of the stage, static.
      alpha: how far it is faded in.
      seed: int32 [2], of where the penalty looks.
    """
    scale = self._penalty_weight * self.penalty_interval

    def judge_all(pictures):
      return self._judge(
        discriminators,
        pictures,
        seed,
        resolution=resolution,
        alpha=alpha,
        group=next(iter(pictures.values())).shape[0],
      )

    values = judging.penalize(self._penalty, judge_all, reals, fakes, seed)
    return {f'penalty/{d}': scale * value for d, value in values.items()}

  def after_step(self, terms: terms_lib.Terms, *, images: int) -> None:
    """Adapts the augmentation; see `terms.AbstractObjective.after_step`."""
    if self._adapts:
      self._augmentation.adapt(
        [terms[f'overfitting/{d}'] for d in self._domains], images
      )

  def _judge(self, discriminators, pictures, seed, **stage):
    """Logits of all domains' pictures, augmented first."""
    if self._augmentation:
      # Replicas are given the same seed, and other pictures.
      replica = tf.distribute.get_replica_context().replica_id_in_sync_group
      pictures = {
        domain: self._augmentation(
          images, domain, _fold(_fold(seed, replica), index)
        )
        for index, (domain, images) in enumerate(pictures.items())
      }
    return judging.judge(discriminators, pictures, **stage)


def _fold(seed, number):
  return tf.random.experimental.stateless_fold_in(seed, number)


def _flat(parts):
  """[n, batch, h, w, c] -> [n * batch, h, w, c]."""
  return tf.reshape(parts, [-1, *parts.shape[2:]])


def _mirrored(images):
  return tf.reverse(images, axis=[2])


def _mean(terms):
  return tf.add_n(terms) / len(terms)
