"""The fade-in, and the order of layers on the way down to 4 px."""

import tensorflow as tf
from absl.testing import parameterized

from tf_twingan.models import stages


class StagesTest(parameterized.TestCase, tf.test.TestCase):
  def test_fade_in_by_hand(self):
    a, b = tf.zeros([1]), tf.ones([1])
    self.assertAllClose(stages.fade_in(a, b, 0.25), [0.25])

  @parameterized.parameters(
    (4, 0.5, False), (8, 0.5, True), (8, 1.0, False), (16, 0.0, True)
  )
  def test_only_a_later_stage_below_one_fades(
    self, resolution, alpha, expected
  ):
    self.assertEqual(stages.is_fading(resolution, alpha), expected)

  def test_a_tensor_may_have_any_value(self):
    self.assertTrue(stages.is_fading(8, tf.constant(1.0)))

  def walk(self, **options):
    calls = []

    def from_rgb(images, size):
      calls.append(f'from_rgb {size}')
      return images + 1.0

    def block(features, size):
      calls.append(f'block {size}')
      return 10 * features

    features = stages.walk_down(
      tf.ones([1, 16, 16, 3]),
      resolution=16,
      from_rgb=from_rgb,
      block=block,
      **options,
    )
    return features, calls

  def test_the_way_down_by_hand(self):
    features, calls = self.walk(alpha=0.25)
    self.assertEqual(
      calls, ['from_rgb 16', 'block 16', 'from_rgb 8', 'block 8']
    )
    # 20 of the new stage and 2 of the one before, through the block of 8 px.
    self.assertAllClose(
      features, tf.fill([1, 4, 4, 3], 10 * (0.25 * 20 + 0.75 * 2))
    )

  def test_a_whole_stage_leaves_the_one_before_out(self):
    features, calls = self.walk(alpha=1.0)
    self.assertEqual(calls, ['from_rgb 16', 'block 16', 'block 8'])
    self.assertAllClose(features, tf.fill([1, 4, 4, 3], 200.0))

  def test_it_may_stop_earlier(self):
    features, calls = self.walk(alpha=1.0, until=8)
    self.assertEqual(calls, ['from_rgb 16', 'block 16'])
    self.assertEqual(features.shape, [1, 8, 8, 3])


if __name__ == '__main__':
  tf.test.main()
