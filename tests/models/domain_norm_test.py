"""Moments, domains and statistics of the per-domain norm."""

import numpy as np
import tensorflow as tf
from absl.testing import parameterized

from tf_twingan.models import configs, domain_norm, norms

DOMAINS = ('photo', 'anime')


def images(seed, offset=0.0):
  return tf.random.stateless_normal([4, 5, 5, 3], [seed, 0]) * 2 + offset


class DomainNormTest(parameterized.TestCase, tf.test.TestCase):
  def test_batch_norm_normalizes_each_part_by_itself(self):
    norm = domain_norm.DomainNorm(DOMAINS, 3)
    packed = tf.concat([images(1, 10.0), images(2, -10.0)], 0)
    for part in tf.split(norm(packed, domains=DOMAINS, training=True), 2):
      self.assertAllClose(tf.reduce_mean(part, [0, 1, 2]), [0] * 3, atol=1e-4)
      self.assertAllClose(
        tf.math.reduce_std(part, [0, 1, 2]), [1] * 3, atol=1e-3
      )

  def test_instance_norm_normalizes_each_image_in_both_modes(self):
    norm = domain_norm.DomainNorm(DOMAINS, 3, kind='instance')
    packed = tf.concat([images(1, 10.0), images(2, -10.0)], 0)
    for training in (True, False):
      outputs = norm(packed, domains=DOMAINS, training=training)
      self.assertAllClose(
        tf.reduce_mean(outputs, [1, 2]), tf.zeros([8, 3]), atol=1e-4
      )
    self.assertLen(norm.parameters['photo'], 2)

  @parameterized.parameters(*configs.NORMS)
  def test_a_domain_uses_its_own_scale_and_offset(self, kind):
    norm = domain_norm.DomainNorm(DOMAINS, 3, kind=kind)
    norm.parameters['anime']['offset'].assign([5.0] * 3)
    x = images(1)
    photo = norm(x, domains=['photo'], training=True)
    anime = norm(x, domains=['anime'], training=True)
    self.assertAllClose(anime, photo + 5.0, atol=1e-5)

  @parameterized.parameters(*configs.NORMS)
  def test_packed_is_the_same_as_apart(self, kind):
    norm = domain_norm.DomainNorm(DOMAINS, 3, kind=kind)
    norm.parameters['anime']['scale'].assign([1.0, 2.0, 3.0])
    a, b = images(1), images(2, 3.0)
    for training in (True, False):
      packed = norm(tf.concat([a, b], 0), domains=DOMAINS, training=training)
      apart = [
        norm(x, domains=[d], training=training) for x, d in zip((a, b), DOMAINS)
      ]
      self.assertAllClose(packed, tf.concat(apart, 0), atol=1e-5)

  @parameterized.parameters(*configs.NORMS)
  def test_a_mixture_averages_all_parameters(self, kind):
    norm = domain_norm.DomainNorm(DOMAINS, 3, kind=kind)
    between = domain_norm.DomainNorm(['between'], 3, kind=kind)
    for number, (role, mixed) in enumerate(
      between.parameters['between'].items()
    ):
      photo, anime = (norm.parameters[d][role] for d in DOMAINS)
      photo.assign(photo + 0.5 + 0.1 * number)
      anime.assign(anime + 1.5 + 0.1 * number)
      mixed.assign(0.25 * photo + 0.75 * anime)
    mix = {'photo': tf.constant(0.25), 'anime': tf.constant(0.75)}
    self.assertAllClose(
      norm(images(1), domains=['anime'], mix=mix),
      between(images(1), domains=['between']),
      atol=1e-5,
    )
    with self.assertRaisesRegex(ValueError, 'not in training'):
      norm(images(1), domains=['anime'], mix=mix, training=True)

  def test_statistics_are_the_average_of_the_batches(self):
    norm = domain_norm.DomainNorm(DOMAINS, 3)
    batches = [images(seed, seed) for seed in range(3)]
    for index, batch in enumerate(batches):
      norm(
        batch,
        domains=['photo'],
        training=True,
        statistics_update=1 / (index + 1),
      )
    own = norm.parameters['photo']
    means = [tf.reduce_mean(b, [0, 1, 2]) for b in batches]
    self.assertAllClose(own['moving_mean'], np.mean(means, 0), atol=1e-4)
    # The other domain has seen nothing.
    self.assertAllEqual(norm.parameters['anime']['moving_mean'], [0] * 3)

  def test_inference_uses_the_statistics(self):
    norm = domain_norm.DomainNorm(DOMAINS, 3)
    norm.parameters['photo']['moving_mean'].assign([1.0] * 3)
    norm.parameters['photo']['moving_variance'].assign([4.0] * 3)
    outputs = norm(tf.fill([1, 2, 2, 3], 5.0), domains=['photo'])
    self.assertAllClose(outputs, tf.fill([1, 2, 2, 3], 2.0), atol=1e-4)

  def test_training_alone_leaves_the_statistics(self):
    norm = domain_norm.DomainNorm(DOMAINS, 3)
    norm(images(1, 9.0), domains=['photo'], training=True)
    self.assertAllEqual(norm.parameters['photo']['moving_mean'], [0] * 3)

  def test_renorm_starts_as_batch_norm(self):
    renorm = domain_norm.DomainNorm(DOMAINS, 3, kind='batch_renorm')
    plain = domain_norm.DomainNorm(DOMAINS, 3)
    x = tf.concat([images(1, 3.0), images(2)], 0)
    self.assertAllClose(
      renorm(x, domains=DOMAINS, training=True),
      plain(x, domains=DOMAINS, training=True),
      atol=1e-4,
    )

  def test_renorm_normalizes_by_the_moving_statistics(self):
    norm = domain_norm.DomainNorm(DOMAINS, 3, kind='batch_renorm')
    own = norm.parameters['photo']
    own['batches'].assign(1e9)  # So old that one batch moves them by 1/50.
    x = images(1, 0.5)
    outputs = norm(x, domains=['photo'], training=True)
    mean = own['moving_mean'].numpy()
    variance = own['moving_variance'].numpy()
    self.assertAllClose(mean, tf.reduce_mean(x, [0, 1, 2]) / 50, atol=1e-4)
    self.assertAllClose(
      outputs, (x - mean) / np.sqrt(variance + 1e-4), atol=1e-3
    )
    # And so training is what inference with these statistics is.
    self.assertAllClose(outputs, norm(x, domains=['photo']), atol=1e-3)

  def test_renorm_can_leave_the_statistics_and_normalize_by_them(self):
    norm = domain_norm.DomainNorm(DOMAINS, 3, kind='batch_renorm')
    own = norm.parameters['photo']
    own['moving_mean'].assign([0.5] * 3)
    own['moving_variance'].assign([4.0] * 3)
    x = images(1)
    outputs = norm(x, domains=['photo'], training=True, statistics_update=0.0)
    self.assertAllEqual(own['moving_mean'], [0.5] * 3)
    self.assertAllEqual(own['moving_variance'], [4.0] * 3)
    self.assertAllEqual(own['batches'], 0)
    self.assertAllClose(outputs, norm(x, domains=['photo']), atol=1e-3)

  def test_renorm_estimates_statistics_by_statistics(self):
    norm = domain_norm.DomainNorm(DOMAINS, 3, kind='batch_renorm')
    own = norm.parameters['photo']
    x = images(1, 0.5)
    outputs = norm(x, domains=['photo'], training=True, statistics_update=0.25)
    mean = own['moving_mean'].numpy()
    self.assertAllClose(mean, tf.reduce_mean(x, [0, 1, 2]) / 4, atol=1e-4)
    self.assertAllClose(outputs, norm(x, domains=['photo']), atol=1e-3)
    self.assertAllEqual(own['batches'], 0)

  def test_renorm_corrects_within_limits(self):
    norm = domain_norm.DomainNorm(DOMAINS, 3, kind='batch_renorm')
    norm.parameters['photo']['batches'].assign(1e9)
    outputs = norm(images(1, 100.0), domains=['photo'], training=True)
    self.assertAllClose(tf.reduce_mean(outputs, [0, 1, 2]), [1.0] * 3, atol=0.1)

  def test_renorm_corrections_are_constants_of_the_gradient(self):
    norm = domain_norm.DomainNorm(DOMAINS, 3, kind='batch_renorm')
    own = norm.parameters['photo']
    own['moving_mean'].assign([0.5, 0.0, -0.5])
    own['moving_variance'].assign([2.0, 4.0, 6.0])
    x, upstream = images(1), images(2)
    with tf.GradientTape() as tape:
      tape.watch(x)
      outputs = norm(x, domains=['photo'], training=True, statistics_update=0.0)
    gradient = tape.gradient(outputs, x, output_gradients=upstream)
    # Of ((x - mean) / deviation) * r + d, and so r times that of batch norm.
    deviation = tf.math.reduce_std(x, [0, 1, 2])
    normalized = (x - tf.reduce_mean(x, [0, 1, 2])) / deviation
    along = tf.reduce_mean(upstream * normalized, [0, 1, 2])
    rest = upstream - tf.reduce_mean(upstream, [0, 1, 2]) - along * normalized
    r = deviation / tf.sqrt(tf.constant([2.0, 4.0, 6.0]))
    self.assertAllClose(gradient, r * rest / deviation, atol=1e-3)
    self.assertNotAllClose(r, [1.0] * 3, atol=0.05)

  @parameterized.parameters((0.0, 1.1, 0.1), (0.5, 2.55, 0.55), (1.0, 4.0, 1.0))
  def test_renorm_limits_by_hand(self, progress, scale_max, shift_max):
    limits = norms.renorm_limits(tf.constant(progress))
    self.assertAllClose(limits, (scale_max, shift_max))

  def test_renorm_corrects_within_given_limits(self):
    norm = domain_norm.DomainNorm(DOMAINS, 3, kind='batch_renorm')
    # Much wider than the statistics of 0 and 1, and far off.
    x = images(1) * 50 + 1000
    outputs = norm(
      x,
      domains=['photo'],
      training=True,
      statistics_update=0.0,
      limits=(tf.constant(1.5), tf.constant(0.25)),
    )
    self.assertAllClose(
      tf.reduce_mean(outputs, [0, 1, 2]), [0.25] * 3, atol=1e-2
    )
    self.assertAllClose(
      tf.math.reduce_std(outputs, [0, 1, 2]), [1.5] * 3, atol=1e-2
    )

  @parameterized.parameters(*configs.NORMS)
  def test_a_flat_image_stays_finite(self, kind):
    norm = domain_norm.DomainNorm(DOMAINS, 3, kind=kind)
    flat = tf.fill([4, 8, 8, 3], 123.4)
    for training in (True, False):
      outputs = norm(flat, domains=DOMAINS, training=training)
      self.assertTrue(bool(tf.reduce_all(tf.math.is_finite(outputs))))

  def test_inference_in_bfloat16_does_not_cancel(self):
    norm = domain_norm.DomainNorm(DOMAINS, 3)
    norm.parameters['photo']['moving_mean'].assign([200.0] * 3)
    x = tf.cast(images(1, 200.0), tf.bfloat16)
    outputs = tf.cast(norm(x, domains=['photo']), tf.float32)
    expected = (tf.cast(x, tf.float32) - 200.0) / np.sqrt(1 + 1e-4)
    self.assertAllClose(outputs, expected, atol=0.03)

  def test_layer_norm_measures_all_of_a_image(self):
    norm = domain_norm.DomainNorm(DOMAINS, 2, kind='layer', epsilon=0.0)
    norm.parameters['photo']['offset'].assign([0.0, 10.0])
    # 1, 3, 5, 7: mean 4, variance 5; and the same image moved by 100.
    image = tf.reshape([1.0, 3.0, 5.0, 7.0], [1, 1, 2, 2])
    packed = tf.concat([image, image + 100.0], 0)
    expected = np.array([[-3, -1], [1, 3]]) / np.sqrt(5) + [0, 10]
    for training in (True, False):
      outputs = norm(packed, domains=['photo'], training=training)
      self.assertAllClose(outputs[:, 0], [expected, expected], atol=1e-4)
    self.assertLen(norm.parameters['photo'], 2)

  def test_no_norm_still_scales_and_shifts_by_domain(self):
    norm = domain_norm.DomainNorm(DOMAINS, 3, kind='none')
    norm.parameters['anime']['scale'].assign([1.0, 2.0, 3.0])
    norm.parameters['anime']['offset'].assign([0.0, 0.0, -1.0])
    x = tf.fill([1, 1, 1, 3], 5.0)
    for training in (True, False):
      outputs = norm(tf.concat([x, x], 0), domains=DOMAINS, training=training)
      self.assertAllEqual(outputs[:, 0, 0], [[5, 5, 5], [5, 10, 14]])
    self.assertAllEqual(norm.affine('anime'), [[1, 2, 3], [0, 0, -1]])

  @parameterized.parameters('instance', 'layer')
  def test_what_measures_each_image_does_not_fold(self, kind):
    norm = domain_norm.DomainNorm(DOMAINS, 3, kind=kind)
    with self.assertRaisesRegex(ValueError, f'{kind} norm is no constant'):
      norm.affine('photo')

  def test_a_condition_moves_scale_and_offset_by_hand(self):
    norm = domain_norm.DomainNorm(DOMAINS, 2, kind='none', condition_size=2)
    norm.parameters['photo']['scale'].assign([1.0, 2.0])
    norm.parameters['anime']['offset'].assign([0.0, 10.0])
    # Rows: of the condition's first and second number. Columns: scales of both
    # channels, then offsets.
    norm.condition_kernel.assign([[1.0, 2.0, 3.0, 4.0], [0.0, 0.0, 0.0, 5.0]])
    x = tf.fill([4, 1, 1, 2], 10.0)
    # 3, 4 has the direction 0.6, 0.8; nothing has none.
    condition = tf.constant([[3.0, 4.0], [0.0, 0.0], [7.0, 0.0], [0.0, -2.0]])
    outputs = norm(x, domains=DOMAINS, condition=condition)
    self.assertAllClose(
      outputs[:, 0, 0],
      [
        [10 * (1 + 0.6) + 1.8, 10 * (2 + 1.2) + 2.4 + 4.0],
        [10, 20],
        [10 * (1 + 1) + 3, 10 * (1 + 2) + 4 + 10],
        [10, 10 - 5 + 10],
      ],
    )

  @parameterized.product(kind=configs.NORMS, training=[True, False])
  def test_an_untrained_condition_adds_nothing(self, kind, training):
    norm = domain_norm.DomainNorm(DOMAINS, 3, kind=kind, condition_size=4)
    norm.parameters['anime']['scale'].assign([1.0, 2.0, 3.0])
    norm.parameters['anime']['offset'].assign([3.0, 2.0, 1.0])
    x = tf.concat([images(1), images(2, 3.0)], 0)
    mode = dict(training=training, statistics_update=0.0)
    without = norm(x, domains=DOMAINS, **mode)
    condition = tf.random.stateless_normal([8, 4], [1, 2])
    with tf.GradientTape() as tape:
      outputs = norm(x, domains=DOMAINS, condition=condition, **mode)
      loss = tf.reduce_sum(outputs**2)
    self.assertAllClose(outputs, without, atol=1e-5)
    # But can learn to.
    gradient = tape.gradient(loss, norm.condition_kernel)
    self.assertGreater(float(tf.reduce_min(tf.abs(gradient))), 0.0)

  @parameterized.parameters(*configs.NORMS)
  def test_a_condition_is_of_each_image(self, kind):
    norm = domain_norm.DomainNorm(DOMAINS, 3, kind=kind, condition_size=2)
    norm.condition_kernel.assign(tf.ones_like(norm.condition_kernel))
    x = tf.concat([images(1), images(2, 3.0)], 0)
    condition = tf.constant([[0.0, 0.0]] * 7 + [[1.0, 0.0]])
    plain = norm(x, domains=DOMAINS, training=True, statistics_update=0.0)
    outputs = norm(
      x,
      domains=DOMAINS,
      training=True,
      statistics_update=0.0,
      condition=condition,
    )
    self.assertAllClose(outputs[:7], plain[:7], atol=1e-5)
    # The scale is one more, and so is the offset.
    self.assertAllClose(outputs[7], 2 * plain[7] + 1, atol=1e-4)

  def test_conditions_that_do_not_fit_are_named(self):
    x = images(1)
    with self.assertRaisesRegex(ValueError, r'\(4, 2\).*condition_size None'):
      domain_norm.DomainNorm(DOMAINS, 3)(
        x, domains=['photo'], condition=tf.ones([4, 2])
      )
    with self.assertRaisesRegex(ValueError, r'\(4, 2\).*condition_size 5'):
      domain_norm.DomainNorm(DOMAINS, 3, condition_size=5)(
        x, domains=['photo'], condition=tf.ones([4, 2])
      )

  def test_unknown_kind(self):
    with self.assertRaisesRegex(ValueError, "'group'; choose one of batch"):
      domain_norm.DomainNorm(DOMAINS, 3, kind='group')


if __name__ == '__main__':
  tf.test.main()
