"""What discriminators and those that they judge are trained to do.

The part that objectives of translations and of images from noise have in
common: adversarial terms, drift, gradient penalties and augmentation, for
each domain.
"""

from collections.abc import Mapping, Sequence
from typing import Any

import tensorflow as tf

from tf_twingan.losses import (
  adversarial_losses,
  base_objective,
  discriminator_logits,
  gradient_penalties,
  image_augmentation,
  seeds,
)


class AdversarialObjective(base_objective.BaseObjective):
  """The terms of discriminators; subclasses say what is generated."""

  can_share_discriminator = True

  def __init__(
    self,
    *,
    adversarial: str,
    adversarial_weight: float,
    penalty: str,
    penalty_weight: float,
    penalty_interval: int,
    drift_weight: float,
    augmentation: image_augmentation.Augmentation | None,
  ):
    """Chooses the terms.

    Args:
      adversarial: a key of `losses.ADVERSARIAL`.
      adversarial_weight: of the generator's adversarial term.
      penalty: a key of `penalties.PENALTIES`, or 'none'.
      penalty_weight: of the penalty.
      penalty_interval: apply it every this many steps, that many times as
        strongly.
      drift_weight: of the mean square of real logits.
      augmentation: of all that the discriminators see, in penalties, too.

    Raises:
      ValueError: one of these cannot be.
    """
    name = type(self).__name__
    if penalty_interval < 1:
      raise ValueError(
        f'{name}.penalty_interval is {penalty_interval}; at least 1.'
      )
    self._penalty = gradient_penalties.get_penalty(penalty)
    self.penalty_interval = penalty_interval if self._penalty else 0
    self._adversarial = adversarial_losses.get_adversarial(adversarial)
    self._adversarial_weight = adversarial_weight
    self._penalty_weight = penalty_weight
    self._drift_weight = drift_weight
    self._augmentation = augmentation
    self._adapts = augmentation is not None and augmentation.adapts
    if self._adapts and self._adversarial.border is None:
      raise ValueError(
        f'Augmentation.target is set, but the logits of {adversarial!r} do '
        'not say what is taken for real; set it to None, or choose another '
        f'{name}.adversarial.'
      )

  def build(
    self, domains: Sequence[str], max_resolution: int, *, replicas: int
  ) -> dict[str, Any]:
    """Makes what the augmentation remembers; see `AbstractObjective.build`."""
    del max_resolution, replicas
    self._domains = tuple(domains)
    return self._augmentation.build(domains) if self._augmentation else {}

  def _add_adversarial(self, result, domain, real, fakes):
    """Adds what logits of real and of each kind of generated images give."""
    result.generator[f'adversarial/{domain}'] = (
      self._adversarial_weight
      * _mean([self._adversarial.generator(fake) for fake in fakes])
    )
    result.discriminator[f'discriminator/{domain}'] = _mean(
      [self._adversarial.discriminator(real, fake) for fake in fakes]
    )
    if self._drift_weight:
      result.discriminator[f'drift/{domain}'] = (
        self._drift_weight * adversarial_losses.drift(real)
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
    discriminators: Any,
    reals: Mapping[str, tf.Tensor],
    fakes: Mapping[str, tf.Tensor],
    *,
    resolution: int,
    alpha: tf.Tensor,
    seed: tf.Tensor,
  ) -> base_objective.Terms:
    """The gradient penalty of each domain, scaled for lazy application.

    Args:
      discriminators: as for `compute`.
      reals: as for `compute`.
      fakes: {domain: generated images}, like `reals`.
      resolution: of the stage, static.
      alpha: how far it is faded in.
      seed: int32 [2], of where the penalty looks.
    """
    scale = self._penalty_weight * self.penalty_interval

    def judge_all(images):
      return self._judge(
        discriminators,
        images,
        seed,
        resolution=resolution,
        alpha=alpha,
        group=next(iter(images.values())).shape[0],
      )

    values = discriminator_logits.gradient_penalty(
      self._penalty, judge_all, reals, fakes, seed
    )
    return {f'penalty/{d}': scale * value for d, value in values.items()}

  def after_step(self, terms: base_objective.Terms, *, images: int) -> None:
    """Adapts the augmentation; see `terms.AbstractObjective.after_step`."""
    if self._adapts:
      self._augmentation.adapt(
        [terms[f'overfitting/{d}'] for d in self._domains], images
      )

  def _judge(self, discriminators, images, seed, **stage):
    """Logits of all domains' images, augmented first."""
    if self._augmentation:
      own = seeds.domain_seeds(seed, images)
      images = {
        domain: self._augmentation(part, domain, own[domain])
        for domain, part in images.items()
      }
    return discriminator_logits.discriminator_logits(
      discriminators, images, **stage
    )


def _mean(terms):
  return tf.add_n(terms) / len(terms)
