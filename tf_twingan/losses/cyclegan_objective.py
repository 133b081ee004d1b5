"""CycleGAN's losses (Zhu et al., ICCV 2017, sections 3, 4 and 5.2).

  source s --G_t--> translation --G_s--> cycle, like the source again
  target t --G_t--> identity, like the target still

Each discriminator sees patches of real images of its domain and of
translations, half of which are earlier ones (`image_pool`). The paper updates
the generators first, but shows the discriminators the translations of before
that update: one pass serves both here, too.
"""

import functools
from collections.abc import Mapping, Sequence
from typing import Any

import tensorflow as tf

from tf_twingan.losses import (
  adversarial_losses,
  base_objective,
  image_pool,
  reconstruction_losses,
)
from tf_twingan.models import twingan, two_generators
from tf_twingan.models.discriminators import patch


class CycleObjective(base_objective.BaseObjective):
  """Weights of the losses; a weight of 0 leaves a loss out."""

  model_types = (two_generators.TwoGenerators, twingan.TwinGAN)
  discriminator_types = (patch.PatchDiscriminator,)

  def __init__(
    self,
    *,
    adversarial: str = 'least_squares',
    adversarial_weight: float = 2.0,
    cycle_weight: float = 10.0,
    identity_weight: float = 5.0,
    pool_size: int = 50,
  ):
    """Chooses the losses.

    Args:
      adversarial: name of the adversarial loss, a key of
        `adversarial_losses.ADVERSARIAL`.
      adversarial_weight: weight of the generators' adversarial losses.
        `adversarial_losses` halves both sides of least squares, the paper only
        the discriminators': 2 is the paper's 1.
      cycle_weight: weight of L1 between x and its translation translated back,
        for each domain.
      identity_weight: weight of L1 between x and what the generator into its
        own domain makes of it; the paper has half of the cycle's.
      pool_size: earlier translations that are kept of each domain; 0 for none.
    """
    if pool_size < 0:
      raise ValueError(
        f'CycleObjective.pool_size is {pool_size}; give the number of '
        'images, or 0 for no pool.'
      )
    self._adversarial = adversarial_losses.get_adversarial(adversarial)
    self._adversarial_weight = adversarial_weight
    self._cycle_weight = cycle_weight
    self._identity_weight = identity_weight
    self._pool_size = pool_size
    self._pools: dict[str, image_pool.ImagePool] = {}

  def build(
    self, domains: Sequence[str], max_resolution: int, *, replicas: int
  ) -> dict[str, Any]:
    """Makes the pools of earlier translations.

    Args:
      domains: names of the domains.
      max_resolution: resolution of the images, px.
      replicas: number of devices that train together.

    Returns:
      Trackable objects by name, for the checkpoint.

    Raises:
      ValueError: several devices would need a pool each.
    """
    if not self._pool_size:
      return {}
    if replicas > 1:
      raise ValueError(
        f'{replicas} devices cannot share a pool of earlier images; set '
        "CycleObjective.pool_size to 0, or train.strategy to 'default'."
      )
    self._pools = {
      d: image_pool.ImagePool(self._pool_size, max_resolution, name=f'pool_{d}')
      for d in domains
    }
    return {'image_pools': self._pools}

  def compute(
    self,
    model: Any,
    discriminators: Mapping[str, Any],
    reals: Mapping[str, tf.Tensor],
    *,
    resolution: int,
    alpha: tf.Tensor,
    seed: tf.Tensor,
    shift: int = 1,
  ) -> base_objective.Losses:
    """Computes all losses.

    Args:
      model: a model that translates.
      discriminators: {domain: PatchDiscriminator}.
      reals: {domain: float32 [batch, resolution, resolution, 3] in [-1, 1]},
        one batch size for all.
      resolution: resolution of the images, px; static.
      alpha: how far the stage is faded in, in [0, 1].
      seed: int32 [2], of the choice from the pools, the only one here.
      shift: domain i is translated to domain i + shift, cyclically; static.
    """
    stage = dict(resolution=resolution, alpha=alpha, training=True)
    domains = model.domains
    sources = {t: domains[i - shift] for i, t in enumerate(domains)}
    generator, discriminator, translations = {}, {}, {}
    for target, source in sources.items():
      inputs = [reals[source]]
      if self._identity_weight:
        inputs.append(reals[target])
      # One call of the generator; no image depends on its neighbours.
      outputs = tf.split(
        model.translate(tf.concat(inputs, 0), source, target, **stage),
        len(inputs),
      )
      translations[target] = outputs[0]
      if self._identity_weight:
        generator[f'identity/{target}'] = (
          self._identity_weight
          * reconstruction_losses.l1(outputs[1], reals[target])
        )
    for index, (target, source) in enumerate(sources.items()):
      fake = translations[target]
      if self._cycle_weight:
        cycle = model.translate(fake, target, source, **stage)
        generator[f'cycle/{source}'] = (
          self._cycle_weight * reconstruction_losses.l1(cycle, reals[source])
        )
      fake_or_earlier = fake
      if self._pools:
        fake_or_earlier = self._pools[target].swap(
          fake, tf.random.experimental.stateless_fold_in(seed, index)
        )
      discriminate = functools.partial(
        discriminators[target], resolution=resolution, alpha=alpha
      )
      generator[f'adversarial/{target}'] = (
        self._adversarial_weight
        * self._adversarial.generator(discriminate(fake))
      )
      # Not in the same call: each half has a backward pass of its own.
      real_logits, fake_logits = tf.split(
        discriminate(tf.concat([reals[target], fake_or_earlier], 0)), 2
      )
      discriminator[f'discriminator/{target}'] = (
        self._adversarial.discriminator(real_logits, fake_logits)
      )
    return base_objective.Losses(generator, discriminator)
