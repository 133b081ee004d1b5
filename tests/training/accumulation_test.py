"""A batch in parts: one after another, and the same gradients."""

import functools
import time

import keras
import numpy as np
import pytest
import tensorflow as tf

from tests import two_devices
from tf_twingan.losses import base_objective, twingan_objective
from tf_twingan.models import twingan
from tf_twingan.models.discriminators import progressive
from tf_twingan.training import trainer

DOMAINS = ('photo', 'anime')
SIZES = dict(channels_base=8, channels_max=4)
STEP = dict(step=0, resolution=4, alpha=1.0, ema_decay=0.5)


def make(objective, accumulate, strategy=None):
  keras.utils.set_random_seed(1)
  return trainer.Trainer(
    DOMAINS,
    4,
    model=functools.partial(twingan.TwinGAN, norm='instance', **SIZES),
    discriminator=functools.partial(progressive.Discriminator, **SIZES),
    objective=objective,
    strategy=strategy or tf.distribute.get_strategy(),
    accumulate=accumulate,
  )


def batch(size):
  images = np.random.default_rng(0).integers(
    0, 256, [size, 4, 4, 3], dtype=np.uint8
  )
  images[:, 0, 0, 0] = np.arange(size)
  return {d: images for d in DOMAINS}


class Logging(base_objective.BaseObjective):
  """Writes down when each part is looked at, forward and back."""

  def build(self, domains, max_resolution, *, replicas):
    self.own = tf.Variable(2.0)
    self.trainable_variables = [self.own]
    self.log = []
    return {}

  def compute(self, model, discriminators, reals, *, seed, **stage):
    first = tf.round((reals['photo'][0, 0, 0, 0] + 1) * 127.5)

    @tf.custom_gradient
    def logged(value, first):
      def gradient(upstream):
        return self._note(upstream, 'back', first), None

      return self._note(value, 'forth', first), gradient

    random = tf.random.stateless_uniform([], seed)
    return base_objective.Losses(
      {'own': logged(self.own * first, first)},
      {},
      observed={
        'random': random,
        'squared_random': random**2,
        'images': tf.constant(float(reals['photo'].shape[0])),
      },
    )

  def _note(self, value, what, first):
    def note(value, first):
      time.sleep(0.02)  # What need not wait would overtake.
      self.log.append((what, int(first)))
      return value

    # Not stateful: TensorFlow would put those in order by itself.
    noted = tf.numpy_function(note, [value, first], tf.float32, stateful=False)
    return tf.ensure_shape(noted, value.shape)


class MeanOfFirst(base_objective.BaseObjective):
  """Multiplies a variable by the mean of the images' first values."""

  def build(self, domains, max_resolution, *, replicas):
    self.own = tf.Variable(2.0)
    self.trainable_variables = [self.own]
    return {}

  def compute(self, model, discriminators, reals, *, seed, **stage):
    first = tf.reduce_mean((reals['photo'][:, 0, 0, 0] + 1) * 127.5)
    return base_objective.Losses({'own': self.own * first}, {})


class AccumulationTest(tf.test.TestCase):
  def test_parts_go_one_after_another_and_their_mean_counts(self):
    made = make(Logging(), accumulate=4)
    terms = made.step(batch(8), **STEP)
    # Within a part this gradient waits for nothing.
    self.assertEqual(
      [sorted(made.objective.log[i : i + 2]) for i in range(0, 8, 2)],
      [[('back', first), ('forth', first)] for first in (0, 2, 4, 6)],
    )
    self.assertEqual(terms['images'], 2)
    # The gradient is the mean of 0, 2, 4 and 6; Adam keeps its square.
    self.assertAllClose(terms['own'], 2.0 * 3)
    kept = made.generator_adam.variables[-1]
    self.assertAllClose(kept, (1 - 0.99) * 3.0**2, rtol=1e-4)
    # Each part has random numbers of its own.
    self.assertGreater(terms['squared_random'], terms['random'] ** 2 + 1e-3)

  @pytest.mark.slow
  def test_two_parts_give_the_gradients_of_the_whole(self):
    results = []
    for accumulate in (1, 2):
      # Nothing is random, and runs of four images stay together.
      objective = twingan_objective.Objective(
        penalty='r1', cycle_weight=0.0, content_weight=0.0
      )
      made = make(objective, accumulate)
      terms = made.step(batch(8), **STEP)
      optimizers = (made.generator_adam, made.discriminator_adam)
      results.append(
        (
          terms,
          [v.numpy() for adam in optimizers for v in adam.variables],
          [
            v.numpy()
            for v in made.model.variables + made.discriminator_variables
          ],
        )
      )
    (terms, squares, weights), (others, other_squares, other_weights) = results
    self.assertAllClose(terms, others, rtol=1e-5)
    # Adam's first step is the rate times a sign; its averages say the rest.
    for a, b in zip(squares, other_squares, strict=True):
      self.assertAllClose(
        np.sqrt(np.abs(a)), np.sqrt(np.abs(b)), rtol=1e-4, atol=1e-6
      )
    close = [
      np.isclose(a, b, atol=1e-6).ravel()
      for a, b in zip(weights, other_weights, strict=True)
    ]
    self.assertGreater(np.mean(np.concatenate(close)), 0.98)

  def test_parts_of_two_replicas_are_the_mean_of_all(self):
    strategy = two_devices.strategy()
    made = make(MeanOfFirst(), accumulate=2, strategy=strategy)
    data = batch(8)
    merged = {
      d: strategy.experimental_distribute_values_from_function(
        lambda context, d=d: tf.constant(
          data[d][4 * context.replica_id_in_sync_group :][:4]
        )
      )
      for d in DOMAINS
    }
    terms = made.step(merged, **STEP)
    # The mean of 0 to 7 is the gradient; Adam keeps its square.
    self.assertAllClose(terms['own'], 2.0 * 3.5)
    kept = made.generator_adam.variables[-1]
    self.assertAllClose(kept, (1 - 0.99) * 3.5**2, rtol=1e-4)

  def test_batches_that_cannot_be_cut_are_named(self):
    with self.assertRaisesRegex(ValueError, 'accumulate is 0; set it to 1'):
      make(Logging(), accumulate=0)
    made = make(Logging(), accumulate=3)
    with self.assertRaisesRegex(
      ValueError,
      'accumulate is 3, .* 8 at 4 px on 1 device.* multiple of 3, or set',
    ):
      made.step(batch(8), **STEP)
    made.check_batch_size(9, 4)


if __name__ == '__main__':
  two_devices.configure()
  tf.test.main()
