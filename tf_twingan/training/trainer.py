"""One training step: networks, optimizers, averaged weights, distribution.

Every variable of every stage is made in the constructor, under the strategy,
so checkpoints of all stages have one shape. A step is traced once per
resolution; how far a stage is faded in, the decay of the average and whether
the penalty applies are tensors.

Both halves share one forward pass: the generator's gradient and the
discriminators' gradient are two backward passes over the same pictures and
logits, and both are applied at the end of the step.
"""

import functools
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import keras
import numpy as np
import tensorflow as tf

import gin
from tf_twingan.data import pipeline
from tf_twingan.models import (
  architectures,
  cyclegan,
  patch_discriminator,
  pggan,
  pix2pix,
  twingan,
)
from tf_twingan.models import discriminator as discriminator_lib
from tf_twingan.models import spectral as spectral_lib
from tf_twingan.training import terms as terms_lib

# Registered here, so that the networks themselves know nothing of gin.
gin.register(twingan.TwinGAN)
gin.register(discriminator_lib.Discriminator)
gin.register(cyclegan.CycleGAN)
gin.register(pix2pix.Pix2Pix)
gin.register(pggan.ProgressiveGAN)
gin.register(patch_discriminator.PatchDiscriminator)

_LOSS_SCALE_START = 2.0**10
_LOSS_SCALE_GROWTH_STEPS = 1000


