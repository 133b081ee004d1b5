"""Every adversarial loss with every penalty and every norm takes a step."""

import functools

import keras
import numpy as np
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


class Chosen:
  """The objective `choice`, which can be another one in every step."""

  def __init__(self):
    self.choose()

  def choose(self, **options):
    self.choice = twingan_objective.Objective(**options)
    self.choice.build(DOMAINS, 8, replicas=1)

  def __getattr__(self, name):
    return getattr(self.choice, name)


@functools.cache
def networks(norm, shared=False):
  """One trainer for all that is done to this norm and to such judges."""
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


class EveryCombinationTest(parameterized.TestCase, tf.test.TestCase):
  def setUp(self):
    super().setUp()
    # A step is taken once: tracing it would take longer than running it.
    tf.config.run_functions_eagerly(True)
    self.addCleanup(tf.config.run_functions_eagerly, False)

  @parameterized.product(
    norm=domain_norm.KINDS, adversarial=list(adversarial_losses.ADVERSARIAL)
  )
  def test_a_step_moves_all_weights_and_keeps_them_finite(
    self, norm, adversarial
  ):
    self.assert_every_penalty_moves_all(networks(norm), adversarial)

  @parameterized.parameters(*adversarial_losses.ADVERSARIAL)
  def test_one_discriminator_of_all_domains_does_so_too(self, adversarial):
    self.assert_every_penalty_moves_all(
      networks('batch', shared=True), adversarial
    )

  def assert_every_penalty_moves_all(self, maker, adversarial):
    # What is added to all logits alike is nothing to a difference of them: a
    # critic's bias moves only if a leaky ReLU after it tells images apart.
    trained = [
      *maker.model.trainable_variables,
      *(
        v
        for critic in tf.nest.flatten(maker.discriminators)
        for v in critic.trainable_variables
        if not v.name.startswith('bias')
      ),
    ]
    for penalty in [*gradient_penalties.PENALTIES, gradient_penalties.NONE]:
      with self.subTest(penalty=penalty):
        # The other terms know neither loss nor penalty, and take their time.
        maker.objective.choose(
          adversarial=adversarial,
          penalty=penalty,
          content_weight=0.0,
          cycle_weight=0.0,
        )
        before = [v.numpy() for v in trained]
        terms = maker.step(
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
        maker.check_finite()
        for old, variable in zip(before, trained):
          self.assertNotAllEqual(old, variable, variable.name)


if __name__ == '__main__':
  tf.test.main()
