"""CycleGAN's losses (Zhu et al., ICCV 2017, sections 3, 4 and 5.2).

  source s --G_t--> translation --G_s--> cycle, like the source again
  target t --G_t--> identity, like the target still

Each discriminator judges the patches of real images of its domain and of
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


class CycleObjective(base_objective.BaseObjective):
  """Weights of the losses; a weight of 0 leaves a term out."""

  def __init__(
    self,
    *,
    adversarial: str = 'least_squares',
    adversarial_weight: float = 2.0,
    cycle_weight: float = 10.0,
    identity_weight: float = 5.0,
    pool_size: int = 50,
  ):
    """Chooses the terms.

    Args:
      adversarial: a key of `losses.ADVERSARIAL`.
      adversarial_weight: of the generators' adversarial terms. `losses` halves
        both sides of least squares, the paper only the discriminators': 2 is
        the paper's 1.
      cycle_weight: of L1 between x and its translation translated back, for
        each domain.
      identity_weight: of L1 between x and what the generator into its own
        domain makes of it; the paper has half of the cycle's.
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
    """Makes the pools; see `terms.AbstractObjective.build`.

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
    """All terms; see `terms.AbstractObjective.compute`.

    Args:
      model: see there; of two domains.
      discriminators: {domain: PatchDiscriminator}.
      reals: see there.
      resolution: of the images, static.
      alpha: see there.
      seed: of what is taken from the pools.
      shift: 1, as there is but one other domain.
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
      drawn = tf.split(
        model.translate(tf.concat(inputs, 0), source, target, **stage),
        len(inputs),
      )
      translations[target] = drawn[0]
      if self._identity_weight:
        generator[f'identity/{target}'] = (
          self._identity_weight
          * reconstruction_losses.l1(drawn[1], reals[target])
        )
    for index, (target, source) in enumerate(sources.items()):
      fake = translations[target]
      if self._cycle_weight:
        back = model.translate(fake, target, source, **stage)
        generator[f'cycle/{source}'] = (
          self._cycle_weight * reconstruction_losses.l1(back, reals[source])
        )
      shown = fake
      if self._pools:
        shown = self._pools[target].swap(
          fake, tf.random.experimental.stateless_fold_in(seed, index)
        )
      logits = functools.partial(
        discriminators[target], resolution=resolution, alpha=alpha
      )
      generator[f'adversarial/{target}'] = (
        self._adversarial_weight * self._adversarial.generator(logits(fake))
      )
      # Apart from the former: each side has a backward pass of its own.
      real, past = tf.split(logits(tf.concat([reals[target], shown], 0)), 2)
      discriminator[f'discriminator/{target}'] = (
        self._adversarial.discriminator(real, past)
      )
    return base_objective.Losses(generator, discriminator)
