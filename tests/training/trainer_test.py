"""One training step, on one device and on two."""

import functools

import keras
import numpy as np
import pytest
import tensorflow as tf
from absl.testing import parameterized

from tests import two_devices
from tf_twingan.losses import twingan_objective
from tf_twingan.models import spectral_normalization, twingan
from tf_twingan.models.discriminators import progressive
from tf_twingan.training import preprocessing, trainer

DOMAINS = ('photo', 'anime')
STEP = dict(resolution=8, alpha=0.5, ema_decay=0.5)


def make(
  strategy=None,
  *,
  precision='float32',
  norm='batch_renorm',
  spectral_norm=False,
  ramp=None,
  generating_rate=1e-2,
  **options,
):
  keras.utils.set_random_seed(1)
  return trainer.Trainer(
    DOMAINS,
    8,
    model=functools.partial(
      twingan.TwinGAN,
      channels_base=16,
      channels_max=8,
      norm=norm,
      spectral_norm=spectral_norm,
      renorm_ramp_steps=ramp,
      precision=precision,
    ),
    discriminator=functools.partial(
      progressive.Discriminator,
      channels_base=16,
      channels_max=8,
      spectral_norm=spectral_norm,
    ),
    objective=twingan_objective.Objective(
      penalty='r1', penalty_interval=2, **options
    ),
    strategy=strategy or tf.distribute.get_strategy(),
    learning_rate=generating_rate,
    discriminator_learning_rate=1e-2,
  )


@functools.cache
def shared(precision='float32'):
  """One trainer for several tests: tracing a step takes seconds."""
  return make(precision=precision)


def batch(size=8, seed=0):
  generator = np.random.default_rng(seed)
  return {
    d: generator.integers(0, 256, [size, 8, 8, 3], dtype=np.uint8)
    for d in DOMAINS
  }


def weights(made):
  return [
    v.numpy() for v in made.model.variables + made.discriminator_variables
  ]


