"""Plans: the sizes and times of a network are those of its file."""

from unittest import mock

import pytest
import tensorflow as tf

from export import benchmark, plan


class PlanningTest(tf.test.TestCase):
  def test_the_widest_that_fits_and_one_more(self):
    with mock.patch.multiple(
      plan, WIDTHS=(16, 8, 4, 2), KINDS=('float32', 'dynamic')
    ):
      plans = list(plan.plan(8, plan.Limits(megabytes=0.03)))
    fitting = [p for p in plans if p.fits]
    self.assertLen(fitting, 2)
    self.assertEqual(plans[-2:], fitting)
    for row in plans:
      self.assertEqual(row.fits, row.sizes['dynamic'] <= 30_000)
      self.assertIsNone(row.latency)
    widths = [p.channels_max for p in plans]
    self.assertEqual(widths, sorted(widths, reverse=True))

  def test_figures_by_hand(self):
    # 4 -> 8 px, 4 channels everywhere: 16 at most, so 8 px have 8.
    network = plan.untrained(8, 8, 4)
    # from_rgb; two of the encoder; two at 4 px; two at 8 px, one of which
    # reads the skip, too; to_rgb.
    kernels = 3 * 4 + 2 * 9 * 16 + 2 * 9 * 16 + 9 * 8 * 4 + 9 * 16 + 4 * 3
    self.assertEqual(network.weights, kernels)

  def test_a_file_is_timed(self):
    file = plan.convert(plan.untrained(4, 8, 4), 'float32')
    latency = benchmark.measure(file, threads=1, seconds=0.01)
    self.assertGreater(latency.milliseconds, 0)
    self.assertGreaterEqual(latency.runs, 5)

  @pytest.mark.slow
  def test_limits_of_time(self):
    limits = plan.Limits(milliseconds=1e6)
    with mock.patch.object(plan, 'WIDTHS', (4,)):
      first = next(iter(plan.plan(4, limits, threads=1)))
    self.assertTrue(first.fits)
    self.assertGreater(first.latency.milliseconds, 0)

  def test_wrong_arguments_are_named(self):
    with self.assertRaisesRegex(ValueError, '33 is not a power of two'):
      next(plan.plan(33, plan.Limits()))
    with self.assertRaisesRegex(ValueError, "'onnx' is none of float32"):
      next(plan.plan(8, plan.Limits(), kind='onnx'))


if __name__ == '__main__':
  tf.test.main()
