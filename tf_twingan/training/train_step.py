"""One update on one replica: a batch's gradients, and what they change.

Both halves share one forward pass: the generator's gradient and the
discriminators' gradient are two backward passes over the same images and
logits, and both are applied at the end.

A batch may go through the networks in parts, one after another, of whose
gradients the mean is applied: then memory need only hold one part's
activations. Losses are means over images, so that this is the gradient of
the whole batch where no image depends on another. It is not for what looks
at several: batch norms take each part's own moments, and batch renorm moves its
statistics once a part; DRAGAN goes as far as a part's images deviate;
the minibatch standard deviation is within a part.
"""

from collections.abc import Mapping
from typing import Any, NamedTuple

import tensorflow as tf

from tf_twingan.losses import base_objective
from tf_twingan.training import loss_scale, preprocessing

# Sets the parts' seeds apart from others of the same step.
_STREAM = 0xACC


class VariableGroup(NamedTuple):
  """Half of what is trained.

  Attributes:
    variables: its weights.
    adam: their optimizer.
  """

  variables: list[Any]
  adam: Any


class TrainStep:
  """Updates all networks by one batch; to be called in a replica."""

  def __init__(
    self,
    model: Any,
    discriminators: Any,
    objective: base_objective.BaseObjective,
    *,
    generating: VariableGroup,
    judging: VariableGroup,
    scale: loss_scale.LossScale,
    replicas: int,
    accumulate: int,
  ):
    """Keeps what it changes.

    Args:
      model: see `models.architectures.Model`.
      discriminators: {domain: network}, or one network for all domains.
      objective: the losses.
      generating: what the generator's terms train.
      judging: what the discriminators' terms train.
      scale: of the losses.
      replicas: how many update together.
      accumulate: in how many parts a batch goes through the networks.

    Raises:
      ValueError: that is less than one.
    """
    if accumulate < 1:
      raise ValueError(
        f'Trainer.accumulate is {accumulate}; set it to 1 for a batch as a '
        'whole, or to the number of its parts.'
      )
    self._model = model
    self._discriminators = discriminators
    self._objective = objective
    self._generating = generating
    self._judging = judging
    self._scale = scale
    self._replicas = replicas
    self._accumulate = accumulate

  def check_batch_size(self, size: int, resolution: int) -> None:
    """Raises ValueError if a batch cannot be cut into the parts.

    Args:
      size: images of each domain, over all replicas.
      resolution: where, px; to be named.
    """
    parts = self._replicas * self._accumulate
    if size % parts:
      raise ValueError(
        f'Trainer.accumulate is {self._accumulate}, but Growth.batch_size is '
        f'{size} at {resolution} px on {self._replicas} device(s); make that a '
        f'multiple of {parts}, or set Trainer.accumulate to 1.'
      )

  def __call__(
    self,
    batch: preprocessing.Batch,
    alpha: tf.Tensor,
    penalize: tf.Tensor,
    seed: tf.Tensor,
    *,
    resolution: int,
    shift: int,
  ) -> tuple[base_objective.Terms, tf.Tensor]:
    """Updates once.

    Args:
      batch: this replica's share of it, see `batch_stream.Batches.at`; its size
        is a multiple of the parts.
      alpha: how far the stage is faded in.
      penalize: whether the penalty applies, a bool scalar.
      seed: int32 [2], of all that is drawn at random.
      resolution: of the stage, static.
      shift: see `AbstractObjective.compute`.

    Returns:
      All terms of the objective, see `Trainer.step`, and 1.0 if all gradients
      were finite, else 0.0.
    """
    terms, awake, gradients = self._accumulated(
      batch, alpha, penalize, seed, resolution=resolution, shift=shift
    )
    finite = tf.constant(1.0)
    if self._scale.active:
      gradients, finite = self._scale.unscale(gradients, self._replicas)
    sides = (self._generating, self._judging)
    for side, variables, own in zip(sides, awake, gradients):
      side.adam.apply_gradients(zip(own, variables))
    return terms, finite

  def _accumulated(self, batch, alpha, penalize, seed, **static):
    """What `_gradients` gives of the whole batch, from its parts in turn."""
    if self._accumulate == 1:
      return self._gradients(batch, alpha, penalize, seed, **static)
    batch = preprocessing.split_batch(batch, self._accumulate)
    seed = tf.random.experimental.stateless_fold_in(seed, _STREAM)
    both = [*self._generating.variables, *self._judging.variables]
    names, awake = [], []

    def add_part(index, terms, sums):
      own_terms, own_awake, gradients = self._gradients(
        {key: rows[index] for key, rows in batch.items()},
        alpha,
        penalize,
        tf.random.experimental.stateless_fold_in(seed, index),
        **static,
      )
      # Every part is alike in these.
      names[:], awake[:] = own_terms, own_awake
      own = {
        id(variable): gradient
        for side in zip(own_awake, gradients)
        for variable, gradient in zip(*side)
      }
      sums = [
        total + own[id(variable)] if id(variable) in own else total
        for variable, total in zip(both, sums)
      ]
      values = tf.stack(list(own_terms.values()))
      return index + 1, terms.write(index, values), sums

    _, terms, sums = self._in_turn(
      add_part,
      tf.TensorArray(tf.float32, self._accumulate),
      [tf.zeros_like(v) for v in both],
    )
    means = tf.unstack(tf.reduce_mean(terms.stack(), axis=0), num=len(names))
    sums = {id(variable): total for variable, total in zip(both, sums)}
    return (
      dict(zip(names, means)),
      awake,
      [[sums[id(variable)] for variable in side] for side in awake],
    )

  def _in_turn(self, add_part, terms, sums):
    """Adds all parts, never two at once: that would need the memory of two."""
    state = (tf.constant(0), terms, sums)
    if self._replicas == 1:
      return tf.while_loop(
        lambda index, *_: index < self._accumulate,
        add_part,
        state,
        parallel_iterations=1,
      )
    # Replicas cannot meet, as in a norm's moments, inside of a loop.
    for _ in range(self._accumulate):
      index, terms, sums = state
      # Images and seed of a part, and so all that it does, hang on these.
      with tf.control_dependencies(sums):
        index = tf.identity(index)
      state = add_part(index, terms, sums)
    return state

  def _gradients(self, batch, alpha, penalize, seed, *, resolution, shift):
    """All terms; of both sides, the variables in use and their gradients."""
    domains = self._model.domains
    reals = preprocessing.real_images(batch, domains, alpha)
    carried = {}
    if self._objective.needs_vectors:
      carried = {'vectors': preprocessing.vectors(batch, domains)}
    stage = dict(resolution=resolution, alpha=alpha)
    # Gradients are summed over replicas and parts, losses are means: divide
    # once here.
    scale = self._scale.value / (self._replicas * self._accumulate)
    with tf.GradientTape(persistent=True) as tape:
      losses = self._objective.compute(
        self._model,
        self._discriminators,
        reals,
        seed=seed,
        shift=shift,
        **stage,
        **carried,
      )
      generator_loss = scale * _sum(losses.generator)
      discriminator_loss = scale * _sum(losses.discriminator)
    generating, generator_gradients = _awake(
      self._generating.variables,
      tape.gradient(generator_loss, self._generating.variables),
    )
    judging, gradients = _awake(
      self._judging.variables,
      tape.gradient(discriminator_loss, self._judging.variables),
    )
    del tape
    terms = {**losses.generator, **losses.discriminator, **losses.observed}
    if self._objective.penalty_interval:
      penalties, extra = self._penalty(
        judging, (reals, losses.fakes), penalize, scale, seed, stage
      )
      terms.update(penalties)
      gradients = [g + e for g, e in zip(gradients, extra)]
    return terms, (generating, judging), (generator_gradients, gradients)

  def _penalty(self, variables, images, penalize, scale, seed, stage):
    """Penalty terms and gradients, both zero on steps that skip it."""

    def apply():
      with tf.GradientTape() as tape:
        terms = self._objective.penalties(
          self._discriminators, *images, seed=seed, **stage
        )
        loss = scale * _sum(terms)
      return terms, tape.gradient(loss, variables, unconnected_gradients='zero')

    def skip():
      return (
        {f'penalty/{d}': tf.constant(0.0) for d in self._model.domains},
        [tf.zeros_like(v) for v in variables],
      )

    return tf.cond(penalize, apply, skip)


def _awake(variables, gradients):
  """Drops the variables of blocks that did not run."""
  pairs = [(v, g) for v, g in zip(variables, gradients) if g is not None]
  return [v for v, _ in pairs], [g for _, g in pairs]


def _sum(terms: Mapping[str, tf.Tensor]) -> tf.Tensor:
  # Distillation has no discriminators' terms.
  return tf.add_n(list(terms.values())) if terms else tf.constant(0.0)
