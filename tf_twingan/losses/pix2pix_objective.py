"""pix2pix's losses, on true pairs (Isola et al., CVPR 2017, section 3).

  source s --G_t--> translation, like the true image in t

A discriminator judges patches of a pair: the source with the true image, or
with the translation. Both directions are trained at once, and share nothing.
"""

from collections.abc import Mapping
from typing import Any

import tensorflow as tf

from tf_twingan.losses import (
  adversarial_losses,
  base_objective,
  reconstruction_losses,
)


class PairedObjective(base_objective.BaseObjective):
  """Weights of the losses; image i of all domains shows the same."""

  needs_pairs = True

  def __init__(
    self,
    *,
    adversarial: str = 'non_saturating',
    adversarial_weight: float = 1.0,
    truth_weight: float = 100.0,
    discriminator_weight: float = 0.5,
  ):
    """Chooses the terms.

    Args:
      adversarial: a key of `losses.ADVERSARIAL`.
      adversarial_weight: of the generators' adversarial terms.
      truth_weight: of L1 between a translation and the true image.
      discriminator_weight: of the discriminators' terms, which slows them
        down (section 3.3).
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
    """All terms; see `terms.AbstractObjective.compute`.

    Args:
      model: see there.
      discriminators: {domain: PatchDiscriminator}, conditional ones.
      reals: see there; rows are pairs.
      resolution: of the images, static.
      alpha: see there.
      seed: without effect, as nothing here is drawn at random.
      shift: see there.
    """
    del seed
    generator, discriminator = {}, {}
    for index, target in enumerate(model.domains):
      source = model.domains[index - shift]
      given, truth = reals[source], reals[target]
      fake = model.translate(
        given, source, target, resolution=resolution, alpha=alpha, training=True
      )
      real, judged = tf.split(
        discriminators[target](
          tf.concat([truth, fake], 0),
          resolution=resolution,
          alpha=alpha,
          condition=tf.concat([given, given], 0),
        ),
        2,
      )
      generator[f'truth/{target}'] = (
        self._truth_weight * reconstruction_losses.l1(fake, truth)
      )
      generator[f'adversarial/{target}'] = (
        self._adversarial_weight * self._adversarial.generator(judged)
      )
      discriminator[f'discriminator/{target}'] = (
        self._discriminator_weight
        * self._adversarial.discriminator(real, judged)
      )
    return base_objective.Losses(generator, discriminator)
