"""Networks, optimizers, EMA and objective: everything that training changes.

Every variable of every stage is made in the constructor, under the strategy,
so checkpoints of all stages have one shape. A step is traced once for each
resolution and pairing of domains; how far a stage is faded in, the decay of the
EMA and whether the gradient penalty applies are tensors. What a step does is in
`train_step`.
"""

import functools
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import keras
import numpy as np
import tensorflow as tf

from tf_twingan import compat
from tf_twingan.losses import base_objective
from tf_twingan.models import named_weights, registry
from tf_twingan.runs import divergence
from tf_twingan.training import (
  accumulation,
  batch_norm_calibration,
  loss_scale,
  train_step,
)


class Trainer:
  """Owns all that a step changes, and changes it.

  Attributes:
    strategy: the distribution strategy.
    model: the network being trained.
    ema_model: a network of the same kind with the exponential moving average
      (EMA) of the model's weights: what is used afterwards (Karras et al. 2018,
      section 4).
    discriminators: {domain: discriminator of its images}, or the one for the
      images of all domains.
    objective: the losses.
    generator_variables: weights that the generator's losses train.
    discriminator_variables: weights that the discriminators' losses train.
    generator_adam: the optimizer of the former.
    discriminator_adam: the optimizer of the latter.
    state: what a checkpoint must hold, by name.
  """

  def __init__(
    self,
    domains: Sequence[str],
    max_resolution: int,
    *,
    model: Callable[..., registry.Model],
    discriminator: Callable[..., Any],
    objective: base_objective.BaseObjective,
    strategy: tf.distribute.Strategy,
    learning_rate: float = 1e-4,
    discriminator_learning_rate: float = 1e-4,
    shared_discriminator: bool = False,
    beta_1: float = 0.0,
    beta_2: float = 0.99,
    average_half_life: int = 10_000,
    average_warm_up: float = 0.2,
    accumulate: int = 1,
    seed: int = 0,
    vector_sizes: Mapping[str, int] | None = None,
  ):
    """Builds networks and optimizers under the strategy.

    Args:
      domains: names of the domains.
      max_resolution: resolution of the last stage, px.
      model: makes a network from (domains, max_resolution=); a class and not a
        network, so that it is made under the strategy.
      discriminator: makes a discriminator from (max_resolution, precision=,
        name=); if it is to be shared, from domains=, too.
      objective: the losses.
      strategy: the distribution strategy.
      learning_rate: Adam's, for encoder and generator.
      discriminator_learning_rate: Adam's, for the discriminators. Two rates
        for one step of each stand in for several steps of one of them, and
        need not be equal to converge (Heusel et al., "GANs Trained by a Two
        Time-Scale Update Rule", 2017, section 2).
      shared_discriminator: one discriminator for the images of all domains, see
        `models.discriminators.progressive`, rather than one each.
      beta_1: Adam's decay of the mean.
      beta_2: Adam's decay of the square.
      average_half_life: half-life of the EMA of the weights, images.
      average_warm_up: the half-life is at most this share of the images seen
        in the current stage, so that new blocks are averaged from their own
        start and not from noise.
      accumulate: number of parts in which a batch goes through the networks,
        one after another, before the mean of their gradients is applied: less
        memory. See `accumulation` for what then looks at a part only.
      seed: seed of all random numbers in a step.
      vector_sizes: {domain: numbers in a vector} of those whose images carry
        vectors, for objectives that need them.

    Raises:
      ValueError: a value is impossible, or model, discriminator and objective
        do not fit together.
    """
    accumulation.check_parts(accumulate)
    self.strategy = strategy
    self.objective = objective
    self._half_life = average_half_life
    self._warm_up = average_warm_up
    self._parts = accumulate
    self._seed = seed
    self._rates = (1.0, 1.0)  # Of the optimizers, below.
    self._traced_steps: dict[Any, Any] = {}
    adam = functools.partial(
      keras.optimizers.Adam, beta_1=beta_1, beta_2=beta_2
    )
    with strategy.scope():
      self.model = model(domains, max_resolution=max_resolution)
      self.ema_model = model(domains, max_resolution=max_resolution)
      precision = self.model.get_config()['precision']
      make_discriminator = functools.partial(
        discriminator, max_resolution, precision=precision
      )
      if shared_discriminator:
        self.discriminators = make_discriminator(
          domains=self.model.domains, name='discriminator'
        )
      else:
        self.discriminators = {
          d: make_discriminator(name=f'discriminator_{d}')
          for d in self.model.domains
        }
      objective.check(self.model, self.discriminators)
      objective_state = objective.build(
        self.model.domains,
        max_resolution,
        replicas=strategy.num_replicas_in_sync,
      )
      if objective.needs_vectors:
        objective_state |= objective.build_for_vectors(
          self.model, vector_sizes or {}
        )
      self.generator_variables = compat.tf_variables(
        [*self.model.trainable_variables, *objective.trainable_variables]
      )
      self.discriminator_variables = compat.tf_variables(
        v
        for network in tf.nest.flatten(self.discriminators)
        for v in network.trainable_variables
      )
      with compat.keras_defaults():
        self.generator_adam = adam(learning_rate=learning_rate)
        self.discriminator_adam = adam(
          learning_rate=discriminator_learning_rate
        )
        self.generator_adam.build(self.generator_variables)
        self.discriminator_adam.build(self.discriminator_variables)
      self.loss_scale = loss_scale.LossScale(precision)
      for average, weight in zip(
        compat.tf_variables(self.ema_model.variables),
        compat.tf_variables(self.model.variables),
      ):
        average.assign(weight)
    self._optimizers = (
      (self.generator_adam, learning_rate),
      (self.discriminator_adam, discriminator_learning_rate),
    )
    self._components = train_step.Components(
      model=self.model,
      ema_model=self.ema_model,
      discriminators=self.discriminators,
      objective=objective,
      generator=train_step.VariableGroup(
        self.generator_variables, self.generator_adam
      ),
      discriminator=train_step.VariableGroup(
        self.discriminator_variables, self.discriminator_adam
      ),
      scale=self.loss_scale,
      strategy=strategy,
      accumulation_parts=accumulate,
    )
    self._calibrator = batch_norm_calibration.BatchNormCalibrator(
      self.ema_model, self.model, objective, strategy, seed
    )
    self.state = dict(
      model=self.model,
      average=self.ema_model,
      discriminators=self.discriminators,
      generator_adam=self.generator_adam,
      discriminator_adam=self.discriminator_adam,
      loss_scale=self.loss_scale.value,
      good_steps=self.loss_scale.good_steps,
      **objective_state,
    )

  def start_stage(self) -> None:
    """Restarts both optimizers, as a new resolution activates new variables.

    Adam corrects its averages for their age. The age of a block that did not
    run yet is zero while the optimizer's is not, and its first updates would
    come out 1 / (1 - beta_2) ** 0.5 times too large. PGGAN resets them, too.
    """
    with self.strategy.scope():
      for adam, _ in self._optimizers:
        for variable in compat.tf_variables(adam.variables):
          variable.assign(tf.zeros_like(variable))
      # Blocks that no longer run keep no trace of when statistics were last
      # estimated: a resumed run does so at other moments, and ends in the same
      # bits.
      for variable in batch_norm_calibration.norm_statistics(self.ema_model):
        variable.assign(tf.zeros_like(variable))
    self.apply_settings()

  def apply_settings(self) -> None:
    """Sets what is configured, not trained, after a state was restored."""
    self._set_rates(1.0, 1.0)
    with self.strategy.scope():
      self.loss_scale.apply_settings()

  def _set_rates(self, *rates):
    """Multiplies the configured learning rates, each by its factor."""
    self._rates = rates
    with self.strategy.scope():
      for (adam, learning_rate), rate in zip(self._optimizers, rates):
        adam.learning_rate = learning_rate * rate

  def ema_decay(self, images_in_stage: int, batch_size: int) -> float:
    """Returns the share of the EMA weights that a step keeps, in [0, 1)."""
    half_life = min(self._half_life, self._warm_up * images_in_stage)
    return 0.5 ** (batch_size / half_life) if half_life else 0.0

  def check_batch_size(self, size: int, resolution: int) -> None:
    """Raises ValueError if `accumulate` cannot cut such a batch.

    Args:
      size: number of images of each domain, over all replicas.
      resolution: resolution at which the batch has this size, px.
    """
    accumulation.check_batch_size(
      size,
      parts=self._parts,
      replicas=self.strategy.num_replicas_in_sync,
      resolution=resolution,
    )

  def step(
    self,
    batch: Mapping[str, Any],
    *,
    step: int,
    resolution: int,
    alpha: float,
    ema_decay: float,
    rate: float = 1.0,
    generator_rate: float | None = None,
    stage_step: int = 0,
  ) -> dict[str, tf.Tensor]:
    """Updates all networks once.

    Args:
      batch: see `batch_stream.Batches.at`; distributed if the strategy has
        several replicas.
      step: number of this step; seeds random numbers, picks the pairing of
        domains and times the gradient penalty.
      resolution: resolution of the stage, px.
      alpha: how far the stage is faded in, in [0, 1].
      ema_decay: share of the EMA weights that is kept, see `ema_decay`.
      rate: factor of the learning rates.
      generator_rate: another factor for the model's; None for the same. At 0
        its weights stay as they are.
      stage_step: steps since this resolution began, for models that change
        with them.

    Returns:
      {name: float32 scalar}: every loss of the objective, weighted, and what
      it observed, as the mean over replicas, and 'penalty/...' on the steps
      that apply it (else 0). Not synchronized with the host until read.
    """
    rates = (rate if generator_rate is None else generator_rate, rate)
    if rates != self._rates:
      self._set_rates(*rates)
    with self.strategy.scope():
      for network in (self.model, self.ema_model):
        network.start_step(stage_step)
    shift = 1 + step % max(1, len(self.model.domains) - 1)
    key = (resolution, shift)
    if key not in self._traced_steps:
      self._traced_steps[key] = tf.function(
        functools.partial(
          train_step.train_step,
          self._components,
          resolution=resolution,
          shift=shift,
        ),
        autograph=False,
      )
    interval = self.objective.penalty_interval
    return self._traced_steps[key](
      dict(batch),
      tf.constant(alpha, tf.float32),
      tf.constant(ema_decay, tf.float32),
      tf.constant(bool(interval) and step % interval == 0),
      tf.constant([self._seed, step], tf.int32),
    )

  def estimate_statistics(
    self, batches, *, resolution: int, alpha: float
  ) -> None:
    """Estimates the EMA model's batch norm statistics.

    Args:
      batches: {domain: uint8 [batch, res, res, 3]}, some 30 of them.
      resolution: resolution of the stage, px.
      alpha: how far the stage is faded in, in [0, 1].
    """
    self._calibrator.estimate(batches, resolution=resolution, alpha=alpha)

  def check_finite(self) -> None:
    """Raises FloatingPointError naming a variable that is not finite."""
    optimized = [
      (f'{name}/{variable.name}', variable)
      for name in ('generator_adam', 'discriminator_adam')
      for variable in self.state[name].variables
    ]
    for name, variable in [
      *named_weights.by_name(self.state).items(),
      *optimized,
    ]:
      if not np.all(np.isfinite(variable.numpy())):
        raise FloatingPointError(
          f'The weights or averages {name} hold NaN or Inf. {divergence.REMEDY}'
        )
