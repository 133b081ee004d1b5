"""What a logit sees, and pairs."""

from unittest import mock

import tensorflow as tf
from absl.testing import parameterized

from tf_twingan.models import cyclegan_layers
from tf_twingan.models.discriminators import patch


def build(resolution=64, **options):
  return patch.PatchDiscriminator(resolution, channels=4, **options)


class PatchDiscriminatorTest(parameterized.TestCase, tf.test.TestCase):
  @parameterized.parameters((16, 64, 32), (34, 64, 16), (70, 128, 16))
  def test_a_logit_sees_a_patch_of_the_field(self, field, side, places):
    judge = build(side, field=field)
    for weight in judge.trainable_variables:
      weight.assign(tf.ones_like(weight))
    images = tf.ones([1, side, side, 3])
    # The norm's moments are of the whole image; the patch is without them.
    with mock.patch.object(cyclegan_layers, 'instance_norm', lambda x: x):
      with tf.GradientTape() as tape:
        tape.watch(images)
        logits = judge(images)
        middle = logits[0, places // 2, places // 2]
      self.assertEqual(logits.shape, [1, places, places])
      gradient = tape.gradient(middle, images)[0, ..., 0]
    for axis in (0, 1):
      seen = tf.reduce_any(gradient != 0, axis=axis)
      self.assertEqual(int(tf.reduce_sum(tf.cast(seen, tf.int32))), field)

  def test_widths_are_those_of_the_paper(self):
    judge = patch.PatchDiscriminator(256)
    self.assertEqual(
      [c.kernel.shape[-1] for c in judge.convs], [64, 128, 256, 512]
    )
    self.assertEqual(judge.logit.kernel.shape, [4, 4, 512, 1])

  def test_a_condition_is_judged_with_the_image(self):
    judge = build(32, field=16, conditional=True)
    a, b = tf.zeros([2, 32, 32, 3]), tf.ones([2, 32, 32, 3])
    self.assertNotAllClose(judge(a, condition=b), judge(a, condition=a))
    with self.assertRaisesRegex(ValueError, 'conditional is True.* to False'):
      judge(a)
    with self.assertRaisesRegex(ValueError, 'conditional is False.* to True'):
      build(32, field=16)(a, condition=b)

  def test_logits_are_float32_in_any_precision(self):
    judge = build(32, field=16, precision='bfloat16')
    self.assertEqual(judge(tf.zeros([1, 32, 32, 3])).dtype, tf.float32)

  def test_fields_that_there_are_not(self):
    with self.assertRaisesRegex(ValueError, 'field is 17; choose one of 16'):
      build(field=17)
    with self.assertRaisesRegex(ValueError, '70 px, more.*one of 16, 34'):
      build(64, field=70)

  def test_it_tells_no_domains_apart(self):
    with self.assertRaisesRegex(ValueError, 'shared_discriminator to False'):
      build(domains=['photo', 'anime'])


if __name__ == '__main__':
  tf.test.main()
