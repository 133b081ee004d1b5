"""PGGAN's losses, of images generated from noise (Karras et al. 2018).

  latent vectors --generator, in domain d--> images, like real ones of d

Each domain's images have latent vectors of their own, which are a pure function
of the seed, the step and the replica: a resumed training generates what an
undisturbed one would.
"""

from collections.abc import Mapping
from typing import Any

import tensorflow as tf

from tf_twingan.losses import (
  adversarial_objective,
  base_objective,
  image_augmentation,
  seeds,
)
from tf_twingan.models import pggan


class NoiseObjective(adversarial_objective.AdversarialObjective):
  """Kinds and weights of the losses; by default PGGAN's (appendix A.1)."""

  model_types = (pggan.ProgressiveGAN,)

  def __init__(
    self,
    *,
    adversarial: str = 'wasserstein',
    penalty: str = 'wgan_gp',
    penalty_weight: float = 10.0,
    penalty_interval: int = 1,
    drift_weight: float = 1e-3,
    augmentation: image_augmentation.Augmentation | None = None,
  ):
    """Chooses the losses.

    Args:
      adversarial: name of the adversarial loss, a key of
        `adversarial_losses.ADVERSARIAL`; the generator's only loss.
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
    super().__init__(
      adversarial=adversarial,
      adversarial_weight=1.0,
      penalty=penalty,
      penalty_weight=penalty_weight,
      penalty_interval=penalty_interval,
      drift_weight=drift_weight,
      augmentation=augmentation,
    )

  def compute(
    self,
    model: Any,
    discriminators: Any,
    reals: Mapping[str, tf.Tensor],
    *,
    resolution: int,
    alpha: tf.Tensor,
    seed: tf.Tensor,
    shift: int = 1,
  ) -> base_objective.Losses:
    """Computes all losses but the penalty.

    Args:
      model: the ProgressiveGAN.
      discriminators: {domain: Discriminator}, or one for all domains.
      reals: {domain: float32 [batch, resolution, resolution, 3] in [-1, 1]},
        one batch size for all.
      resolution: resolution of the stage, px; static.
      alpha: how far the stage is faded in, in [0, 1].
      seed: int32 [2], of the latent vectors and of the augmentation.
      shift: without effect, as nothing is translated.
    """
    del shift
    domains = model.domains
    stage = dict(resolution=resolution, alpha=alpha)
    batch = reals[domains[0]].shape[0]
    images = _generate(model, batch, seed, training=True, **stage)
    fakes = dict(zip(domains, tf.split(images, len(domains))))
    logits = self._logits(
      discriminators,
      {d: tf.concat([reals[d], fakes[d]], axis=0) for d in domains},
      seed,
      group=batch,
      **stage,
    )
    losses = base_objective.Losses({}, {}, fakes=fakes)
    for domain in domains:
      real, fake = tf.split(logits[domain], 2)
      losses.generator[f'adversarial/{domain}'] = (
        self._adversarial_weight
        * adversarial_objective.mean([self._adversarial.generator(fake)])
      )
      losses.discriminator[f'discriminator/{domain}'] = (
        adversarial_objective.mean(
          [self._adversarial.discriminator(real, fake)]
        )
      )
      self._add_regularization(losses, domain, real)
    return losses

  def update_norm_statistics(
    self, model: Any, reals: Mapping[str, tf.Tensor], *, seed: tf.Tensor, **mode
  ) -> None:
    """Generates as many images as there are real ones, for norms to measure.

    Args:
      model: the ProgressiveGAN.
      reals: {domain: real images}, of which only the number counts.
      seed: int32 [2], of the latent vectors.
      **mode: arguments of `model.generate`: resolution, alpha, training,
        statistics_update.
    """
    _generate(model, reals[model.domains[0]].shape[0], seed, **mode)


def _generate(model, batch, seed, **mode):
  """As many images of each domain as `batch` says; [domains * batch, ...]."""
  seed = seeds.stream_seed(seeds.replica_seed(seed), seeds.Stream.LATENTS)
  return model.generate(
    model.noise(batch * len(model.domains), seed), model.domains, **mode
  )
