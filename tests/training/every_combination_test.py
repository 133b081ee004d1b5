"""Steps with every adversarial loss, gradient penalty and norm."""

import functools

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
from tf_twingan.models import configs, twingan
from tf_twingan.models.discriminators import progressive
from tf_twingan.training import trainer

DOMAINS = ('photo', 'anime')
LOSSES = tuple(adversarial_losses.ADVERSARIAL)
PENALTIES = (*gradient_penalties.PENALTIES, gradient_penalties.NONE)


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
  """One trainer for all tests of a norm and a kind of discriminator."""
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

  @parameterized.parameters(*enumerate(configs.NORMS))
  def test_every_pair_of_choices_takes_a_step(self, index, norm):
    # A penalty each for this norm, with the next loss: together with the other
    # norms, every pair of norm, loss and penalty.
    for offset, penalty in enumerate(PENALTIES):
      self.assert_all_weights_move(
        networks(norm), LOSSES[(index + offset) % len(LOSSES)], [penalty]
      )

  def test_one_discriminator_of_all_domains_takes_them_too(self):
    for index, penalty in enumerate(PENALTIES):
      self.assert_all_weights_move(
        networks('batch', shared=True), LOSSES[index % len(LOSSES)], [penalty]
      )

  @parameterized.product(norm=configs.NORMS, adversarial=LOSSES)
  @pytest.mark.slow
  def test_every_combination_takes_a_step(self, norm, adversarial):
    self.assert_all_weights_move(networks(norm), adversarial, PENALTIES)

  @parameterized.parameters(*LOSSES)
  @pytest.mark.slow
  def test_one_discriminator_of_all_domains_takes_all_of_them(
    self, adversarial
  ):
    self.assert_all_weights_move(
      networks('batch', shared=True), adversarial, PENALTIES
    )

  def assert_all_weights_move(self, made, adversarial, penalties):
    """A step moves all weights and keeps them finite, with each penalty."""
    # What is added to all logits alike is nothing to a difference of them: a
    # bias moves only if a leaky ReLU after it tells images apart.
    trained = [
      *made.model.trainable_variables,
      *(
        v
        for network in tf.nest.flatten(made.discriminators)
        for v in network.trainable_variables
        if not v.name.startswith('bias')
      ),
    ]
    for penalty in penalties:
      with self.subTest(adversarial=adversarial, penalty=penalty):
        # The other terms know neither loss nor penalty, and take their time.
        made.objective.choose(
          adversarial=adversarial,
          penalty=penalty,
          content_weight=0.0,
          cycle_weight=0.0,
        )
        before = [v.numpy() for v in trained]
        terms = made.step(
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
        made.check_finite()
        for old, variable in zip(before, trained):
          self.assertNotAllEqual(old, variable, variable.name)


if __name__ == '__main__':
  tf.test.main()
