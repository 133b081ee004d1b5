"""Seeds of replicas and domains: apart, and the same again."""

import numpy as np
import tensorflow as tf

from tests import two_devices
from tf_twingan.losses import seeds


class SeedsTest(tf.test.TestCase):
  def test_replicas_and_domains_are_apart_and_come_again(self):
    strategy = tf.distribute.MirroredStrategy(['CPU:0', 'CPU:1'])

    def draw():
      per_replica = strategy.run(
        lambda: seeds.domain_seeds(tf.constant([3, 4]), ('photo', 'anime'))
      )
      return np.stack(
        [
          row
          for replicas in per_replica.values()
          for row in strategy.experimental_local_results(replicas)
        ]
      )

    first = draw()
    self.assertLen(np.unique(first, axis=0), 4)
    self.assertAllEqual(first, draw())

  def test_a_domain_has_its_own_fold_of_the_replica(self):
    seed = tf.constant([3, 4])
    fold = tf.random.experimental.stateless_fold_in
    own = seeds.domain_seeds(seed, ('photo', 'anime'))
    self.assertAllEqual(seeds.replica_seed(seed), fold(seed, 0))
    self.assertAllEqual(own['photo'], fold(fold(seed, 0), 0))
    self.assertAllEqual(own['anime'], fold(fold(seed, 0), 1))


if __name__ == '__main__':
  two_devices.configure()
  tf.test.main()
