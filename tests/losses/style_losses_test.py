"""The style codes of a training step, and the losses that train them."""

import functools

import keras
import numpy as np
import tensorflow as tf
from absl.testing import parameterized

from tests import two_devices
from tf_twingan.losses import (
  reconstruction_losses,
  style_losses,
  twingan_objective,
)
from tf_twingan.models import configs, style_encoder, twingan
from tf_twingan.models.discriminators import progressive
from tf_twingan.training import trainer

DOMAINS = ('photo', 'anime', 'cat')
SEED = tf.constant([3, 4])
STAGE = dict(resolution=8, alpha=tf.constant(0.5), training=True)


def networks(domains=DOMAINS, **options):
  keras.utils.set_random_seed(1)
  model = twingan.TwinGAN(
    domains,
    max_resolution=8,
    channels_base=8,
    channels_max=4,
    **{'style_size': 3, 'norm': 'instance', **options},
  )
  # They start without effect, at zero.
  for variable in model.generator.variables:
    if 'condition_kernel' in variable.name:
      variable.assign(tf.random.stateless_normal(variable.shape, [1, 5]) / 2)
  discriminators = {
    d: progressive.Discriminator(8, channels_base=8, channels_max=4)
    for d in domains
  }
  return model, discriminators


def random_images(domains=DOMAINS, batch=4):
  return {
    d: tf.random.stateless_uniform([batch, 8, 8, 3], [i, 0], -1.0, 1.0)
    for i, d in enumerate(domains)
  }


