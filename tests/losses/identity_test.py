"""Identity distillation: its terms, and what they move."""

import functools
import signal

import keras
import numpy as np
import pytest
import tensorflow as tf

from tests import program_process, training_process, two_devices
from tf_twingan.data import batch_stream
from tf_twingan.losses import (
  base_objective,
  identity,
  reconstruction_losses,
  twingan_objective,
)
from tf_twingan.models import twingan
from tf_twingan.models.discriminators import progressive
from tf_twingan.training import trainer

DOMAINS = ('photo', 'anime')
SIZES = {'photo': 3}
STEP = dict(alpha=0.5, ema_decay=0.5)
ALONE = dict(
  reconstruction_weight=0.0,
  content_weight=0.0,
  cycle_weight=0.0,
  adversarial_weight=0.0,
  penalty='none',
  identity_weight=1.0,
)


def make_model(domains=DOMAINS):
  keras.utils.set_random_seed(1)
  return twingan.TwinGAN(
    domains, max_resolution=8, channels_base=8, channels_max=4
  )


def make(strategy=None, *, sizes=None, objective=None, **options):
  keras.utils.set_random_seed(1)
  objective = objective or twingan_objective.Objective(
    **{**ALONE, 'identity_from': 8, **options}
  )
  return trainer.Trainer(
    DOMAINS,
    8,
    model=functools.partial(twingan.TwinGAN, channels_base=8, channels_max=4),
    discriminator=functools.partial(
      progressive.Discriminator, channels_base=8, channels_max=4
    ),
    objective=objective,
    strategy=strategy or tf.distribute.get_strategy(),
    learning_rate=1e-2,
    vector_sizes=SIZES if sizes is None else sizes,
  )


def batches(resolution=8):
  noise = np.random.default_rng(0)
  return batch_stream.Batches(
    {d: noise.integers(0, 256, [6, 8, 8, 3], np.uint8) for d in DOMAINS},
    vectors={'photo': noise.normal(size=[6, 3]).astype(np.float32)},
  ).stream(0, resolution=resolution, batch_size=4)


class Fitting(base_objective.BaseObjective):
  """Compares images with their vectors, and pulls at a variable."""

  needs_vectors = True

  def build_for_vectors(self, model, vector_sizes):
    assert model.domains == DOMAINS and vector_sizes == SIZES
    self.own = tf.Variable(1.0)
    self.trainable_variables = [self.own]
    return {'own': self.own}

  def compute(self, model, discriminators, reals, *, vectors, **stage):
    numbers = (reals['photo'] + 1) * 127.5
    apart = tf.reduce_max(tf.abs(numbers[:, 0, 0] - vectors['photo']))
    count = tf.constant(float(numbers.shape[0]))
    return base_objective.Losses(
      {'own': 2 * self.own}, {}, observed={'apart': apart, 'images': count}
    )


