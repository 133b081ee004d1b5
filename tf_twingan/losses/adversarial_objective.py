"""Adversarial, drift and gradient-penalty losses, with augmentation.

The part that objectives of translations (`twingan_objective`) and of images
from noise (`pggan_objective`) have in common.
"""

from collections.abc import Mapping, Sequence
from typing import Any

import tensorflow as tf

from tf_twingan.losses import (
  adversarial_losses,
  base_objective,
  gradient_penalties,
  image_augmentation,
  seeds,
)
from tf_twingan.models.discriminators import progressive


class AdversarialObjective(base_objective.BaseObjective):
  """The losses of progressive discriminators; subclasses generate images."""

  discriminator_types = (progressive.Discriminator,)
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
    """Chooses the losses.

    Args:
      adversarial: name of the adversarial loss, a key of
        `adversarial_losses.ADVERSARIAL`.
      adversarial_weight: weight of the generator's adversarial loss.
      penalty: name of the gradient penalty, a key of
        `gradient_penalties.PENALTIES`, or 'none'.
      penalty_weight: weight of the penalty.
      penalty_interval: apply the penalty every this many steps, that many times
        as strongly.
      drift_weight: weight of the mean square of real logits.
      augmentation: changes all images that the discriminators see, in
        penalties, too; None for none.

    Raises:
      ValueError: a value is impossible.
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
    if self._adapts and self._adversarial.decision_threshold is None:
      raise ValueError(
        f'Augmentation.target is set, but the logits of {adversarial!r} do '
        'not say what is taken for real; set it to None, or choose another '
        f'{name}.adversarial.'
      )

  def build(
    self, domains: Sequence[str], max_resolution: int, *, replicas: int
  ) -> dict[str, Any]:
    """Makes the variables of an adaptive augmentation.

    Args:
      domains: names of the domains.
      max_resolution: without effect.
      replicas: without effect.

    Returns:
      Trackable objects by name, for the checkpoint.
    """
    del max_resolution, replicas
    self._domains = tuple(domains)
    return self._augmentation.build(domains) if self._augmentation else {}

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
    """Computes each domain's gradient penalty, scaled for lazy application.

    Args:
      discriminators: {domain: network}, or one network for all domains.
      reals: {domain: float32 [batch, resolution, resolution, 3] in [-1, 1]}.
      fakes: {domain: generated images}, like `reals`.
      resolution: resolution of the stage, px; static.
      alpha: how far the stage is faded in, in [0, 1].
      seed: int32 [2], of the points and of the augmentation.
    """
    lazy_weight = self._penalty_weight * self.penalty_interval

    def discriminate(images):
      # What a discriminator sees of an image, such as an augmented one, is
      # what it is penalized for.
      return self._logits(
        discriminators,
        images,
        seed,
        resolution=resolution,
        alpha=alpha,
        group=next(iter(images.values())).shape[0],
      )

    values = self._penalty(
      discriminate,
      reals,
      fakes,
      seeds.domain_seeds(seed, reals, seeds.Stream.PENALTY_POINTS),
    )
    return {f'penalty/{d}': lazy_weight * value for d, value in values.items()}

  def after_step(self, terms: base_objective.Terms, *, images: int) -> None:
    """Adapts the augmentation.

    Args:
      terms: all that `compute` named, as means over the replicas.
      images: number of images of each domain in the step, over all replicas.
    """
    if self._adapts:
      self._augmentation.adapt(
        [terms[f'overfitting/{d}'] for d in self._domains], images
      )

  def _logits(self, discriminators, images, seed, **stage):
    """Logits of all domains' images, augmented first."""
    if self._augmentation:
      domain_seeds = seeds.domain_seeds(seed, images, seeds.Stream.AUGMENTATION)
      images = {
        domain: self._augmentation(part, domain, domain_seeds[domain])
        for domain, part in images.items()
      }
    return discriminator_logits(discriminators, images, **stage)

  def _add_regularization(self, losses, domain, real_logits):
    """Adds the drift loss, and what an adaptive augmentation goes by."""
    if self._drift_weight:
      losses.discriminator[f'drift/{domain}'] = (
        self._drift_weight * adversarial_losses.drift(real_logits)
      )
    if self._adapts:
      losses.observed[f'overfitting/{domain}'] = tf.reduce_mean(
        tf.sign(real_logits - self._adversarial.decision_threshold)
      )
      losses.observed[f'augmentation/{domain}'] = (
        self._augmentation.probability(domain)
      )


def discriminator_logits(
  discriminators: Any,
  images: Mapping[str, tf.Tensor],
  *,
  resolution: int,
  alpha: tf.Tensor,
  group: int,
) -> dict[str, tf.Tensor]:
  """Computes the logits of every domain's images.

  Args:
    discriminators: {domain: Discriminator}, or one for all domains, which then
      sees all images in one pass.
    images: {domain: [images, resolution, resolution, 3] in [-1, 1]}, equally
      many of each.
    resolution: resolution of the stage, px; static.
    alpha: how far the stage is faded in, in [0, 1].
    group: number of images that belong together, static; the minibatch standard
      deviation never mixes two groups, see `Discriminator.call`.

  Returns:
    {domain: float32 [images]}.
  """
  stage = dict(resolution=resolution, alpha=alpha, group=group)
  if isinstance(discriminators, Mapping):
    return {d: discriminators[d](p, **stage) for d, p in images.items()}
  domains = list(images)
  packed = tf.concat([images[d] for d in domains], axis=0)
  logits = discriminators(packed, domains=domains, **stage)
  return dict(zip(domains, tf.split(logits, len(domains))))


def mean(terms: Sequence[tf.Tensor]) -> tf.Tensor:
  """The mean of some scalars, each of one kind of generated images."""
  return tf.add_n(list(terms)) / len(terms)
