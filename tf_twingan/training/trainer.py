"""One training step: networks, optimizers, averaged weights, distribution.

Every variable of every stage is made in the constructor, under the strategy,
so checkpoints of all stages have one shape. A step is traced once per
resolution; how far a stage is faded in, the decay of the average and whether
the penalty applies are tensors.

What a step does on one replica is in `update`, what is estimated between
steps in `statistics`.
"""

import functools
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import keras
import numpy as np
import tensorflow as tf

from tf_twingan.losses import base_objective
from tf_twingan.models import registry, spectral_normalization
from tf_twingan.training import batch_norm_calibration, loss_scale, train_step


class Trainer:
  """Owns all that a step changes, and changes it.

  Attributes:
    model: the network being trained.
    average: the exponential moving average (EMA) of the model, a network of
      the same kind: what is used afterwards (Karras et al. 2018, section 4).
    discriminators: {domain: the network that judges its images}, or the one
      that judges those of all.
    objective: the losses.
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
      domains: their names.
      max_resolution: of the last stage, px.
      model: makes a network from (domains, max_resolution=); uncalled, so
        that it is made under the strategy.
      discriminator: makes a discriminator from (max_resolution, precision=,
        name=); if it is to be shared, from domains=, too.
      objective: the losses.
      strategy: where to run.
      learning_rate: Adam's, for encoder and generator.
      discriminator_learning_rate: Adam's, for the discriminators. Two rates
        for one step of each stand in for several steps of one of them, and
        need not be equal to converge (Heusel et al., "GANs Trained by a Two
        Time-Scale Update Rule", 2017, section 2).
      shared_discriminator: one discriminator judges all domains, see
        `models.discriminator`, rather than one each.
      beta_1: Adam's decay of the mean.
      beta_2: Adam's decay of the square.
      average_half_life: of the averaged weights, images.
      average_warm_up: the half-life is at most this share of the images seen
        in the current stage, so that new blocks are averaged from their own
        start and not from noise.
      accumulate: in how many parts a batch goes through the networks, one
        after another, before the mean of their gradients is applied: less
        memory. See `update` for what then looks at a part only.
      seed: of the noise in penalties and of what an objective draws.
      vector_sizes: {domain: numbers in a vector} of those whose images carry
        vectors, for objectives that need them.
    """
    if shared_discriminator and not objective.can_share_discriminator:
      raise ValueError(
        'Trainer.shared_discriminator is True, but '
        f'{type(objective).__name__} has one for each domain; set it to False.'
      )
    self.strategy = strategy
    self._objective = objective
    self._average_half_life = average_half_life
    self._average_warm_up = average_warm_up
    self._seed = seed
    self._rate = 1.0
    self._steps: dict[Any, Any] = {}
    adam = functools.partial(
      keras.optimizers.Adam, beta_1=beta_1, beta_2=beta_2
    )
    with strategy.scope():
      self.model = model(domains, max_resolution=max_resolution)
      self.ema_model = model(domains, max_resolution=max_resolution)
      if self.model.translates == objective.from_noise:
        raise ValueError(
          f'Trainer.model is {type(self.model).__name__} and Trainer.objective '
          f'{type(objective).__name__}: one draws from noise, the other '
          'translates. Set @ProgressiveGAN with @NoiseObjective(), and other '
          'models with the objectives of their gin files.'
        )
      if self.model.style_size and not objective.trains_styles:
        raise ValueError(
          f'TwinGAN.style_size is {self.model.style_size}, but '
          f'{type(objective).__name__} does not train style codes; set it to '
          'None, or Trainer.objective to @Objective().'
        )
      config = self.model.get_config()
      if config.get('condition_size'):
        raise ValueError(
          f'TwinGAN.condition_size is {config["condition_size"]}, but no '
          'objective gives vectors to draw by: they are for models that a '
          'program of yours builds and trains. Leave it out; style codes '
          '(TwinGAN.style_size) are trained.'
        )
      precision = config['precision']
      judge = functools.partial(
        discriminator, max_resolution, precision=precision
      )
      if shared_discriminator:
        self.discriminators = judge(domains=self.model.domains, name='judge')
      else:
        self.discriminators = {
          d: judge(name=f'judge_{d}') for d in self.model.domains
        }
      memory = objective.build(
        self.model.domains,
        max_resolution,
        replicas=strategy.num_replicas_in_sync,
      )
      if objective.needs_vectors:
        memory |= objective.build_for_vectors(self.model, vector_sizes or {})
      self._generating = [
        *self.model.trainable_variables,
        *objective.trainable_variables,
      ]
      self._judged = [
        v
        for network in tf.nest.flatten(self.discriminators)
        for v in network.trainable_variables
      ]
      self._generator_adam = adam(learning_rate=learning_rate)
      self._discriminator_adam = adam(learning_rate=discriminator_learning_rate)
      self._generator_adam.build(self._generating)
      self._discriminator_adam.build(self._judged)
      self._loss_scale = loss_scale.LossScale(precision)
      for own, other in zip(self.ema_model.variables, self.model.variables):
        own.assign(other)
    self._optimizers = (
      (self._generator_adam, learning_rate),
      (self._discriminator_adam, discriminator_learning_rate),
    )
    self._update = train_step.TrainStep(
      self.model,
      self.discriminators,
      objective,
      generating=train_step.VariableGroup(
        self._generating, self._generator_adam
      ),
      judging=train_step.VariableGroup(self._judged, self._discriminator_adam),
      scale=self._loss_scale,
      replicas=strategy.num_replicas_in_sync,
      accumulate=accumulate,
    )
    self._estimator = batch_norm_calibration.BatchNormCalibrator(
      self.ema_model, self.model, objective, strategy, seed
    )
    self.state = dict(
      model=self.model,
      average=self.ema_model,
      discriminators=self.discriminators,
      generator_adam=self._generator_adam,
      discriminator_adam=self._discriminator_adam,
      loss_scale=self._loss_scale.value,
      good_steps=self._loss_scale.good_steps,
      **memory,
    )

  @property
  def objective(self) -> base_objective.BaseObjective:
    """What the networks are trained to do."""
    return self._objective

  def start_stage(self) -> None:
    """Restarts both optimizers, as a new resolution wakes new variables.

    Adam corrects its averages for their age. The age of a block that slept
    is zero while the optimizer's is not, and its first updates would come
    out 1 / (1 - beta_2) ** 0.5 times too large. PGGAN resets them, too.
    """
    with self.strategy.scope():
      for adam, _ in self._optimizers:
        for variable in adam.variables:
          variable.assign(tf.zeros_like(variable))
      # Blocks that no longer run keep no trace of when they were last drawn
      # with: a resumed run draws at other moments, and ends in the same bits.
      for variable in batch_norm_calibration.norm_statistics(self.ema_model):
        variable.assign(tf.zeros_like(variable))
    self.apply_settings()

  def apply_settings(self) -> None:
    """Sets what is configured, not trained; a restored state has the former."""
    self._set_rate(1.0)
    with self.strategy.scope():
      self._loss_scale.apply_settings()

  def _set_rate(self, rate):
    """Multiplies the configured learning rates."""
    self._rate = rate
    with self.strategy.scope():
      for adam, configured in self._optimizers:
        adam.learning_rate = configured * rate

  def ema_decay(self, images_in_stage: int, batch_size: int) -> float:
    """How much of the average a step keeps, in [0, 1)."""
    half_life = min(
      self._average_half_life, self._average_warm_up * images_in_stage
    )
    return 0.5 ** (batch_size / half_life) if half_life else 0.0

  def check_batch_size(self, size: int, resolution: int) -> None:
    """See `update.Update.check_batch_size`."""
    self._update.check_batch_size(size, resolution)

  def step(
    self,
    batch: Mapping[str, Any],
    *,
    step: int,
    resolution: int,
    alpha: float,
    ema_decay: float,
    rate: float = 1.0,
    stage_step: int = 0,
  ) -> dict[str, tf.Tensor]:
    """Updates all networks once.

    Args:
      batch: see `batch_stream.Batches.at`; distributed if the strategy has
        several replicas.
      step: the number of this step; seeds the noise, picks the pairing and
        times the penalty.
      resolution: of the stage.
      alpha: how far it is faded in.
      ema_decay: see `ema_decay`.
      rate: what the learning rates are multiplied by.
      stage_step: steps since this resolution began, for models that change
        with them.

    Returns:
      {name: float32 scalar}: every term of the objective, weighted, and what
      it observed, as the mean over replicas, and 'penalty/...' on the steps
      that apply it (else 0). Not synchronized with the host until read.
    """
    if rate != self._rate:
      self._set_rate(rate)
    with self.strategy.scope():
      for network in (self.model, self.ema_model):
        network.start_step(stage_step)
    shift = 1 + step % max(1, len(self.model.domains) - 1)
    key = (resolution, shift)
    if key not in self._steps:
      self._steps[key] = tf.function(
        functools.partial(
          self._distributed_step, resolution=resolution, shift=shift
        ),
        autograph=False,
      )
    interval = self._objective.penalty_interval
    return self._steps[key](
      dict(batch),
      tf.constant(alpha, tf.float32),
      tf.constant(ema_decay, tf.float32),
      tf.constant(bool(interval) and step % interval == 0),
      tf.constant([self._seed, step], tf.int32),
    )

  def _distributed_step(
    self, batch, alpha, ema_decay, penalize, seed, *, resolution, shift
  ):
    parts = self.strategy.experimental_local_results(
      batch[self.model.domains[0]]
    )
    images = parts[0].shape[0] * self.strategy.num_replicas_in_sync
    self._update.check_batch_size(images, resolution)
    terms, finite = self.strategy.run(
      self._update,
      (batch, alpha, penalize, seed),
      dict(resolution=resolution, shift=shift),
    )
    mean = functools.partial(
      self.strategy.reduce, tf.distribute.ReduceOp.MEAN, axis=None
    )
    terms = {name: mean(value) for name, value in terms.items()}
    self._objective.after_step(terms, images=images)
    self._update_average(ema_decay)
    spectral_normalization.power_iteration_step(
      [self.model, self.ema_model, *tf.nest.flatten(self.discriminators)],
      self.strategy,
    )
    if self._loss_scale.active:
      self._loss_scale.follow(mean(finite) == 1)
    return terms

  def _update_average(self, decay):
    def update(own, other):
      own.assign(other + (own - other) * decay)

    for own, other in zip(
      self.ema_model.trainable_variables, self.model.trainable_variables
    ):
      self.strategy.extended.update(own, update, args=(other,))

  def estimate_statistics(
    self, batches, *, resolution: int, alpha: float
  ) -> None:
    """Estimates the averaged model's; see `statistics.Estimator.estimate`."""
    self._estimator.estimate(batches, resolution=resolution, alpha=alpha)

  def check_finite(self) -> None:
    """Raises FloatingPointError naming a variable that is not finite."""
    optimized = [v for adam, _ in self._optimizers for v in adam.variables]
    for variable in (
      self.model.variables
      + list(self._objective.trainable_variables)
      + self.ema_model.variables
      + self._judged
      + optimized
    ):
      if not np.all(np.isfinite(variable.numpy())):
        raise FloatingPointError(
          f'The weights or averages {variable.name} hold NaN or Inf.'
        )
