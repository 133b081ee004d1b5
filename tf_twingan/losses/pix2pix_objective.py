"""pix2pix's losses, on true pairs (Isola et al., CVPR 2017, section 3).

  source s --G_t--> translation, like the ground truth in t

A discriminator sees patches of a pair of images: the source with the ground
truth, or with the translation. Both directions are trained at once, and share
nothing.
"""

from collections.abc import Mapping
from typing import Any

import tensorflow as tf

from tf_twingan.losses import (
  adversarial_losses,
  base_objective,
  reconstruction_losses,
)
from tf_twingan.models import twingan, two_generators
from tf_twingan.models.discriminators import patch


class PairedObjective(base_objective.BaseObjective):
  """Weights of the losses; image i of all domains shows the same subject."""

  needs_pairs = True
  model_types = (two_generators.TwoGenerators, twingan.TwinGAN)
  discriminator_types = (patch.PatchDiscriminator,)

  def __init__(
    self,
    *,
    adversarial: str = 'non_saturating',
    adversarial_weight: float = 1.0,
    truth_weight: float = 100.0,
    discriminator_weight: float = 0.5,
  ):
    """Chooses the losses.

    Args:
      adversarial: name of the adversarial loss, a key of
        `adversarial_losses.ADVERSARIAL`.
      adversarial_weight: weight of the generators' adversarial losses.
      truth_weight: weight of L1 between a translation and the ground truth.
      discriminator_weight: weight of the discriminators' losses, which slows
        them down (section 3.3).
    """
    self._adversarial = adversarial_losses.get_adversarial(adversarial)
    self._adversarial_weight = adversarial_weight
    self._truth_weight = truth_weight
    self._discriminator_weight = discriminator_weight

  def compute(
    self,
    model: Any,
    discriminators: Mapping[str, Any],
    reals: Mapping[str, tf.Tensor],
    *,
    resolution: int,
    alpha: tf.Tensor,
    seed: tf.Tensor | None = None,
    shift: int = 1,
  ) -> base_objective.Losses:
    """Computes all losses.

    Args:
      model: a model that translates.
      discriminators: {domain: PatchDiscriminator}, conditional ones.
      reals: {domain: float32 [batch, resolution, resolution, 3] in [-1, 1]};
        image i of all domains shows the same subject.
      resolution: resolution of the images, px; static.
      alpha: how far the stage is faded in, in [0, 1].
      seed: without effect, as nothing here is random.
      shift: domain i is translated to domain i + shift, cyclically; static.
    """
    del seed
    generator, discriminator = {}, {}
    for index, target in enumerate(model.domains):
      source = model.domains[index - shift]
      images, ground_truth = reals[source], reals[target]
      fake = model.translate(
        images,
        source,
        target,
        resolution=resolution,
        alpha=alpha,
        training=True,
      )
      real_logits, fake_logits = tf.split(
        discriminators[target](
          tf.concat([ground_truth, fake], 0),
          resolution=resolution,
          alpha=alpha,
          condition=tf.concat([images, images], 0),
        ),
        2,
      )
      generator[f'truth/{target}'] = (
        self._truth_weight * reconstruction_losses.l1(fake, ground_truth)
      )
      generator[f'adversarial/{target}'] = (
        self._adversarial_weight * self._adversarial.generator(fake_logits)
      )
      discriminator[f'discriminator/{target}'] = (
        self._discriminator_weight
        * self._adversarial.discriminator(real_logits, fake_logits)
      )
    return base_objective.Losses(generator, discriminator)
