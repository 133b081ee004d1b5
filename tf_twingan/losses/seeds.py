"""Sets the random numbers of replicas and domains apart within a step.

All replicas are given a step's one seed, and other images; what they draw at
random is to differ as well, and to come again in a resumed training.
"""

from collections.abc import Iterable

import tensorflow as tf


def replica_seed(seed: tf.Tensor) -> tf.Tensor:
  """A seed of the replica that asks: int32 [2] to int32 [2]."""
  replica = tf.distribute.get_replica_context().replica_id_in_sync_group
  return tf.random.experimental.stateless_fold_in(seed, replica)


def domain_seeds(
  seed: tf.Tensor, domains: Iterable[str]
) -> dict[str, tf.Tensor]:
  """A seed of each domain, in the replica that asks.

  Args:
    seed: int32 [2], of a step.
    domains: in the order that tells them apart.

  Returns:
    {domain: int32 [2]}.
  """
  own = replica_seed(seed)
  return {
    domain: tf.random.experimental.stateless_fold_in(own, index)
    for index, domain in enumerate(domains)
  }
