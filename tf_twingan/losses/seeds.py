"""Random seeds of a training step: a stream for each purpose, replica, domain.

Everything random in a step is a pure function of the step's one seed, so that a
resumed training repeats what an undisturbed one would have done. All replicas
are given the same seed and different images; what each of them needs at random
has to differ, between replicas, between domains and between purposes.
"""

import enum
from collections.abc import Iterable

import tensorflow as tf


class Stream(enum.IntEnum):
  """What random numbers are for.

  The values are folded into seeds: with another value, a run that is resumed
  would not end in the same bits as one that was never stopped. Those that are
  folded in are far above the number of any replica, domain or part of a batch,
  which are folded in as well. Points of gradient penalties have the step's own
  seed.
  """

  PENALTY_POINTS = 0
  LATENTS = 1_000
  ACCUMULATION = 0xACC
  AUGMENTATION = 0xA0617
  STYLES = 0x57F1E
  WARPS = 0x3A4B5


def stream_seed(seed: tf.Tensor, stream: Stream) -> tf.Tensor:
  """The seed for one purpose.

  Args:
    seed: int32 [2], of a step.
    stream: what the random numbers are for.

  Returns:
    int32 [2].
  """
  if stream == Stream.PENALTY_POINTS:
    return seed
  return tf.random.experimental.stateless_fold_in(seed, int(stream))


def replica_seed(seed: tf.Tensor) -> tf.Tensor:
  """The seed of the replica that calls this: int32 [2] to int32 [2]."""
  replica = tf.distribute.get_replica_context().replica_id_in_sync_group
  return tf.random.experimental.stateless_fold_in(seed, replica)


def domain_seeds(
  seed: tf.Tensor, domains: Iterable[str], stream: Stream
) -> dict[str, tf.Tensor]:
  """A seed for each domain, for one purpose, in the replica that calls this.

  Args:
    seed: int32 [2], of a step.
    domains: names of the domains; their order tells the seeds apart.
    stream: what the random numbers are for.

  Returns:
    {domain: int32 [2]}.
  """
  seed = replica_seed(stream_seed(seed, stream))
  return {
    domain: tf.random.experimental.stateless_fold_in(seed, index)
    for index, domain in enumerate(domains)
  }
