"""What a generator of images from noise is trained to do (PGGAN, 2018).

  noise --generator, in domain d--> image, judged as one of d

Each domain's images are drawn from noise of their own, which is a pure
function of the seed, the step and the device: a resumed training draws what an
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

_NOISE = 1_000  # Folded into a step's seed; augmentation folds in less.


class NoiseObjective(adversarial_objective.AdversarialObjective):
  """Kinds and weights of the losses; by default PGGAN's (appendix A.1)."""

  from_noise = True

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
    """Chooses the terms.

    Args:
      adversarial: a key of `losses.ADVERSARIAL`; the generator's only term.
      penalty: a key of `penalties.PENALTIES`, or 'none'.
      penalty_weight: of the penalty.
      penalty_interval: apply it every this many steps, that many times as
        strongly.
      drift_weight: of the mean square of real logits.
      augmentation: of all that the discriminators see, in penalties, too.

    Raises:
      ValueError: one of these cannot be.
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
    """All terms but the penalty; see `terms.AbstractObjective.compute`.

    Args:
      model: see `models.architectures.Generating`.
      discriminators: see `judging.judge`.
      reals: see there.
      resolution: see there.
      alpha: see there.
      seed: of the noise, and of the augmentation.
      shift: without effect, as nothing is translated.
    """
    del shift
    domains = model.domains
    stage = dict(resolution=resolution, alpha=alpha)
    batch = reals[domains[0]].shape[0]
    drawn = _generate(model, batch, seed, training=True, **stage)
    fakes = dict(zip(domains, tf.split(drawn, len(domains))))
    logits = self._judge(
      discriminators,
      {d: tf.concat([reals[d], fakes[d]], axis=0) for d in domains},
      seed,
      group=batch,
      **stage,
    )
    result = base_objective.Losses({}, {}, fakes=fakes)
    for domain in domains:
      real, fake = tf.split(logits[domain], 2)
      self._add_adversarial(result, domain, real, [fake])
    return result

  def measure(
    self, model: Any, reals: Mapping[str, tf.Tensor], *, seed: tf.Tensor, **mode
  ) -> None:
    """Draws as many as there are real ones; see `AbstractObjective`."""
    _generate(model, reals[model.domains[0]].shape[0], seed, **mode)


def _generate(model, batch, seed, **mode):
  """So many images of each domain; [domains * batch, ...]."""
  seed = tf.random.experimental.stateless_fold_in(
    seeds.replica_seed(seed), _NOISE
  )
  return model.generate(
    model.noise(batch * len(model.domains), seed), model.domains, **mode
  )
