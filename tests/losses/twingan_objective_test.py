"""Every term of the objective."""

import keras
import tensorflow as tf
from absl.testing import parameterized

from tf_twingan.losses import (
  adversarial_losses,
  image_augmentation,
  image_warps,
  reconstruction_losses,
  seeds,
  twingan_objective,
)
from tf_twingan.models import twingan
from tf_twingan.models.discriminators import progressive

DOMAINS = ('photo', 'anime')
ALPHA = tf.constant(1.0)
SEED = tf.constant([1, 2])


def networks(domains=DOMAINS, precision='float32'):
  keras.utils.set_random_seed(1)
  options = dict(channels_base=16, channels_max=8, precision=precision)
  model = twingan.TwinGAN(domains, max_resolution=8, **options)
  discriminators = {d: progressive.Discriminator(8, **options) for d in domains}
  return model, discriminators


def images(domains=DOMAINS):
  return {
    d: tf.random.stateless_uniform([4, 8, 8, 3], [i, 0], -1.0, 1.0)
    for i, d in enumerate(domains)
  }


class ObjectiveTest(parameterized.TestCase, tf.test.TestCase):
  def compute(self, **options):
    model, discriminators = networks()
    return twingan_objective.Objective(**options).compute(
      model, discriminators, images(), resolution=8, alpha=ALPHA, seed=SEED
    )

  def test_only_real_images_and_what_is_made_of_them_move_statistics(self):
    moved = []
    for weight in (0.0, 1.0):
      model, discriminators = networks()
      twingan_objective.Objective(
        cycle_weight=weight, mirror_weight=weight, equivariance_weight=weight
      ).compute(
        model, discriminators, images(), resolution=8, alpha=ALPHA, seed=SEED
      )
      moved.append([v.numpy() for v in model.non_trainable_variables])
    for without, with_cycle in zip(*moved):
      self.assertAllEqual(without, with_cycle)

  def test_every_term_by_hand(self):
    options = dict(
      adversarial_on_reconstructions_from=None,
      reconstruction_weight=2.0,
      content_weight=3.0,
      cycle_weight=5.0,
      adversarial_weight=7.0,
    )
    result = self.compute(**options)
    model, discriminators = networks()
    reals = images()
    stage = dict(resolution=8, alpha=ALPHA, training=True)
    outputs = model.reconstruct_and_translate(reals, **stage)
    anime, photo = outputs.translations[1], outputs.translations[0]
    stage['statistics_update'] = 0.0
    codes = model.encode(tf.concat([photo, anime], 0), DOMAINS, **stage)
    back = model.decode(codes.take([1, 0], 2), DOMAINS, **stage)
    expected = {
      'reconstruction': 2
      * reconstruction_losses.l1(
        outputs.inputs,
        tf.concat([outputs.reconstructions[0], outputs.reconstructions[1]], 0),
      ),
      'content': 3
      * reconstruction_losses.l1(
        outputs.encoding.content, codes.take([1, 0], 2).content
      ),
      'cycle': 5 * reconstruction_losses.l1(outputs.inputs, back),
    }
    for domain, fake in (('photo', photo), ('anime', anime)):
      logits = discriminators[domain](
        tf.concat([reals[domain], fake], 0), resolution=8, group=4
      )
      pair = adversarial_losses.ADVERSARIAL['non_saturating']
      expected[f'adversarial/{domain}'] = 7 * pair.generator(logits[4:])
      self.assertAllClose(
        result.discriminator[f'discriminator/{domain}'],
        pair.discriminator(logits[:4], logits[4:]),
        rtol=1e-4,
      )
    self.assertEqual(set(result.generator), set(expected))
    for name, value in expected.items():
      self.assertAllClose(result.generator[name], value, rtol=1e-4, msg=name)

  def test_a_weight_of_zero_leaves_the_term_out(self):
    result = self.compute(
      reconstruction_weight=0.0, content_weight=0.0, cycle_weight=0.0
    )
    self.assertEqual(
      set(result.generator), {'adversarial/photo', 'adversarial/anime'}
    )

  def test_discriminators_see_reconstructions_from_a_resolution_on(self):
    without = self.compute(adversarial_on_reconstructions_from=16)
    with_them = self.compute(adversarial_on_reconstructions_from=8)
    self.assertNotAllClose(
      without.generator['adversarial/photo'],
      with_them.generator['adversarial/photo'],
    )

  def penalties_of(self, **options):
    _, discriminators = networks()
    reals = images()
    fakes = {d: -p for d, p in reals.items()}
    return twingan_objective.Objective(**options).penalties(
      discriminators,
      reals,
      fakes,
      resolution=8,
      alpha=ALPHA,
      seed=tf.constant([1, 2]),
    )

  def test_a_penalty_by_hand(self):
    result = self.penalties_of(penalty='wgan_gp', penalty_weight=10.0)
    _, discriminators = networks()
    points = seeds.domain_seeds(
      tf.constant([1, 2]), DOMAINS, seeds.Stream.PENALTY_POINTS
    )
    for domain, real in images().items():
      # Each domain looks at points of its own.
      seed = points[domain]
      share = tf.random.stateless_uniform([4, 1, 1, 1], seed)
      between = share * real - (1 - share) * real
      with tf.GradientTape() as tape:
        tape.watch(between)
        logits = discriminators[domain](between, resolution=8, group=4)
      gradient = tape.gradient(logits, between)
      norm = tf.norm(tf.reshape(gradient, [4, -1]), axis=1)
      self.assertAllClose(
        result[f'penalty/{domain}'],
        10 * tf.reduce_mean((norm - 1) ** 2),
        rtol=1e-4,
      )

  def test_a_lazy_penalty_is_as_much_stronger(self):
    each, lazy = (
      self.penalties_of(penalty='r1', penalty_interval=k) for k in (1, 16)
    )
    self.assertAllClose(lazy['penalty/photo'], 16 * each['penalty/photo'])

  def test_penalties_are_given_the_translations(self):
    result = self.compute()
    model, _ = networks()
    outputs = model.reconstruct_and_translate(
      images(), resolution=8, alpha=ALPHA, training=True
    )
    for index, domain in enumerate(DOMAINS):
      self.assertAllClose(
        result.fakes[domain], outputs.translations[index], rtol=1e-4
      )

  def test_drift_is_the_mean_square_of_real_logits(self):
    result = self.compute(drift_weight=0.5)
    model, discriminators = networks()
    for domain, real in images().items():
      logits = discriminators[domain](real, resolution=8, group=4)
      self.assertAllClose(
        result.discriminator[f'drift/{domain}'],
        0.5 * tf.reduce_mean(logits**2),
        rtol=1e-4,
      )

  def test_the_mirror_term_by_hand(self):
    result = self.compute(mirror_weight=3.0)
    model, _ = networks()
    reals = images()
    stage = dict(resolution=8, alpha=ALPHA, training=True)
    outputs = model.reconstruct_and_translate(reals, **stage)
    stage['statistics_update'] = 0.0
    flipped = model.encode(outputs.inputs[:, :, ::-1], DOMAINS, **stage)
    # Photo is generated from anime, and anime from photo.
    mirrored = model.decode(flipped.take([1, 0], 2), DOMAINS, **stage)
    true = tf.concat([outputs.translations[0], outputs.translations[1]], 0)
    self.assertAllClose(
      result.generator['mirror'],
      3 * reconstruction_losses.l1(true[:, :, ::-1], mirrored),
      rtol=1e-4,
    )
    self.assertGreater(result.generator['mirror'], 0.01)

  def test_a_network_that_cannot_tell_a_mirror_has_no_mirror_term(self):
    model, discriminators = networks()
    for variable in model.trainable_variables:
      if variable.shape.rank == 4:  # Kernels that look the same in a mirror.
        variable.assign((variable + variable[:, ::-1]) / 2)
    result = twingan_objective.Objective(mirror_weight=1.0).compute(
      model, discriminators, images(), resolution=8, alpha=ALPHA
    )
    self.assertAllClose(result.generator['mirror'], 0.0, atol=1e-5)

  def test_the_equivariance_term_by_hand(self):
    domains = ('photo', 'anime', 'cat')
    model, discriminators = networks(domains)
    reals = images(domains)
    objective = twingan_objective.Objective(
      equivariance_weight=3.0, equivariance_noise=0.1
    )

    @tf.function(autograph=False)
    def compute():
      return objective.compute(
        model,
        discriminators,
        reals,
        resolution=8,
        alpha=ALPHA,
        seed=SEED,
        shift=2,
      ).generator['equivariance']

    found = compute()
    model, _ = networks(domains)
    stage = dict(resolution=8, alpha=ALPHA, training=True)
    outputs = model.reconstruct_and_translate(reals, shift=2, **stage)
    stage['statistics_update'] = 0.0
    seed = seeds.replica_seed(seeds.stream_seed(SEED, seeds.Stream.WARPS))
    split = tf.random.experimental.stateless_split(seed, 2)
    warps = tf.tile(image_warps.random_warps(4, 8, split[0]), [3, 1])
    warped = image_warps.warp(outputs.inputs, warps)
    warped += 0.1 * tf.random.stateless_normal(warped.shape, split[1])
    codes = model.encode(warped, domains, **stage)
    # Photo is generated from anime, anime from cat, and cat from photo.
    moved = model.decode(codes.take([1, 2, 0], 3), domains, **stage)
    true = tf.concat(tf.unstack(outputs.translations), 0)
    inside = tf.broadcast_to(image_warps.inside(warps, 8), true.shape) > 0
    apart = tf.abs(image_warps.warp(true, warps) - moved)
    self.assertAllClose(
      found,
      3 * tf.reduce_mean(apart[inside]),
      rtol=1e-4,
    )
    self.assertGreater(found, 0.01)

  @parameterized.parameters('float32', 'bfloat16', 'float16')
  def test_equivariance_changes_no_other_term(self, precision):
    def losses(**options):
      model, discriminators = networks(precision=precision)
      result = twingan_objective.Objective(
        augmentation=image_augmentation.Augmentation(), **options
      ).compute(
        model, discriminators, images(), resolution=8, alpha=ALPHA, seed=SEED
      )
      return {**result.generator, **result.discriminator}

    without, with_it = losses(), losses(equivariance_weight=1.0)
    loss = with_it.pop('equivariance')
    self.assertEqual(loss.dtype, tf.float32)
    self.assertBetween(loss, 0.01, 1.0)
    self.assertEqual(set(without), set(with_it))
    for name, value in without.items():
      self.assertAllEqual(with_it[name], value, name)

  def test_all_that_discriminators_see_is_augmented(self):
    change = image_augmentation.Augmentation(kinds=('cutout', 'color'))
    seed = tf.constant([1, 2])
    model, discriminators = networks()
    objective = twingan_objective.Objective(
      augmentation=change, adversarial='hinge', penalty='r1', penalty_weight=1.0
    )
    stage = dict(resolution=8, alpha=ALPHA, seed=seed)
    result = objective.compute(model, discriminators, images(), **stage)
    penalties = objective.penalties(
      discriminators, images(), result.fakes, **stage
    )
    domain_seeds = seeds.domain_seeds(seed, DOMAINS, seeds.Stream.AUGMENTATION)
    for domain in DOMAINS:
      real, fake = images()[domain], result.fakes[domain]
      own = domain_seeds[domain]
      logits = discriminators[domain](
        change(tf.concat([real, fake], 0), domain, own), resolution=8, group=4
      )
      self.assertAllClose(
        result.generator[f'adversarial/{domain}'],
        -tf.reduce_mean(logits[4:]),
        rtol=1e-4,
      )
      self.assertAllClose(
        result.discriminator[f'discriminator/{domain}'],
        adversarial_losses.ADVERSARIAL['hinge'].discriminator(
          logits[:4], logits[4:]
        ),
        rtol=1e-4,
      )
      with tf.GradientTape() as tape:
        tape.watch(real)
        changed = discriminators[domain](
          change(real, domain, own), resolution=8, group=4
        )
      gradient = tape.gradient(changed, real)
      self.assertAllClose(
        penalties[f'penalty/{domain}'],
        tf.reduce_sum(gradient**2) / 4 / 2,
        rtol=1e-4,
      )

  def test_augmentation_adapts_to_the_signs_of_real_logits(self):
    change = image_augmentation.Augmentation(
      probability=0.0, target=0.6, adjust_images=100
    )
    objective = twingan_objective.Objective(augmentation=change)
    state = objective.build(DOMAINS, 8, replicas=1)
    self.assertEqual(state, {'augmentation': change})
    model, discriminators = networks()
    for domain, shift in (('photo', 100.0), ('anime', -100.0)):
      discriminators[domain].logit.bias.assign([shift])
    for _ in range(4):
      terms = objective.compute(
        model,
        discriminators,
        images(),
        resolution=8,
        alpha=ALPHA,
        seed=tf.constant([1, 2]),
      ).observed
      objective.after_step(terms, images=4)
    self.assertEqual(terms['overfitting/photo'], 1.0)
    self.assertEqual(terms['overfitting/anime'], -1.0)
    self.assertEqual(terms['augmentation/photo'], 0.0)
    self.assertNear(change.probability('photo'), 0.16, 1e-6)
    self.assertEqual(change.probability('anime'), 0.0)

  def test_three_domains_pair_up_by_shift(self):
    domains = ('photo', 'anime', 'cat')
    model, discriminators = networks(domains)
    objective = twingan_objective.Objective(cycle_weight=1.0)
    one, two = (
      objective.compute(
        model,
        discriminators,
        images(domains),
        resolution=8,
        alpha=ALPHA,
        shift=s,
      ).generator
      for s in (1, 2)
    )
    self.assertAllClose(one['reconstruction'], two['reconstruction'], rtol=0.1)
    self.assertNotAllClose(one['adversarial/cat'], two['adversarial/cat'])

  @parameterized.parameters(
    (dict(adversarial='relativistic'), "'relativistic'; choose one of non_"),
    (dict(penalty='r2'), "'r2'; choose one of r1"),
    (
      dict(
        adversarial='wasserstein',
        augmentation=image_augmentation.Augmentation(target=0.6),
      ),
      "the logits of 'wasserstein' do not say",
    ),
    (dict(penalty_interval=0), 'penalty_interval is 0; at least 1'),
    (dict(equivariance_noise=-0.1), 'equivariance_noise is -0.1; choose 0'),
  )
  def test_bad_values_are_named(self, options, message):
    with self.assertRaisesRegex(ValueError, message):
      twingan_objective.Objective(**options)


if __name__ == '__main__':
  tf.test.main()
