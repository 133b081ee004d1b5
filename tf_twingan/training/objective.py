"""What the networks are trained to do: every loss, named, in one place.

All domains go through each network in one packed call. With three or more
domains, each source is paired with one target a step: the domain `shift`
places further on.

  source s --encode--> code, skips --decode as s--> reconstruction
                                   --decode as t--> translation
  translation --encode as t--> code' (content), --decode as s--> cycle
"""

from collections.abc import Mapping
from typing import Any

import tensorflow as tf

import gin
from tf_twingan import losses
from tf_twingan.training import adversarial_objective
from tf_twingan.training import augmentation as augmentation_lib
from tf_twingan.training import terms as terms_lib


@gin.register
class Objective(adversarial_objective.AdversarialObjective):
  """Weights and kinds of the losses; a weight of 0 leaves a term out."""

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
  ) -> terms_lib.Losses:
    """All terms but the penalty, from one pass through the networks.

    Args:
      model: the TwinGAN.
      discriminators: see `judging.judge`.
      reals: {domain: float32 [batch, resolution, resolution, 3]}, one batch
        size for all.
      resolution: of the stage, static.
      alpha: how far it is faded in.
      seed: int32 [2], of the augmentation; None is enough without.
      shift: domain i is translated to domain i + shift, cyclically; static.
    """
    domains, count = model.domains, len(model.domains)
    stage = dict(resolution=resolution, alpha=alpha, training=True)
    drawn = model.reconstruct_and_translate(reals, shift=shift, **stage)
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
          drawn.inputs, model.decode(again, domains, **still)
        )
    if self._mirror_weight:
      # All pictures, not some: a batch that is mirrored as a whole has the
      # same moments, so that the norm is no reason for a difference.
      seen = model.encode(_mirrored(drawn.inputs), domains, **still)
      generator['mirror'] = self._mirror_weight * losses.l1(
        _mirrored(_flat(drawn.translations)),
        model.decode(seen.take(sources, count), domains, **still),
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


def _flat(parts):
  """[n, batch, h, w, c] -> [n * batch, h, w, c]."""
  return tf.reshape(parts, [-1, *parts.shape[2:]])


def _mirrored(images):
  return tf.reverse(images, axis=[2])
