"""One training step: preprocessing, losses, gradient penalty, two updates.

Generator and discriminators share one forward pass: the generator's gradient
and the discriminators' gradient are two backward passes over the same images
and logits, and both are applied at the end.
"""

import dataclasses
from collections.abc import Mapping
from typing import Any

import tensorflow as tf

from tf_twingan import compat
from tf_twingan.losses import base_objective
from tf_twingan.models import spectral_normalization
from tf_twingan.training import accumulation, loss_scale, preprocessing


@dataclasses.dataclass(frozen=True)
class VariableGroup:
  """Weights that are trained by one optimizer.

  Attributes:
    variables: the weights of all stages, of TensorFlow.
    optimizer: their Adam.
  """

  variables: list[Any]
  optimizer: Any


@dataclasses.dataclass(frozen=True)
class Components:
  """What a step reads and updates.

  Attributes:
    model: the model, see `models.registry.Model`.
    ema_model: the same with averaged weights.
    discriminators: {domain: network}, or one network for all domains.
    objective: the losses.
    generator: weights that the generator's losses train.
    discriminator: weights that the discriminators' losses train.
    scale: what losses are multiplied by.
    strategy: the distribution strategy.
    accumulation_parts: number of parts in which a batch goes through the
      networks.
  """

  model: Any
  ema_model: Any
  discriminators: Any
  objective: base_objective.BaseObjective
  generator: VariableGroup
  discriminator: VariableGroup
  scale: loss_scale.LossScale
  strategy: tf.distribute.Strategy
  accumulation_parts: int


def train_step(
  components: Components,
  batch: preprocessing.Batch,
  alpha: tf.Tensor,
  ema_decay: tf.Tensor,
  penalize: tf.Tensor,
  seed: tf.Tensor,
  *,
  resolution: int,
  shift: int,
) -> base_objective.Terms:
  """Updates all networks by one batch, on all replicas.

  Args:
    components: what is updated.
    batch: see `batch_stream.Batches.at`; one for each replica. Its size is a
      multiple of the parts.
    alpha: how far the stage is faded in, a float32 scalar.
    ema_decay: share of the averaged weights that is kept, a float32 scalar.
    penalize: whether the gradient penalty applies, a bool scalar.
    seed: int32 [2], of everything that is random.
    resolution: resolution of the stage, px; static.
    shift: domain i is translated to domain i + shift, cyclically; static.

  Returns:
    {name: float32 scalar}: all losses, weighted, as means over replicas.
  """
  c = components
  replicas = c.strategy.num_replicas_in_sync
  stage_arguments = dict(resolution=resolution, alpha=alpha)
  # Gradients are summed over replicas and parts, losses are means: divide once.
  loss_factor = c.scale.value / (replicas * c.accumulation_parts)

  def losses_and_gradients(batch, seed):
    """All losses; (gradient, variable) pairs of generator, discriminators."""
    reals = preprocessing.real_images(batch, c.model.domains, alpha)
    extra = {}
    if c.objective.needs_vectors:
      extra = {'vectors': preprocessing.vectors(batch, c.model.domains)}

    with tf.GradientTape(persistent=True) as tape:
      losses = c.objective.compute(
        c.model,
        c.discriminators,
        reals,
        seed=seed,
        shift=shift,
        **stage_arguments,
        **extra,
      )
      generator_loss = loss_factor * _sum(losses.generator)
      discriminator_loss = loss_factor * _sum(losses.discriminator)
    generator = _gradients(tape, generator_loss, c.generator.variables)
    discriminator = _gradients(
      tape, discriminator_loss, c.discriminator.variables
    )
    del tape
    terms = {**losses.generator, **losses.discriminator, **losses.observed}

    if c.objective.penalty_interval:
      active_variables = [variable for _, variable in discriminator]

      def penalty():
        with tf.GradientTape() as tape:
          penalties = c.objective.penalties(
            c.discriminators, reals, losses.fakes, seed=seed, **stage_arguments
          )
          loss = loss_factor * _sum(penalties)
        return penalties, tape.gradient(
          loss, active_variables, unconnected_gradients='zero'
        )

      def no_penalty():
        return (
          {f'penalty/{d}': tf.constant(0.0) for d in c.model.domains},
          [tf.zeros_like(v) for v in active_variables],
        )

      penalties, gradients = tf.cond(penalize, penalty, no_penalty)
      terms.update(penalties)
      discriminator = [
        (loss_gradient + penalty_gradient, variable)
        for (loss_gradient, variable), penalty_gradient in zip(
          discriminator, gradients
        )
      ]
    return terms, (generator, discriminator)

  def update(batch, seed):
    """Applies the gradients of this replica's batch, summed over replicas."""
    if c.accumulation_parts == 1:
      terms, gradients = losses_and_gradients(batch, seed)
    else:
      terms, gradients = accumulation.sum_over_parts(
        losses_and_gradients,
        batch,
        seed,
        parts=c.accumulation_parts,
        replicas=replicas,
        variables=[*c.generator.variables, *c.discriminator.variables],
      )
    finite = tf.constant(1.0)
    if c.scale.active:
      gradients, finite = c.scale.unscale(gradients, replicas)
    for group, pairs in zip((c.generator, c.discriminator), gradients):
      # Distillation trains no discriminators.
      if pairs:
        group.optimizer.apply_gradients(pairs)
    return terms, finite

  def mean(value):
    return c.strategy.reduce(tf.distribute.ReduceOp.MEAN, value, axis=None)

  images = accumulation.check_batch(
    c.strategy, batch[c.model.domains[0]], c.accumulation_parts, resolution
  )
  terms, finite = c.strategy.run(update, (batch, seed))
  terms = {name: mean(value) for name, value in terms.items()}
  c.objective.after_step(terms, images=images)
  _update_ema(c, ema_decay)
  spectral_normalization.power_iteration_step(
    [c.model, c.ema_model, *tf.nest.flatten(c.discriminators)], c.strategy
  )
  if c.scale.active:
    c.scale.follow(mean(finite) == 1)
  return terms


def _gradients(tape, loss, variables):
  """(gradient, variable) pairs, of the blocks that ran."""
  pairs = zip(tape.gradient(loss, variables), variables)
  return [(gradient, v) for gradient, v in pairs if gradient is not None]


def _sum(losses: Mapping[str, tf.Tensor]) -> tf.Tensor:
  # Distillation has no discriminators' losses.
  return tf.add_n(list(losses.values())) if losses else tf.constant(0.0)


def _update_ema(components, decay):
  def update(average, weight):
    average.assign(weight + (average - weight) * decay)

  for average, weight in zip(
    compat.tf_variables(components.ema_model.trainable_variables),
    compat.tf_variables(components.model.trainable_variables),
  ):
    components.strategy.extended.update(average, update, args=(weight,))
