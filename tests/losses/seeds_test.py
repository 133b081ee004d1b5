"""Seeds of streams, replicas and domains: all different, always the same."""

import itertools
from unittest import mock

import numpy as np
import tensorflow as tf

from tests import two_devices
from tf_twingan.losses import image_augmentation, seeds, twingan_objective
from tf_twingan.models.discriminators import progressive

DOMAINS = ('photo', 'anime')
POINTS = seeds.Stream.PENALTY_POINTS


class SeedsTest(tf.test.TestCase):
  def test_replicas_and_domains_differ_and_are_repeated(self):
    strategy = two_devices.strategy()

    def all_seeds():
      per_replica = strategy.run(
        lambda: seeds.domain_seeds(tf.constant([3, 4]), DOMAINS, POINTS)
      )
      return np.stack(
        [
          row
          for replicas in per_replica.values()
          for row in strategy.experimental_local_results(replicas)
        ]
      )

    first = all_seeds()
    self.assertLen(np.unique(first, axis=0), 4)
    self.assertAllEqual(first, all_seeds())

  def test_a_domain_has_its_own_fold_of_the_replica(self):
    seed = tf.constant([3, 4])
    fold = tf.random.experimental.stateless_fold_in
    by_domain = seeds.domain_seeds(seed, DOMAINS, POINTS)
    self.assertAllEqual(seeds.replica_seed(seed), fold(seed, 0))
    self.assertAllEqual(by_domain['photo'], fold(fold(seed, 0), 0))
    self.assertAllEqual(by_domain['anime'], fold(fold(seed, 0), 1))

  def test_every_stream_has_its_own_seeds(self):
    seed = tf.constant([3, 4])
    fold = tf.random.experimental.stateless_fold_in
    found = []
    for stream in seeds.Stream:
      by_domain = seeds.domain_seeds(seed, DOMAINS, stream)
      for domain, count in itertools.product(DOMAINS, range(3)):
        # What a stream may fold in once more: a change, a part of a batch.
        found.append(fold(by_domain[domain], count).numpy())
    self.assertLen(np.unique(found, axis=0), len(found))

  def test_penalty_points_and_augmentation_share_no_random_numbers(self):
    objective = twingan_objective.Objective(
      penalty='dragan',
      augmentation=image_augmentation.Augmentation(kinds=['color', 'cutout']),
    )
    objective.build(DOMAINS, 4, replicas=1)
    discriminators = {
      d: progressive.Discriminator(4, channels_base=4, channels_max=4)
      for d in DOMAINS
    }
    images = {d: tf.ones([2, 4, 4, 3]) for d in DOMAINS}
    used = []
    uniform = tf.random.stateless_uniform

    def recorded(shape, seed, *args, **options):
      used.append(tuple(np.asarray(seed)))
      return uniform(shape, seed, *args, **options)

    with mock.patch.object(tf.random, 'stateless_uniform', recorded):
      objective.penalties(
        discriminators,
        images,
        images,
        resolution=4,
        alpha=tf.constant(1.0),
        seed=tf.constant([3, 4]),
      )
    # Noise and share of two domains, and two changes of two domains.
    self.assertLen(used, 8)
    self.assertLen(set(used), 8)


if __name__ == '__main__':
  two_devices.configure()
  tf.test.main()
