"""Stages, groups and precision of the discriminator."""

import keras
import numpy as np
import tensorflow as tf
from absl.testing import parameterized

from tf_twingan.models.discriminators import progressive


def build(**options):
  keras.utils.set_random_seed(1)
  return progressive.Discriminator(
    16, channels_base=32, channels_max=16, **options
  )


def images(batch=4, resolution=16):
  shape = [batch, resolution, resolution, 3]
  return tf.random.stateless_uniform(shape, [1, 0], -1.0, 1.0)


class DiscriminatorTest(parameterized.TestCase, tf.test.TestCase):
  @parameterized.parameters(None, 4, 8, 16)
  def test_new_stage_starts_as_the_previous_one(self, attention):
    discriminator, fine = build(attention_resolution=attention), images()
    if attention:
      discriminator.attention.gamma.assign(1.0)
    coarse = tf.nn.avg_pool2d(fine, 2, 2, 'VALID')
    self.assertAllClose(
      discriminator(fine, resolution=16, group=4, alpha=0.0),
      discriminator(coarse, resolution=8, group=4),
      atol=1e-6,
    )

  def test_groups_do_not_see_each_other(self):
    discriminator, real = build(), images(4)
    fake = tf.zeros_like(real)
    together = discriminator(tf.concat([real, fake], 0), resolution=16, group=4)
    alone = discriminator(real, resolution=16, group=4)
    self.assertAllClose(together[:4], alone, atol=1e-5)

  def test_images_of_a_group_do_see_each_other(self):
    discriminator, x = build(), images(4)
    changed = tf.concat([x[:3], -x[3:]], 0)
    self.assertNotAllClose(
      discriminator(x, resolution=16, group=4)[0],
      discriminator(changed, resolution=16, group=4)[0],
    )

  def test_logits_are_float32_in_any_precision(self):
    logits = build(precision='bfloat16')(images(3, 8), resolution=8, group=3)
    self.assertEqual(logits.dtype, tf.float32)
    self.assertEqual(logits.shape, [3])

  @parameterized.parameters(False, True)
  def test_a_shared_one_projects_on_the_domain(self, spectral_norm):
    discriminator = build(
      domains=('photo', 'anime'), spectral_norm=spectral_norm
    )
    batch = dict(images=images(6, 8), resolution=8, group=3)
    logit, projection = discriminator.logit, discriminator.projection
    # Each feature by itself: a kernel of one 1, which stretches by 1.
    projection.kernel.assign(tf.zeros_like(projection.kernel))
    features = []
    for row in tf.eye(16):
      logit.kernel.assign(row[:, None])
      if spectral_norm:
        logit.spectral.direction.assign([1.0])
      features.append(discriminator(domains=['anime', 'photo'], **batch))
    features = tf.stack(features, axis=1) * (1 if spectral_norm else 4)
    self.assertGreater(np.abs(features).max(), 0.01)
    v = np.random.default_rng(0).normal(size=[16, 2]).astype(np.float32)
    v[:, 1] -= v[:, 0] * (v[:, 0] @ v[:, 1]) / (v[:, 0] @ v[:, 0])
    v /= np.linalg.norm(v, axis=0)  # Singular values 1 and 1.
    w = v.sum(axis=1, keepdims=True) / np.sqrt(2)
    logit.kernel.assign(w)
    logit.bias.assign([0.5])
    projection.kernel.assign(v)
    own = np.concatenate([features[:3] @ v[:, 1:], features[3:] @ v[:, :1]])
    expected = (features @ w + own) / (1 if spectral_norm else 4) + 0.5
    self.assertAllClose(
      discriminator(domains=['anime', 'photo'], **batch),
      expected[:, 0],
      atol=1e-5,
    )

  def test_images_of_two_domains_do_not_see_each_other(self):
    discriminator = build(domains=('photo', 'anime'), attention_resolution=8)
    discriminator.attention.gamma.assign(1.0)
    batch, kernel = images(6), discriminator.projection.kernel
    with tf.GradientTape() as tape:
      tape.watch(batch)
      logits = discriminator(
        batch, domains=('photo', 'anime'), resolution=16, group=3
      )
      photos = tf.reduce_sum(logits[:3])
    by_image, by_kernel = tape.gradient(photos, [batch, kernel])
    moved = tf.reduce_max(tf.abs(by_image), axis=[1, 2, 3]) > 0
    self.assertAllEqual(moved, [True] * 3 + [False] * 3)
    self.assertAllEqual(
      tf.reduce_max(tf.abs(by_kernel), axis=0) > 0, [True, False]
    )

  def test_only_a_shared_one_is_given_domains(self):
    for discriminator, domains in (
      (build(domains=('photo', 'anime')), ()),
      (build(), ('photo', 'anime')),
    ):
      with self.assertRaisesRegex(ValueError, 'name the domain of each part'):
        discriminator(images(4, 8), domains=domains, resolution=8, group=2)

  def test_pairs_are_refused(self):
    x = images(2, 8)
    with self.assertRaisesRegex(ValueError, 'not pairs; set.*@PatchDiscrim'):
      build()(x, resolution=8, condition=x)


if __name__ == '__main__':
  tf.test.main()
