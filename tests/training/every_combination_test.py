"""Training steps with all pairs of norm, adversarial loss and penalty.

The slow tests take a step with every combination of the three.
"""

import functools
import itertools

import keras
import numpy as np
import pytest
import tensorflow as tf
from absl.testing import parameterized

from tf_twingan.losses import (
  adversarial_losses,
  gradient_penalties,
  twingan_objective,
)
from tf_twingan.models import domain_norm, twingan
from tf_twingan.models.discriminators import progressive
from tf_twingan.training import trainer

DOMAINS = ('photo', 'anime')
ADVERSARIAL = tuple(adversarial_losses.ADVERSARIAL)
PENALTIES = (*gradient_penalties.PENALTIES, gradient_penalties.NONE)
# Options of `networks`: each norm, and one discriminator of all domains.
NETWORKS = (*((norm, False) for norm in domain_norm.KINDS), ('batch', True))


def pairwise(index):
  """Returns adversarial losses with penalties for one entry of `NETWORKS`.

  All entries together have every pair of network and adversarial loss, of
  network and penalty, and of adversarial loss and penalty.
  """
  return [
    (
      ADVERSARIAL[number % len(ADVERSARIAL)],
      PENALTIES[(index + number) % len(PENALTIES)],
    )
    for number in range(max(len(ADVERSARIAL), len(PENALTIES)))
  ]


class Chosen:
  """An objective that can be replaced between steps."""

  def __init__(self):
    self.choose()

  def choose(self, **options):
    self.choice = twingan_objective.Objective(**options)
    self.choice.build(DOMAINS, 8, replicas=1)

  def __getattr__(self, name):
    return getattr(self.choice, name)


@functools.cache
def networks(norm, shared=False):
  """Returns the trainer of networks with this norm, built once."""
  keras.utils.set_random_seed(1)
  return trainer.Trainer(
    DOMAINS,
    8,
    model=functools.partial(
      twingan.TwinGAN, channels_base=8, channels_max=4, norm=norm
    ),
    discriminator=functools.partial(
      progressive.Discriminator, channels_base=8, channels_max=4
    ),
    objective=Chosen(),
    strategy=tf.distribute.get_strategy(),
    learning_rate=1e-3,
    discriminator_learning_rate=1e-3,
    shared_discriminator=shared,
  )


def batch():
  generator = np.random.default_rng(0)
  return {
    d: tf.constant(generator.integers(0, 256, [4, 8, 8, 3], dtype=np.uint8))
    for d in DOMAINS
  }


class StepsTest(parameterized.TestCase, tf.test.TestCase):
  def setUp(self):
    super().setUp()
    # A step is taken once: tracing it would take longer than running it.
    tf.config.run_functions_eagerly(True)
    self.addCleanup(tf.config.run_functions_eagerly, False)

  def assert_steps_move_all(self, trainer_, losses):
    # Adding the same to all logits does not change their difference: a
    # discriminator's bias moves only if a leaky ReLU after it tells images
    # apart.
    trained = [
      *trainer_.model.trainable_variables,
      *(
        v
        for discriminator in tf.nest.flatten(trainer_.discriminators)
        for v in discriminator.trainable_variables
        if not v.name.startswith('bias')
      ),
    ]
    for adversarial, penalty in losses:
      with self.subTest(adversarial=adversarial, penalty=penalty):
        # The other losses do not depend on these, and take their time.
        trainer_.objective.choose(
          adversarial=adversarial,
          penalty=penalty,
          content_weight=0.0,
          cycle_weight=0.0,
        )
        before = [v.numpy() for v in trained]
        terms = trainer_.step(
          batch(), step=0, resolution=8, alpha=0.5, ema_decay=0.5
        )
        # What was chosen is what was trained.
        self.assertNotIn('content', terms)
        for name, value in terms.items():
          self.assertTrue(np.isfinite(value), name)
        for name in ('penalty/photo', 'penalty/anime'):
          self.assertEqual(
            terms.get(name, 0) > 0, penalty != gradient_penalties.NONE
          )
        trainer_.check_finite()
        for old, variable in zip(before, trained):
          self.assertNotAllEqual(old, variable, variable.name)


class PairwiseTest(StepsTest):
  def test_every_pair_is_among_them(self):
    chosen = [
      (network, adversarial, penalty)
      for index, network in enumerate(NETWORKS)
      for adversarial, penalty in pairwise(index)
    ]
    for first, second in ((0, 1), (0, 2), (1, 2)):
      values = (NETWORKS, ADVERSARIAL, PENALTIES)
      self.assertCountEqual(
        {(options[first], options[second]) for options in chosen},
        itertools.product(values[first], values[second]),
      )

  @parameterized.parameters(*range(len(NETWORKS)))
  def test_a_step_moves_all_weights_and_keeps_them_finite(self, index):
    self.assert_steps_move_all(networks(*NETWORKS[index]), pairwise(index))


@pytest.mark.slow
class EveryCombinationTest(StepsTest):
  @parameterized.product(network=NETWORKS, adversarial=ADVERSARIAL)
  def test_a_step_moves_all_weights_and_keeps_them_finite(
    self, network, adversarial
  ):
    self.assert_steps_move_all(
      networks(*network), [(adversarial, penalty) for penalty in PENALTIES]
    )


if __name__ == '__main__':
  tf.test.main()
