"""The patch that a logit sees, pairs, and refusals."""

from unittest import mock

import tensorflow as tf
from absl.testing import parameterized

from tf_twingan.models import cyclegan_layers
from tf_twingan.models.discriminators import patch


def build(resolution=64, **options):
  return patch.PatchDiscriminator(resolution, channels=4, **options)


class PatchDiscriminatorTest(parameterized.TestCase, tf.test.TestCase):
  @parameterized.parameters((16, 64, 32), (34, 64, 16), (70, 128, 16))
  def test_a_logit_sees_a_patch_of_the_field(self, field, side, positions):
    discriminator = build(side, field=field)
    for weight in discriminator.trainable_variables:
      weight.assign(tf.ones_like(weight))
    images = tf.ones([1, side, side, 3])
    # The norm's moments are of the whole image; the patch is without them.
    with mock.patch.object(cyclegan_layers, 'instance_norm', lambda x: x):
      with tf.GradientTape() as tape:
        tape.watch(images)
        logits = discriminator(images, resolution=side)
        middle = logits[0, positions // 2, positions // 2]
      self.assertEqual(logits.shape, [1, positions, positions])
      gradient = tape.gradient(middle, images)[0, ..., 0]
    for axis in (0, 1):
      seen = tf.reduce_any(gradient != 0, axis=axis)
      self.assertEqual(int(tf.reduce_sum(tf.cast(seen, tf.int32))), field)

  def test_widths_are_those_of_the_paper(self):
    discriminator = patch.PatchDiscriminator(256)
    self.assertEqual(
      [c.kernel.shape[-1] for c in discriminator.convs], [64, 128, 256, 512]
    )
    self.assertEqual(discriminator.logit.kernel.shape, [4, 4, 512, 1])

  def test_a_condition_is_scored_with_the_image(self):
    discriminator = build(32, field=16, conditional=True)
    a, b = tf.zeros([2, 32, 32, 3]), tf.ones([2, 32, 32, 3])
    self.assertNotAllClose(
      discriminator(a, resolution=32, condition=b),
      discriminator(a, resolution=32, condition=a),
    )
    with self.assertRaisesRegex(ValueError, 'conditional is True.* to False'):
      discriminator(a, resolution=32)
    with self.assertRaisesRegex(ValueError, 'conditional is False.* to True'):
      build(32, field=16)(a, resolution=32, condition=b)

  def test_logits_are_float32_in_any_precision(self):
    discriminator = build(32, field=16, precision='bfloat16')
    logits = discriminator(tf.zeros([1, 32, 32, 3]), resolution=32)
    self.assertEqual(logits.dtype, tf.float32)

  def test_fade_in_and_groups_are_without_effect(self):
    discriminator, images = build(32, field=16), tf.ones([2, 32, 32, 3])
    self.assertAllEqual(
      discriminator(images, resolution=32, alpha=tf.constant(0.5), group=2),
      discriminator(images, resolution=32),
    )

  def test_unknown_fields_are_refused(self):
    with self.assertRaisesRegex(ValueError, 'field is 17; choose one of 16'):
      build(field=17)
    with self.assertRaisesRegex(ValueError, '70 px, more.*one of 16, 34'):
      build(64, field=70)

  def test_several_domains_are_refused(self):
    with self.assertRaisesRegex(ValueError, 'shared_discriminator to False'):
      build(domains=['photo', 'anime'])
    with self.assertRaisesRegex(ValueError, 'shared_discriminator to False'):
      build(64, field=16)(
        tf.zeros([2, 64, 64, 3]), domains=('photo',), resolution=64
      )

  def test_it_does_not_grow(self):
    with self.assertRaisesRegex(ValueError, '64 px is given images of 32 px'):
      build(64, field=16)(tf.zeros([2, 32, 32, 3]), resolution=32)


if __name__ == '__main__':
  tf.test.main()
