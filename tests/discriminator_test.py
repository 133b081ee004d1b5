"""Stages, groups and precision of the discriminator."""

import keras
import tensorflow as tf
from absl.testing import parameterized

from tf_twingan.models import discriminator


def build(**options):
  keras.utils.set_random_seed(1)
  return discriminator.Discriminator(
    16, channels_base=32, channels_max=16, **options
  )


def pictures(batch=4, resolution=16):
  shape = [batch, resolution, resolution, 3]
  return tf.random.stateless_uniform(shape, [1, 0], -1.0, 1.0)


class DiscriminatorTest(parameterized.TestCase, tf.test.TestCase):
  @parameterized.parameters(None, 4, 8, 16)
  def test_new_stage_starts_as_the_previous_one(self, attention):
    judge, fine = build(attention_resolution=attention), pictures()
    if attention:
      judge.attention.gamma.assign(1.0)
    coarse = tf.nn.avg_pool2d(fine, 2, 2, 'VALID')
    self.assertAllClose(
      judge(fine, resolution=16, group=4, alpha=0.0),
      judge(coarse, resolution=8, group=4),
      atol=1e-6,
    )

  def test_groups_do_not_see_each_other(self):
    judge, real = build(), pictures(4)
    fake = tf.zeros_like(real)
    together = judge(tf.concat([real, fake], 0), resolution=16, group=4)
    alone = judge(real, resolution=16, group=4)
    self.assertAllClose(together[:4], alone, atol=1e-5)

  def test_pictures_of_a_group_do_see_each_other(self):
    judge, x = build(), pictures(4)
    changed = tf.concat([x[:3], -x[3:]], 0)
    self.assertNotAllClose(
      judge(x, resolution=16, group=4)[0],
      judge(changed, resolution=16, group=4)[0],
    )

  def test_logits_are_float32_in_any_precision(self):
    logits = build(precision='bfloat16')(pictures(3, 8), resolution=8, group=3)
    self.assertEqual(logits.dtype, tf.float32)
    self.assertEqual(logits.shape, [3])


if __name__ == '__main__':
  tf.test.main()
