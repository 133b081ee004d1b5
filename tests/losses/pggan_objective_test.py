"""Training to generate from noise: losses by hand, steps and statistics."""

import functools

import keras
import numpy as np
import tensorflow as tf
from absl.testing import parameterized

from tf_twingan.losses import image_augmentation, pggan_objective
from tf_twingan.models import pggan
from tf_twingan.models.discriminators import progressive
from tf_twingan.training import preprocessing, trainer

STEP = dict(resolution=8, alpha=0.5, ema_decay=0.5)


def make(domains=('photo', 'anime'), *, norm='none', shared=False, **options):
  keras.utils.set_random_seed(1)
  small = dict(channels_base=8, channels_max=4)
  return trainer.Trainer(
    domains,
    8,
    model=functools.partial(
      pggan.ProgressiveGAN, latent_size=6, norm=norm, **small
    ),
    discriminator=functools.partial(progressive.Discriminator, **small),
    objective=pggan_objective.NoiseObjective(**options),
    strategy=tf.distribute.get_strategy(),
    learning_rate=1e-3,
    discriminator_learning_rate=1e-3,
    shared_discriminator=shared,
  )


def batch(made):
  generator = np.random.default_rng(0)
  return {
    d: tf.constant(generator.integers(0, 256, [4, 8, 8, 3], dtype=np.uint8))
    for d in made.model.domains
  }


class Counting:
  """Generates images as plain as the first number of their noise."""

  domains = ('photo', 'anime')

  def noise(self, count, seed):
    del seed
    return tf.range(count, dtype=tf.float32)[:, None] / 10

  def generate(self, latents, domains, **stage_and_mode):
    assert domains == self.domains and stage_and_mode['training']
    return tf.tile(latents[:, None, None], [1, 8, 8, 3])


DISCRIMINATORS = {
  'photo': lambda images, **_: tf.reduce_mean(images, axis=[1, 2, 3]),
  'anime': lambda images, **_: 2 * tf.reduce_mean(images, axis=[1, 2, 3]),
}


class NoiseObjectiveTest(parameterized.TestCase, tf.test.TestCase):
  def setUp(self):
    super().setUp()
    # A step is taken once or twice: tracing it takes longer than running it.
    tf.config.run_functions_eagerly(True)
    self.addCleanup(tf.config.run_functions_eagerly, False)

  def test_every_term_by_hand(self):
    result = pggan_objective.NoiseObjective(drift_weight=0.5).compute(
      Counting(),
      DISCRIMINATORS,
      {d: tf.ones([2, 8, 8, 3]) for d in Counting.domains},
      resolution=8,
      alpha=1.0,
      seed=tf.constant([0, 1]),
    )
    # Photos are generated from 0.0 and 0.1, anime from 0.2 and 0.3.
    self.assertAllClose(
      result.generator,
      {'adversarial/photo': -0.05, 'adversarial/anime': -2 * 0.25},
    )
    self.assertAllClose(
      result.discriminator,
      {
        'discriminator/photo': 0.05 - 1,
        'discriminator/anime': 2 * (0.25 - 1),
        'drift/photo': 0.5,
        'drift/anime': 2.0,
      },
    )
    self.assertAllClose(result.fakes['anime'][1], tf.fill([8, 8, 3], 0.3))

  @parameterized.parameters(
    ('none', 'wasserstein', False),
    ('batch', 'non_saturating', True),
    ('batch_renorm', 'wasserstein', True),
  )
  def test_a_step_moves_all_weights(self, norm, adversarial, shared):
    made = make(norm=norm, adversarial=adversarial, shared=shared)
    trained = made.model.trainable_variables + [
      v
      for v in made.discriminator_variables
      # Differences of logits move few of these, see `every_combination_test`.
      if not v.name.startswith('bias')
    ]
    before = [v.numpy() for v in trained]
    terms = made.step(batch(made), step=0, **STEP)
    self.assertGreater(terms['penalty/photo'], 0)
    made.check_finite()
    for old, variable in zip(before, trained):
      self.assertNotAllEqual(old, variable, variable.name)

  def test_one_domain_augmented_takes_steps(self):
    made = make(['anime'], augmentation=image_augmentation.Augmentation())
    for step in range(2):
      terms = made.step(batch(made), step=step, **STEP)
      self.assertTrue(all(np.isfinite(v) for v in terms.values()))

  def test_the_noise_of_a_step_is_its_own_and_always_the_same(self):
    outputs = []
    for step in (3, 3, 4):
      made = make()
      result = made.objective.compute(
        made.model,
        made.discriminators,
        preprocessing.real_images(
          batch(made), made.model.domains, tf.constant(1.0)
        ),
        resolution=8,
        alpha=1.0,
        seed=tf.constant([0, step]),
      )
      outputs.append(result.fakes['photo'])
      self.assertNotAllClose(result.fakes['anime'], outputs[-1])
    self.assertAllEqual(outputs[0], outputs[1])
    self.assertNotAllClose(outputs[0], outputs[2])

  def test_statistics_are_estimated_from_generated_images(self):
    made = make(norm='batch')
    made.estimate_statistics([batch(made)] * 8, resolution=8, alpha=1.0)
    own = made.ema_model.first_layer.norm.parameters['photo']
    deviation = np.sqrt(own['moving_variance'])
    self.assertGreater(np.abs(own['moving_mean']).max(), 0.01)
    latents = made.ema_model.noise(512, (9, 9))
    code = made.ema_model.first_layer.dense(
      latents / tf.norm(latents, axis=1, keepdims=True) * np.sqrt(6)
    )
    true = np.std(tf.reshape(code, [-1, 4]), axis=0)
    self.assertAllClose(deviation, true, rtol=0.2)


if __name__ == '__main__':
  tf.test.main()
