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
from tf_twingan.training import terms as terms_lib


@gin.register
class Objective(terms_lib.AbstractObjective):
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
    penalty: str = 'dragan',
    penalty_weight: float = 0.25,
    penalty_interval: int = 1,
  ):
    """Chooses the terms.

    Args:
      adversarial: 'non_saturating', 'hinge' or 'least_squares'.
      adversarial_weight: of the generator's adversarial term.
      adversarial_on_reconstructions_from: the resolution, px, from which the
        discriminators judge reconstructions too; None for never.
      reconstruction_weight: of L1 between x and its reconstruction.
      content_weight: of L1 between the content codes of x and of its
        translation (semantic consistency).
      cycle_weight: of L1 between x and its translation translated back
        (Zhu et al., CycleGAN, 2017).
      penalty: 'r1', 'dragan' or 'none'.
      penalty_weight: of the penalty.
      penalty_interval: apply it every this many steps, that many times as
        strongly (lazy regularization: Karras et al., StyleGAN2, 2020,
        appendix B).
    """
    if penalty not in losses.PENALTIES:
      raise ValueError(
        f'Unknown penalty {penalty!r}; choose one of '
        f'{", ".join(losses.PENALTIES)}.'
      )
    if penalty_interval < 1:
      raise ValueError(f'penalty_interval is {penalty_interval}; at least 1.')
    self.penalty_interval = 0 if penalty == 'none' else penalty_interval
    self._adversarial = losses.adversarial(adversarial)
    self._adversarial_weight = adversarial_weight
    self._reconstructions_from = adversarial_on_reconstructions_from
    self._reconstruction_weight = reconstruction_weight
    self._content_weight = content_weight
    self._cycle_weight = cycle_weight
    self._penalty = penalty
    self._penalty_weight = penalty_weight

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
      discriminators: {domain: Discriminator}.
      reals: {domain: float32 [batch, resolution, resolution, 3]}, one batch
        size for all.
      resolution: of the stage, static.
      alpha: how far it is faded in.
      seed: without effect, as nothing here is drawn at random.
      shift: domain i is translated to domain i + shift, cyclically; static.
    """
    del seed
    domains, count = model.domains, len(model.domains)
    stage = dict(resolution=resolution, alpha=alpha, training=True)
    drawn = model.reconstruct_and_translate(reals, shift=shift, **stage)
    generator = {}
    if self._reconstruction_weight:
      generator['reconstruction'] = self._reconstruction_weight * losses.l1(
        drawn.inputs, _flat(drawn.reconstructions)
      )
    if self._content_weight or self._cycle_weight:
      # Generated pictures are normalized by the statistics of real ones, and
      # leave them as they are: those are what inference will use.
      stage['statistics_update'] = 0.0
      again = model.encode(_flat(drawn.translations), domains, **stage)
      # Source s was drawn in domain s + shift.
      again = again.take([(s + shift) % count for s in range(count)], count)
      if self._content_weight:
        generator['content'] = self._content_weight * losses.l1(
          drawn.encoding.content, again.content
        )
      if self._cycle_weight:
        generator['cycle'] = self._cycle_weight * losses.l1(
          drawn.inputs, model.decode(again, domains, **stage)
        )
    discriminator = {}
    for index, domain in enumerate(domains):
      judged = [reals[domain], drawn.translations[index]]
      if (
        self._reconstructions_from is not None
        and resolution >= self._reconstructions_from
      ):
        judged.append(drawn.reconstructions[index])
      real, *fakes = tf.split(
        discriminators[domain](
          tf.concat(judged, axis=0),
          resolution=resolution,
          alpha=alpha,
          group=reals[domain].shape[0],
        ),
        len(judged),
      )
      generator[f'adversarial/{domain}'] = self._adversarial_weight * _mean(
        [self._adversarial.generator(fake) for fake in fakes]
      )
      discriminator[f'discriminator/{domain}'] = _mean(
        [self._adversarial.discriminator(real, fake) for fake in fakes]
      )
    return terms_lib.Losses(generator, discriminator)

  def penalties(
    self,
    discriminators: Mapping[str, Any],
    reals: Mapping[str, tf.Tensor],
    *,
    resolution: int,
    alpha: tf.Tensor,
    seed: tf.Tensor,
  ) -> terms_lib.Terms:
    """The gradient penalty of each domain, scaled for lazy application.

    Args:
      discriminators: as for `compute`.
      reals: as for `compute`.
      resolution: of the stage, static.
      alpha: how far it is faded in.
      seed: int32 [2], of DRAGAN's noise.
    """
    scale = self._penalty_weight * self.penalty_interval
    terms = {}
    for domain, discriminator in discriminators.items():
      real = reals[domain]

      def critic(images, discriminator=discriminator):
        return discriminator(
          images, resolution=resolution, alpha=alpha, group=images.shape[0]
        )

      value = (
        losses.r1(critic, real)
        if self._penalty == 'r1'
        else losses.dragan(critic, real, seed)
      )
      terms[f'penalty/{domain}'] = scale * value
    return terms


def _flat(parts):
  """[n, batch, h, w, c] -> [n * batch, h, w, c]."""
  return tf.reshape(parts, [-1, *parts.shape[2:]])


def _mean(terms):
  return tf.add_n(terms) / len(terms)