@gin.register
class Trainer:
  """Owns all that a step changes, and changes it.

  Attributes:
    model: the network being trained.
    average: the exponential moving average (EMA) of the model, a network of
      the same kind: what is used afterwards (Karras et al. 2018, section 4).
    discriminators: {domain: the network that judges its pictures}, or the one
      that judges those of all.
    objective: the losses.
    state: what a checkpoint must hold, by name.
  """

  def __init__(
    self,
    domains: Sequence[str],
    max_resolution: int,
    *,
    model: Callable[..., architectures.Model],
    discriminator: Callable[..., Any],
    objective: terms_lib.AbstractObjective,
    strategy: tf.distribute.Strategy,
    learning_rate: float = 1e-4,
    discriminator_learning_rate: float = 1e-4,
    shared_discriminator: bool = False,
    beta_1: float = 0.0,
    beta_2: float = 0.99,
    average_half_life: int = 10_000,
    average_warm_up: float = 0.2,
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
      seed: of the noise in penalties and of what an objective draws.
      vector_sizes: {domain: numbers in a vector} of those whose pictures carry
        vectors, for objectives that need them.
    """
    if shared_discriminator and not objective.can_share_discriminator:
      raise ValueError(
        'Trainer.shared_discriminator is True, but '
        f'{type(objective).__name__} has one for each domain; set it to False.'
      )
    self.strategy = strategy
    self.objective = objective
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
      self.average = model(domains, max_resolution=max_resolution)
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
      precision = self.model.get_config()['precision']
      self._scaled = precision == 'float16'
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
      self._loss_scale = tf.Variable(
        _LOSS_SCALE_START if self._scaled else 1.0, trainable=False
      )
      self._good_steps = tf.Variable(0, dtype=tf.int64, trainable=False)
      for own, other in zip(self.average.variables, self.model.variables):
        own.assign(other)
    self._optimizers = (
      (self._generator_adam, learning_rate),
      (self._discriminator_adam, discriminator_learning_rate),
    )
    self.state = dict(
      model=self.model,
      average=self.average,
      discriminators=self.discriminators,
      generator_adam=self._generator_adam,
      discriminator_adam=self._discriminator_adam,
      loss_scale=self._loss_scale,
      good_steps=self._good_steps,
      **memory,
    )

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
      for variable in _statistics(self.average):
        variable.assign(tf.zeros_like(variable))
    self.apply_settings()

  def apply_settings(self) -> None:
    """Sets what is configured, not trained; a restored state has the former."""
    self._set_rate(1.0)
    with self.strategy.scope():
      if not self._scaled:
        self._loss_scale.assign(1.0)

  def _set_rate(self, rate):
    """Multiplies the configured learning rates."""
    self._rate = rate
    with self.strategy.scope():
      for adam, configured in self._optimizers:
        adam.learning_rate = configured * rate

  def average_decay(self, images_in_stage: int, batch_size: int) -> float:
    """How much of the average a step keeps, in [0, 1)."""
    half_life = min(
      self._average_half_life, self._average_warm_up * images_in_stage
    )
    return 0.5 ** (batch_size / half_life) if half_life else 0.0

  def step(
    self,
    batch: Mapping[str, Any],
    *,
    step: int,
    resolution: int,
    alpha: float,
    average_decay: float,
    rate: float = 1.0,
    stage_step: int = 0,
  ) -> dict[str, tf.Tensor]:
    """Updates all networks once.

    Args:
      batch: see `pipeline.Batches.at`; distributed if the strategy has several
        replicas.
      step: the number of this step; seeds the noise, picks the pairing and
        times the penalty.
      resolution: of the stage.
      alpha: how far it is faded in.
      average_decay: see `average_decay`.
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
      for network in (self.model, self.average):
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
    interval = self.objective.penalty_interval
    return self._steps[key](
      dict(batch),
      tf.constant(alpha, tf.float32),
      tf.constant(average_decay, tf.float32),
      tf.constant(bool(interval) and step % interval == 0),
      tf.constant([self._seed, step], tf.int32),
    )

  def _distributed_step(
    self, batch, alpha, average_decay, penalize, seed, *, resolution, shift
  ):
    terms, finite = self.strategy.run(
      self._replica_step,
      (batch, alpha, penalize, seed),
      dict(resolution=resolution, shift=shift),
    )
    mean = functools.partial(
      self.strategy.reduce, tf.distribute.ReduceOp.MEAN, axis=None
    )
    terms = {name: mean(value) for name, value in terms.items()}
    parts = self.strategy.experimental_local_results(
      batch[self.model.domains[0]]
    )
    self.objective.after_step(
      terms, images=parts[0].shape[0] * self.strategy.num_replicas_in_sync
    )
    self._update_average(average_decay)
    spectral_lib.improve(
      [self.model, self.average, *tf.nest.flatten(self.discriminators)],
      self.strategy,
    )
    if self._scaled:
      self._update_loss_scale(mean(finite) == 1)
    return terms

  def _replica_step(self, batch, alpha, penalize, seed, *, resolution, shift):
    reals = self._reals(batch, alpha)
    stage = dict(resolution=resolution, alpha=alpha)
    # Gradients are summed over replicas, losses are means: divide once here.
    scale = self._loss_scale / self.strategy.num_replicas_in_sync
    with tf.GradientTape(persistent=True) as tape:
      losses = self.objective.compute(
        self.model,
        self.discriminators,
        reals,
        seed=seed,
        shift=shift,
        **stage,
        **self._vectors(batch),
      )
      generator_loss = scale * _sum(losses.generator)
      discriminator_loss = scale * _sum(losses.discriminator)
    pairs = [
      (
        self._generator_adam,
        *_awake(
          self._generating, tape.gradient(generator_loss, self._generating)
        ),
      ),
      (
        self._discriminator_adam,
        *_awake(self._judged, tape.gradient(discriminator_loss, self._judged)),
      ),
    ]
    del tape
    terms = {**losses.generator, **losses.discriminator, **losses.observed}
    if self.objective.penalty_interval:
      optimizer, variables, gradients = pairs[1]
      penalties, extra = self._penalty(
        variables, (reals, losses.fakes), penalize, scale, seed, stage
      )
      terms.update(penalties)
      pairs[1] = (
        optimizer,
        variables,
        [g + e for g, e in zip(gradients, extra)],
      )
    finite = tf.constant(1.0)
    if self._scaled:
      finite = self._unscale(pairs)
    for optimizer, variables, gradients in pairs:
      optimizer.apply_gradients(zip(gradients, variables))
    return terms, finite

  def _penalty(self, variables, pictures, penalize, scale, seed, stage):
    """Penalty terms and gradients, both zero on steps that skip it."""

    def apply():
      with tf.GradientTape() as tape:
        terms = self.objective.penalties(
          self.discriminators, *pictures, seed=seed, **stage
        )
        loss = scale * _sum(terms)
      return terms, tape.gradient(loss, variables, unconnected_gradients='zero')

    def skip():
      return (
        {f'penalty/{d}': tf.constant(0.0) for d in self.model.domains},
        [tf.zeros_like(v) for v in variables],
      )

    return tf.cond(penalize, apply, skip)

  def _unscale(self, pairs):
    """Divides gradients by the loss scale; zeroes them all if one overflowed.

    Zero gradients leave the weights where they are if beta_1 is 0, as here;
    with momentum they would still drift.

    Returns:
      1.0 if all were finite on every replica, else 0.0.
    """
    gradients = [g for _, _, own in pairs for g in own]
    finite = tf.reduce_all(
      [tf.reduce_all(tf.math.is_finite(g)) for g in gradients]
    )
    finite = tf.cast(finite, tf.float32)
    if self.strategy.num_replicas_in_sync > 1:
      finite = tf.distribute.get_replica_context().all_reduce(
        tf.distribute.ReduceOp.MEAN, finite
      )
    finite = tf.cast(finite == 1, tf.float32)
    for index, (optimizer, variables, own) in enumerate(pairs):
      pairs[index] = (
        optimizer,
        variables,
        [
          tf.where(finite == 1, g / self._loss_scale, tf.zeros_like(g))
          for g in own
        ],
      )
    return finite

  def _update_loss_scale(self, finite):
    """Halves on overflow, doubles after a run of good steps."""
    good = tf.where(finite, self._good_steps + 1, 0)
    grow = good >= _LOSS_SCALE_GROWTH_STEPS
    factor = tf.where(finite, tf.where(grow, 2.0, 1.0), 0.5)
    self._loss_scale.assign(tf.maximum(self._loss_scale * factor, 1.0))
    self._good_steps.assign(tf.where(grow, tf.zeros_like(good), good))

  def _update_average(self, decay):
    def update(own, other):
      own.assign(other + (own - other) * decay)

    for own, other in zip(
      self.average.trainable_variables, self.model.trainable_variables
    ):
      self.strategy.extended.update(own, update, args=(other,))

  def estimate_statistics(
    self, batches, *, resolution: int, alpha: float
  ) -> None:
    """Estimates the averaged model's moving statistics.

    Each domain's statistics become the plain average over the batches, of
    its pictures encoded, and of reconstructions and translations drawn; or of
    what is drawn from noise.
    Under batch renorm, which trains by moving statistics, those of the live
    model count as the first batch: layers then see in the estimate what they
    see in training, and not what each batch's own moments would make of it.
    A model that keeps none, as with instance norm, is left alone.

    Args:
      batches: iterable of {domain: uint8 [batch, res, res, 3]}, the same
        batch size throughout; some 30 of them.
      resolution: of the stage.
      alpha: how far it is faded in.
    """
    if not _statistics(self.average):
      return
    key = ('statistics', resolution)
    if key not in self._steps:
      self._steps[key] = tf.function(
        functools.partial(self._estimate, resolution=resolution),
        autograph=False,
      )
    first = 1
    if self.model.trains_by_statistics:
      first = 2
      with self.strategy.scope():
        for own, other in zip(
          _statistics(self.average), _statistics(self.model)
        ):
          own.assign(other)
    for index, batch in enumerate(batches, start=first):
      self._steps[key](
        {d: tf.convert_to_tensor(b) for d, b in batch.items()},
        tf.constant(alpha, tf.float32),
        tf.constant(1.0 / index, tf.float32),
        tf.constant([self._seed, -index], tf.int32),  # No training step's.
      )

  def _estimate(self, batch, alpha, update, seed, *, resolution):
    self.objective.measure(
      self.average,
      self._reals(batch, alpha),
      seed=seed,
      resolution=resolution,
      alpha=alpha,
      training=True,
      statistics_update=update,
    )

  def _reals(self, batch, alpha):
    return {
      d: _blend(tf.cast(batch[d], tf.float32) / 127.5 - 1, alpha)
      for d in self.model.domains
    }

  def _vectors(self, batch):
    """By keyword, what pictures carry, for an objective that needs it."""
    if not self.objective.needs_vectors:
      return {}
    keys = {d: pipeline.vectors_of(d) for d in self.model.domains}
    return {'vectors': {d: batch[k] for d, k in keys.items() if k in batch}}

  def check_finite(self) -> None:
    """Raises FloatingPointError naming a variable that is not finite."""
    optimized = [v for adam, _ in self._optimizers for v in adam.variables]
    for variable in (
      self.model.variables
      + list(self.objective.trainable_variables)
      + self.average.variables
      + self._judged
      + optimized
    ):
      if not np.all(np.isfinite(variable.numpy())):
        raise FloatingPointError(
          f'The weights or averages {variable.name} hold NaN or Inf.'
        )


def _statistics(network):
  """What the norms keep; spectral norm's own state goes with the weights."""
  others = {id(d) for _, d in spectral_lib.directions(network)}
  return [v for v in network.non_trainable_variables if id(v) not in others]


def _awake(variables, gradients):
  """Drops the variables of blocks that did not run."""
  pairs = [(v, g) for v, g in zip(variables, gradients) if g is not None]
  return [v for v, _ in pairs], [g for _, g in pairs]


def _sum(terms: Mapping[str, tf.Tensor]) -> tf.Tensor:
  # Distillation has no discriminators' terms.
  return tf.add_n(list(terms.values())) if terms else tf.constant(0.0)


def _blend(images, alpha):
  """Fades real pictures in as the networks are (PGGAN section 2)."""
  if images.shape[1] < 8:
    return images
  coarse = tf.nn.avg_pool2d(images, 2, 2, 'VALID')
  coarse = tf.repeat(tf.repeat(coarse, 2, axis=1), 2, axis=2)
  return coarse + (images - coarse) * alpha