class IdentityTest(tf.test.TestCase):
  def test_terms_by_hand(self):
    objective = identity.Identity(2, {'photo': 2, 'cat': 1})
    objective.projections['photo'].kernel.assign([[0.0, 2.0], [4.0, 0.0]])
    objective.projections['photo'].bias.assign([0.0, 3.0])
    scale = 2**0.5  # Of the equalized learning rate: 1 / sqrt(2).
    # One image of each of photo, anime and cat, a code of 1 x 1 x 2.
    real = tf.reshape([2 * scale, 0.0, 1.0, 1.0, 0.0, 0.0], [3, 1, 1, 2])
    moved = tf.reshape([0.0, scale, 1.0, 1.0, 0.0, 0.0], [3, 1, 1, 2])
    terms = objective.losses(
      ('photo', 'anime', 'cat'),
      {'photo': tf.constant([[0.0, 5.0]]), 'cat': tf.ones([1, 1])},
      real=real,
      translated=moved,
    )
    self.assertAllClose(
      terms,
      {
        'identity/photo': 0.0,  # (0, 7) and (0, 5).
        'identity_translated/photo': 1 - 3 / 5,  # (4, 3) and (0, 5).
        'identity/cat': 1.0,
        'identity_translated/cat': 1.0,
      },
    )
    self.assertLen(objective.trainable_variables, 4)

  def test_the_objective_reads_images_and_their_translations(self):
    domains = ('photo', 'anime', 'cat')
    reals = {
      d: tf.random.stateless_uniform([2, 8, 8, 3], [i, 0], -1.0, 1.0)
      for i, d in enumerate(domains)
    }
    vectors = {
      'anime': tf.constant([[1.0, 2.0], [3.0, -1.0]]),
      'cat': tf.constant([[1.0], [-1.0]]),
    }
    stage = dict(resolution=8, alpha=1.0)
    discriminators = {
      d: progressive.Discriminator(8, channels_base=8, channels_max=4)
      for d in domains
    }
    for shift in (1, 2):
      objective = twingan_objective.Objective(
        **{**ALONE, 'identity_weight': 3.0, 'identity_from': 8}
      )
      model = make_model(domains)
      objective.build_for_vectors(model, {'anime': 2, 'cat': 1})
      found = objective.compute(
        model, discriminators, reals, shift=shift, vectors=vectors, **stage
      ).generator
      projections = objective._identity.projections
      model = make_model(domains)
      outputs = model.reconstruct_and_translate(
        reals, shift=shift, training=True, **stage
      )
      again = model.encode(
        tf.concat(tf.unstack(outputs.translations), 0),
        domains,
        training=True,
        statistics_update=0.0,
        **stage,
      )
      real = tf.split(outputs.encoding.content, 3)
      codes = tf.split(again.content, 3)
      for index, domain in ((1, 'anime'), (2, 'cat')):
        for name, code in (
          ('identity', real[index]),
          ('identity_translated', codes[(index + shift) % 3]),
        ):
          self.assertAllClose(
            found[f'{name}/{domain}'],
            3
            * reconstruction_losses.cosine(
              projections[domain](tf.reshape(code, [2, -1])), vectors[domain]
            ),
            rtol=1e-4,
          )
      self.assertNotIn('identity/photo', found)
      coarse = {d: p[:, ::2, ::2] for d, p in reals.items()}
      found = objective.compute(
        model, discriminators, coarse, vectors=vectors, resolution=4, alpha=1.0
      ).generator
      self.assertNotIn('identity/anime', found)

  @pytest.mark.slow
  def test_a_step_moves_projection_and_networks_and_more_steps_learn(self):
    made = make(identity_from=4)
    (projection,) = made.state['identity'].values()
    watched = {
      'projection': projection.kernel,
      'bias': projection.bias,
      'encoder': made.model.encoder.from_rgb['4px'].conv.kernel,
      'generator': made.model.generator.blocks['4px'][0].conv.kernel,
    }
    before = {name: v.numpy() for name, v in watched.items()}
    stream = iter(batches(4))
    first = made.step(next(stream), step=0, resolution=4, **STEP)
    for name, variable in watched.items():
      self.assertNotAllEqual(before[name], variable, name)
    self.assertLen(
      made.ema_model.variables, len(made.model.variables)
    )  # It is not averaged.
    for step in range(1, 60):
      terms = made.step(next(stream), step=step, resolution=4, **STEP)
    for name in ('identity/photo', 'identity_translated/photo'):
      self.assertLess(terms[name], first[name] - 0.3, name)
    self.assertNotIn('identity/anime', terms)
    projection.kernel.assign(projection.kernel * np.nan)
    with self.assertRaisesRegex(FloatingPointError, 'hold NaN'):
      made.check_finite()

  def test_a_coarse_stage_leaves_the_projection_alone(self):
    # Once: tracing a step takes longer than running it.
    tf.config.run_functions_eagerly(True)
    self.addCleanup(tf.config.run_functions_eagerly, False)
    made = make(reconstruction_weight=1.0)
    (projection,) = made.state['identity'].values()
    before = projection.kernel.numpy()
    terms = made.step(next(iter(batches(4))), step=0, resolution=4, **STEP)
    self.assertNotIn('identity/photo', terms)
    self.assertAllEqual(before, projection.kernel)

  @pytest.mark.slow
  def test_two_replicas_get_the_rows_of_their_own_images(self):
    strategy = two_devices.strategy()
    made = make(strategy, objective=Fitting())
    images = np.arange(6, dtype=np.uint8)[:, None, None, None]
    images = np.broadcast_to(images, [6, 8, 8, 3])
    stream = batch_stream.Batches(
      {d: images for d in DOMAINS},
      vectors={'photo': np.arange(6, dtype=np.float32)[:, None]},
    ).stream(0, resolution=8, batch_size=4)
    stream = iter(strategy.experimental_distribute_dataset(stream))
    for step in range(3):
      terms = made.step(
        next(stream), step=step, resolution=8, **{**STEP, 'alpha': 1.0}
      )
      self.assertEqual(terms['images'], 2)
      self.assertAllClose(terms['apart'], 0.0, atol=1e-4)
    # Adam's steps are the learning rate, both replicas' together.
    self.assertAllClose(made.objective.own, 1 - 3 * 1e-2, atol=1e-4)

  def test_what_cannot_be_is_named(self):
    with self.assertRaisesRegex(
      ValueError, r'weight is 1.0, but .* no domain carry .* add \?vectors='
    ):
      make(sizes={})
    with self.assertRaisesRegex(
      ValueError, 'identity_from is 16 px, but training ends at 8 px; lower'
    ):
      make(identity_from=16)


WITH = "photo='avatars:toon-head?limit=16&vectors=factors'"
ON = ('Objective.identity_weight=1.0', 'Objective.identity_from=4')


class RunTest(tf.test.TestCase):
  @pytest.mark.slow
  def test_vectors_and_weight_need_each_other(self):
    (code, output), (refused, error) = program_process.run_each(
      'train',
      *(
        [
          '--gin_file=tiny.gin',
          f'--run_dir={training_process.new_run()}',
          *(
            f'--gin_param={param}'
            for param in (
              'Growth.final_resolution=4',
              'train.stop_after_images=8',
              *params,
            )
          ),
        ]
        for params in ([WITH], ON)
      ),
    )
    self.assertEqual(code, 128 + signal.SIGINT, output)
    self.assertIn('nothing learns from the vectors of photo; set', output)
    self.assertEqual(refused, 1, error)
    self.assertStartsWith(
      error.strip().splitlines()[-1],
      'Error: Objective.identity_weight is 1.0, but the images of no domain',
    )
    self.assertNotIn('Traceback', error)


if __name__ == '__main__':
  two_devices.configure()
  tf.test.main()