class StylesTest(parameterized.TestCase, tf.test.TestCase):
  def test_references_are_the_targets_own_images(self):
    model, _ = networks()
    found = style_losses.choose_styles(
      model, random_images(), SEED, random=0.0, **STAGE
    )
    for index, domain in enumerate(DOMAINS):
      self.assertAllClose(
        found.translation[4 * index :][:4],
        model.style(random_images()[domain], [domain], **STAGE),
      )
    self.assertAllEqual(found.reconstruction, found.translation)
    changed = {d: p[::-1] for d, p in random_images().items()}
    other = style_losses.choose_styles(
      model, changed, SEED, random=0.0, **STAGE
    )
    self.assertNotAllClose(other.translation, found.translation, atol=1e-2)

  def test_random_styles_follow_the_seed_and_not_the_images(self):
    model, _ = networks()
    choose = functools.partial(
      style_losses.choose_styles, model, random=1.0, **STAGE
    )
    found = choose(random_images(), SEED)
    changed = {d: -p for d, p in random_images().items()}
    self.assertAllEqual(choose(changed, SEED).translation, found.translation)
    self.assertNotAllClose(
      choose(random_images(), SEED + 1).translation,
      found.translation,
      atol=1e-2,
    )
    self.assertAllClose(
      tf.reduce_mean(found.translation**2, axis=1), tf.ones([12])
    )
    # No two are alike, and an image's own is its own still.
    self.assertLen(np.unique(found.translation.numpy().round(3), axis=0), 12)
    self.assertNotAllClose(found.reconstruction, found.translation, atol=1e-2)

  def test_a_share_is_random(self):
    model, _ = networks()
    found = style_losses.choose_styles(
      model, random_images(batch=200), SEED, random=0.25, **STAGE
    )
    is_random = tf.reduce_any(found.reconstruction != found.translation, axis=1)
    self.assertNear(np.mean(is_random), 0.25, 0.06)

  def test_replicas_of_one_seed_choose_different_styles(self):
    class Model:
      domains, style_size = DOMAINS, 3

      def style(self, images, domains, **_):
        return tf.zeros([len(images), 3])

    strategy = two_devices.strategy()
    one, other = strategy.experimental_local_results(
      strategy.run(
        lambda: (
          style_losses.choose_styles(
            Model(), random_images(), SEED, random=1.0
          ).translation
        )
      )
    )
    self.assertNotAllClose(one, other, atol=1e-2)
    alone = style_losses.choose_styles(
      Model(), random_images(), SEED, random=1.0
    ).translation
    self.assertAllEqual(alone, one)

  def test_a_model_without_style_codes_has_none(self):
    model, discriminators = networks(style_size=None)
    self.assertIsNone(
      style_losses.choose_styles(
        model, random_images(), None, random=0.5, **STAGE
      )
    )
    terms = twingan_objective.Objective().compute(
      model, discriminators, random_images(), resolution=8, alpha=STAGE['alpha']
    )
    self.assertNotIn('style', terms.generator)

  def test_reconstruction_by_hand(self):
    class Reader:
      domains = DOMAINS

      def style(self, images, domains, **_):
        assert domains == DOMAINS
        return 2 * images[:, 0, 0]

    given = tf.constant([[1.0, 2.0, 3.0], [4.0, 5.0, 6.0], [0.0, 0.0, 0.0]])
    outputs = tf.constant([[1.0, 1.0, 1.0], [2.0, 2.0, 2.0], [0.0, 0.0, -1.0]])
    with tf.GradientTape() as tape:
      tape.watch([given, outputs])
      value = style_losses.style_reconstruction(
        Reader(),
        style_encoder.Styles(-given, given),
        outputs[:, None, None],
        **STAGE,
      )
    # |2 - 1| + 0 + |2 - 3|, 0 + 1 + 2, 0 + 0 + 2; nine numbers.
    self.assertAllClose(value, 7 / 9)
    of_given, of_images = tape.gradient(value, [given, outputs])
    self.assertIsNone(of_given)
    self.assertAllClose(of_images[2], [0, 0, -2 / 9])

  def test_every_term_that_styles_change_by_hand(self):
    model, discriminators = networks()
    reals, shift = random_images(), 2
    result = twingan_objective.Objective(
      style_weight=2.0, style_random=0.5, cycle_weight=3.0, mirror_weight=5.0
    ).compute(
      model,
      discriminators,
      reals,
      resolution=8,
      alpha=STAGE['alpha'],
      seed=SEED,
      shift=shift,
    )
    own, given = style_losses.choose_styles(
      model, reals, SEED, random=0.5, **STAGE
    )
    self.assertTrue(np.any(own != given) and np.any(own == given))
    found = {name: 0.0 for name in ('reconstruction', 'cycle', 'mirror')}
    read = []
    for index, target in enumerate(DOMAINS):
      source = DOMAINS[index - shift]
      styled = [
        dict(condition=s[4 * i :][:4], **STAGE)
        for s, i in ((given, index), (own, (index - shift) % 3), (own, index))
      ]
      x = reals[source]
      outputs = model.translate(x, source, target, **styled[0])
      self.assertAllClose(result.fakes[target], outputs, atol=1e-4)
      read.append(model.style(outputs, [target], **STAGE))
      back = model.translate(outputs, target, source, **styled[1])
      again = model.translate(reals[target], target, target, **styled[2])
      mirrored = model.translate(x[:, :, ::-1], source, target, **styled[0])
      found['cycle'] += 3 * reconstruction_losses.l1(back, x) / 3
      found['reconstruction'] += (
        reconstruction_losses.l1(again, reals[target]) / 3
      )
      found['mirror'] += (
        5 * reconstruction_losses.l1(mirrored[:, :, ::-1], outputs) / 3
      )
    found['style'] = 2 * reconstruction_losses.l1(
      given, tf.concat(read, axis=0)
    )
    for name, value in found.items():
      self.assertAllClose(result.generator[name], value, rtol=1e-4, msg=name)

  @parameterized.parameters(*configs.SHARINGS)
  def test_a_step_moves_every_weight_and_keeps_it_finite(self, sharing):
    # Once: tracing a step takes longer than running it.
    tf.config.run_functions_eagerly(True)
    self.addCleanup(tf.config.run_functions_eagerly, False)
    made = trainer.Trainer(
      DOMAINS[:2],
      8,
      model=lambda domains, max_resolution: networks(
        domains, norm='batch_renorm', sharing=sharing
      )[0],
      discriminator=functools.partial(
        progressive.Discriminator, channels_base=8, channels_max=4
      ),
      objective=twingan_objective.Objective(penalty='none'),
      strategy=tf.distribute.get_strategy(),
    )
    rng = np.random.default_rng(0)
    batch = {
      d: tf.constant(rng.integers(0, 256, [4, 8, 8, 3], np.uint8))
      for d in DOMAINS[:2]
    }
    before = [v.numpy() for v in made.model.trainable_variables]
    terms = made.step(batch, step=0, resolution=8, alpha=0.5, ema_decay=0.5)
    self.assertGreater(terms['style'], 0)
    made.check_finite()
    for old, variable in zip(before, made.model.trainable_variables):
      self.assertNotAllEqual(old, variable, variable.name)
    # The mean style, used where none is given, is known after an estimate.
    self.assertAllEqual(made.ema_model.mean_style('anime'), [0, 0, 0])
    made.estimate_statistics([batch], resolution=8, alpha=1.0)
    codes = made.ema_model.style(
      tf.cast(batch['anime'], tf.float32) / 127.5 - 1, ['anime'], resolution=8
    )
    if sharing != 'everything':
      self.assertAllClose(
        made.ema_model.mean_style('anime'),
        style_encoder.scale_codes(tf.reduce_mean(codes, axis=0)),
        atol=1e-4,
      )
    self.assertNotAllEqual(made.ema_model.mean_style('anime'), [0, 0, 0])

  def test_a_bad_share_is_named(self):
    with self.assertRaisesRegex(ValueError, r'style_random is 2.0; .* \[0, 1'):
      twingan_objective.Objective(style_random=2.0)


if __name__ == '__main__':
  two_devices.configure()
  tf.test.main()
