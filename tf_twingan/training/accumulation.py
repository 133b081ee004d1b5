"""Gradient accumulation: a batch goes through the networks in parts.

The parts go one after another, and the mean of their gradients is applied:
memory need only hold one part's activations. Losses are means over images, so
that this is the gradient of the whole batch where no image depends on another.
It is not for what looks at several images: batch norms take each part's own
moments, and batch renorm moves its statistics once a part; DRAGAN goes as far
as a part's images deviate; the minibatch standard deviation is within a part.
"""

from collections.abc import Callable, Sequence
from typing import Any

import tensorflow as tf

from tf_twingan.losses import base_objective, seeds
from tf_twingan.training import preprocessing

# (gradient, variable) pairs.
Gradients = list[tuple[tf.Tensor, Any]]
LossesAndGradients = Callable[
  [preprocessing.Batch, tf.Tensor],
  tuple[base_objective.Terms, Sequence[Gradients]],
]


def check_parts(parts: int) -> None:
  """Raises ValueError unless a batch can have so many parts."""
  if parts < 1:
    raise ValueError(
      f'Trainer.accumulate is {parts}; set it to 1 for a batch as a '
      'whole, or to the number of its parts.'
    )


def check_batch_size(
  size: int, *, parts: int, replicas: int, resolution: int
) -> None:
  """Raises ValueError if a batch cannot be cut into equal parts.

  Args:
    size: number of images of each domain, over all replicas.
    parts: number of parts on each replica.
    replicas: number of devices that train together.
    resolution: resolution at which the batch has this size, px.
  """
  if size % (replicas * parts):
    raise ValueError(
      f'Trainer.accumulate is {parts}, but Growth.batch_size is '
      f'{size} at {resolution} px on {replicas} device(s); make that a '
      f'multiple of {replicas * parts}, or set Trainer.accumulate to 1.'
    )


def check_batch(
  strategy: tf.distribute.Strategy, images: Any, parts: int, resolution: int
) -> int:
  """Checks a batch as `check_batch_size` does.

  Args:
    strategy: the distribution strategy.
    images: one domain's images, distributed over the replicas.
    parts: number of parts on each replica.
    resolution: resolution of the images, px.

  Returns:
    The number of images, over all replicas.

  Raises:
    ValueError: it cannot be cut into equal parts.
  """
  replicas = strategy.num_replicas_in_sync
  local = strategy.experimental_local_results(images)
  size = local[0].shape[0] * replicas
  check_batch_size(size, parts=parts, replicas=replicas, resolution=resolution)
  return size


def sum_over_parts(
  losses_and_gradients: LossesAndGradients,
  batch: preprocessing.Batch,
  seed: tf.Tensor,
  *,
  parts: int,
  replicas: int,
  variables: Sequence[Any],
) -> tuple[base_objective.Terms, Sequence[Gradients]]:
  """Computes gradients part by part, and adds them up.

  Args:
    losses_and_gradients: (batch, seed) -> (losses, gradients of generator and
      discriminators). Its gradients are divided by the number of parts already.
    batch: this replica's batch; its size is a multiple of the parts.
    seed: int32 [2], of the step.
    parts: number of parts.
    replicas: number of devices that train together.
    variables: all that may have a gradient.

  Returns:
    The means of the losses, and the sums of the gradients.
  """
  batch = preprocessing.split_batch(batch, parts)
  seed = seeds.stream_seed(seed, seeds.Stream.ACCUMULATION)
  names: list[str] = []
  active_variables: list[list[Any]] = []

  def add_part(index, terms, sums):
    part_terms, part_gradients = losses_and_gradients(
      {key: rows[index] for key, rows in batch.items()},
      tf.random.experimental.stateless_fold_in(seed, index),
    )
    # Every part is alike in these.
    names[:] = part_terms
    active_variables[:] = [[v for _, v in pairs] for pairs in part_gradients]
    gradients = {id(v): g for pairs in part_gradients for g, v in pairs}
    sums = [
      total + gradients[id(v)] if id(v) in gradients else total
      for v, total in zip(variables, sums)
    ]
    values = tf.stack(list(part_terms.values()))
    return index + 1, terms.write(index, values), sums

  _, terms, sums = _in_turn(
    add_part,
    tf.TensorArray(tf.float32, parts),
    [tf.zeros_like(v) for v in variables],
    parts=parts,
    replicas=replicas,
  )
  means = tf.unstack(tf.reduce_mean(terms.stack(), axis=0), num=len(names))
  totals = {id(v): total for v, total in zip(variables, sums)}
  return (
    dict(zip(names, means)),
    [[(totals[id(v)], v) for v in group] for group in active_variables],
  )


def _in_turn(add_part, terms, sums, *, parts, replicas):
  """Adds all parts, never two at once: that would need the memory of two."""
  state = (tf.constant(0), terms, sums)
  if replicas == 1:
    return tf.while_loop(
      lambda index, *_: index < parts, add_part, state, parallel_iterations=1
    )
  # Replicas cannot meet, as in a norm's moments, inside of a loop.
  for _ in range(parts):
    index, terms, sums = state
    # Images and seed of a part, and so all that it does, depend on these.
    with tf.control_dependencies(sums):
      index = tf.identity(index)
    state = add_part(index, terms, sums)
  return state