class TrainerTest(parameterized.TestCase, tf.test.TestCase):
  def setUp(self):
    super().setUp()
    # A step is taken once or twice: tracing it takes longer than running it.
    tf.config.run_functions_eagerly(True)
    self.addCleanup(tf.config.run_functions_eagerly, False)

  def test_a_step_moves_both_sides(self):
    made = shared()
    before = weights(made)
    terms = made.step(batch(), step=0, **STEP)
    self.assertEqual(
      set(terms),
      {'reconstruction', 'content', 'cycle'}
      | {
        f'{kind}/{d}'
        for kind in ('adversarial', 'discriminator', 'penalty')
        for d in DOMAINS
      },
    )
    moved = [not np.array_equal(a, b) for a, b in zip(before, weights(made))]
    # One stage runs every block there is.
    for name, change in zip(
      [v.name for v in made.model.variables + made.discriminator_variables],
      moved,
    ):
      self.assertTrue(change, name)

  def test_inactive_blocks_stay_as_they_are(self):
    made = shared()
    key = '8px'
    inactive = [c.conv.kernel for c in made.model.generator.blocks[key]] + [
      c.kernel for c in made.discriminators['photo'].blocks[key]
    ]
    before = [v.numpy() for v in inactive]
    small = {d: p[:, ::2, ::2] for d, p in batch().items()}
    made.step(small, step=0, **{**STEP, 'resolution': 4})
    for old, variable in zip(before, inactive):
      self.assertAllEqual(old, variable)

  def test_the_penalty_comes_every_kth_step(self):
    made = shared()
    values = [
      float(made.step(batch(), step=s, **STEP)['penalty/photo'])
      for s in range(4)
    ]
    self.assertGreater(values[0], 0)
    self.assertEqual(values[1], 0)
    self.assertGreater(values[2], 0)

  def test_gradients_hold_the_penalty_and_each_side_has_its_rate(self):
    # No moments and no seeds, so that the gradient is known beforehand.
    made = make(norm='instance', generating_rate=4e-2, penalty_weight=20.0)
    data = batch()
    reals = preprocessing.real_images(data, DOMAINS, tf.constant(STEP['alpha']))
    stage = dict(resolution=8, alpha=tf.constant(STEP['alpha']))
    seed = tf.constant([0, 0])

    def gradients(penalized):
      with tf.GradientTape() as tape:
        losses = made.objective.compute(
          made.model, made.discriminators, reals, seed=seed, shift=1, **stage
        )
        terms = [*losses.discriminator.values()]
        if penalized:
          terms += made.objective.penalties(
            made.discriminators, reals, losses.fakes, seed=seed, **stage
          ).values()
        loss = tf.add_n(terms)
      return tape.gradient(loss, made.discriminator_variables)

    for step, penalized in ((0, True), (1, False)):
      made.start_stage()
      expected = gradients(penalized)
      other = gradients(not penalized)
      before = weights(made)
      made.step(data, step=step, **STEP)
      # Without beta_1, Adam's first moments are the last gradients. Of its
      # variables the last are two moments of each weight.
      moments = made.discriminator_adam.variables[
        -2 * len(made.discriminator_variables) :
      ]
      applied = moments[::2]
      scale = max(float(tf.reduce_max(tf.abs(g))) for g in expected)
      for own, hand in zip(applied, expected, strict=True):
        self.assertAllClose(own, hand, rtol=0, atol=5e-3 * scale)
      difference = max(
        float(tf.reduce_max(tf.abs(a - b))) for a, b in zip(applied, other)
      )
      self.assertGreater(difference, 0.05 * scale)
      # Adam's first step is its rate, wherever there is a gradient.
      moves = [np.abs(a - b).max() for a, b in zip(weights(made), before)]
      count = len(made.model.variables)
      self.assertAllClose(max(moves[:count]), 4e-2, rtol=1e-2)
      self.assertAllClose(max(moves[count:]), 1e-2, rtol=1e-2)

  @pytest.mark.slow
  def test_two_replicas_equal_one(self):
    # At 4 px, and one of the two is traced, for that takes long.
    small = {**STEP, 'resolution': 4}
    one = make(cycle_weight=0.0)
    two = make(two_devices.strategy(), cycle_weight=0.0)
    for made in (one, two):
      made.start_stage()
    for a, b in zip(
      one.model.variables + one.discriminator_variables,
      two.model.variables + two.discriminator_variables,
    ):
      b.assign(a.numpy())
    for step in range(2):
      data = {d: p[:, ::2, ::2] for d, p in batch(8, seed=step).items()}
      tf.config.run_functions_eagerly(True)
      terms = one.step(data, step=step, **small)
      tf.config.run_functions_eagerly(False)
      merged = {
        d: two.strategy.experimental_distribute_values_from_function(
          lambda context, d=d, data=data: tf.constant(
            data[d][4 * context.replica_id_in_sync_group :][:4]
          )
        )
        for d in DOMAINS
      }
      other = two.step(merged, step=step, **small)
      for name, value in terms.items():
        self.assertAllClose(value, other[name], rtol=2e-4, msg=name)
    for a, b in zip(one.model.variables, two.model.variables):
      # Adam's first steps are about the sign of a gradient, so entries whose
      # gradient is rounding noise may go either way.
      close = np.isclose(a.numpy(), b.numpy(), rtol=1e-3, atol=1e-3)
      self.assertGreater(np.mean(close), 0.97, a.name)

  @parameterized.parameters('bfloat16', 'float16')
  def test_mixed_precision_takes_a_step(self, precision):
    made = shared(precision)
    terms = made.step(batch(), step=0, **STEP)
    for name, value in terms.items():
      self.assertTrue(np.isfinite(float(value)), name)
    made.check_finite()
    self.assertEqual(made.model.variables[0].dtype, tf.float32)

  def test_an_overflow_skips_the_step_and_halves_the_scale(self):
    made = shared('float16')
    made.loss_scale.value.assign(3e38)
    trained = made.model.trainable_variables + made.discriminator_variables
    before = [v.numpy() for v in trained]
    made.step(batch(), step=1, **STEP)
    for old, new in zip(before, trained):
      self.assertAllEqual(old, new)
    self.assertNear(made.loss_scale.value.numpy(), 1.5e38, 1e33)
    made.loss_scale.value.assign(1024.0)

  def test_the_average_follows_the_model(self):
    made = shared()
    kernel = made.model.generator.to_rgb['8px'].kernel
    average = made.ema_model.generator.to_rgb['8px'].kernel
    start = average.numpy()
    made.step(batch(), step=0, **{**STEP, 'ema_decay': 0.75})
    self.assertAllClose(average, 0.75 * start + 0.25 * kernel.numpy())
    made.step(batch(), step=1, **{**STEP, 'ema_decay': 0.0})
    self.assertAllEqual(average, kernel)

  def test_decay_is_timed_in_images_and_warms_up(self):
    made = shared()
    self.assertEqual(made.ema_decay(0, 8), 0)
    self.assertAlmostEqual(made.ema_decay(10**9, 8), 0.5 ** (8 / 10_000))
    self.assertAlmostEqual(made.ema_decay(100, 8), 0.5 ** (8 / 20))

  def test_a_rate_of_zero_moves_no_weight(self):
    made = shared()
    trained = made.model.trainable_variables + made.discriminator_variables
    before = [v.numpy() for v in trained]
    made.step(batch(), step=1, **STEP, rate=0.0)
    for old, variable in zip(before, trained):
      np.testing.assert_array_equal(old, variable.numpy())
    made.step(batch(), step=1, **STEP)
    for side in (0, -1):
      self.assertNotAllEqual(before[side], trained[side])

  def test_the_model_may_rest_while_discriminators_learn(self):
    made = shared()
    model, discriminators = (
      made.model.trainable_variables,
      made.discriminator_variables,
    )
    before = [v.numpy() for v in (*model, *discriminators)]
    made.step(batch(), step=1, **STEP, generator_rate=0.0)
    after = [v.numpy() for v in (*model, *discriminators)]
    for index, (old, new) in enumerate(zip(before, after)):
      self.assertEqual(np.array_equal(old, new), index < len(model))
    # What it saw is normalized by what it saw; and then it goes on.
    made.step(batch(), step=1, **STEP)
    self.assertNotAllEqual(before[0], model[0])

  def test_a_new_stage_restarts_the_optimizers(self):
    made = shared()
    made.step(batch(), step=0, **STEP)
    rate = float(made.generator_adam.learning_rate)
    made.start_stage()
    self.assertEqual(int(made.generator_adam.iterations), 0)
    self.assertEqual(float(made.generator_adam.learning_rate), rate)
    kernel = made.model.generator.blocks['8px'][0].conv.kernel
    before = kernel.numpy()
    made.step(batch(), step=1, **STEP)
    # Adam's first step is the learning rate, not several times it.
    self.assertNear(np.abs(kernel.numpy() - before).max(), 1e-2, 1e-4)

  def test_statistics_make_inference_what_training_sees(self):
    made = make()
    data = batch(32)
    made.estimate_statistics([data], resolution=8, alpha=1.0)
    reals = {d: tf.cast(p, tf.float32) / 127.5 - 1 for d, p in data.items()}
    outputs = made.ema_model.reconstruct_and_translate(
      reals, resolution=8, training=True
    )
    single = made.ema_model.translate(
      reals['photo'], 'photo', 'anime', resolution=8
    )
    self.assertAllClose(outputs.translations[1], single, atol=0.02)

  def test_a_step_improves_singular_vectors_once(self):
    made = make(spectral_norm=True)
    networks = [made.model, made.ema_model, made.discriminators['photo']]
    pairs = [
      p
      for n in networks
      for p in spectral_normalization.right_singular_vectors(n)
    ]
    before = [direction.numpy() for _, direction in pairs]
    small = {d: p[:, ::2, ::2] for d, p in batch().items()}
    made.step(small, step=1, **{**STEP, 'resolution': 4})
    for old, (kernel, direction) in zip(before, pairs, strict=True):
      matrix = kernel.numpy().reshape([-1, len(old)])
      moved = matrix.T @ (matrix @ old)
      self.assertAllClose(direction, moved / np.linalg.norm(moved), atol=1e-5)
    # They belong to weights, not to the norms' statistics.
    kept = [direction.numpy() for _, direction in pairs]
    made.start_stage()
    made.estimate_statistics([small], resolution=4, alpha=1.0)
    for old, (_, direction) in zip(kept, pairs, strict=True):
      self.assertAllEqual(old, direction)

  def test_the_model_gets_the_age_of_a_stage(self):
    made = make(ramp=4)
    small = {d: p[:, ::2, ::2] for d, p in batch().items()}
    for stage_step, ramp in ((1, 0.25), (9, 1.0)):
      made.step(
        small, step=1, stage_step=stage_step, **{**STEP, 'resolution': 4}
      )
      for network in (made.model, made.ema_model):
        self.assertAllEqual(network.non_trainable_variables[0], ramp)
    made.start_stage()
    made.estimate_statistics([small], resolution=4, alpha=1.0)
    self.assertAllEqual(made.ema_model.non_trainable_variables[0], 1.0)

  def test_non_finite_weights_are_named(self):
    made = make()
    made.check_finite()
    kernel = made.model.generator.to_rgb['8px'].kernel
    before = kernel.numpy()
    kernel.assign(kernel * np.nan)
    with self.assertRaisesRegex(
      FloatingPointError, 'model/generator/to_rgb/8px/kernel hold NaN'
    ):
      made.check_finite()
    kernel.assign(before)
    # A gradient of 1e20 leaves weights finite and Adam's average infinite.
    made.generator_adam.variables[-1].assign_add(
      tf.fill(made.generator_adam.variables[-1].shape, np.inf)
    )
    with self.assertRaisesRegex(FloatingPointError, 'NaN or Inf'):
      made.check_finite()


if __name__ == '__main__':
  two_devices.configure()
  tf.test.main()
