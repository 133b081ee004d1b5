"""Batches: every row once, in order, and a shape for no rows at all."""

import numpy as np
import tensorflow as tf
from absl.testing import absltest

from tf_twingan.inference import batching


class TracedTest(tf.test.TestCase):
  def test_batches_of_any_size_share_a_trace(self):
    traced = batching.Traced(lambda a, b: {'sum': a + b}, [2], [2])
    for count in (3, 1, 2, 7):
      a = np.random.default_rng(count).normal(size=[count, 2])
      result = traced(a.astype(np.float32), np.ones([count, 2], np.float32))
      self.assertAllClose(result['sum'], a + 1)
      self.assertIsInstance(result['sum'], np.ndarray)
    self.assertEqual(traced.tracing_count, 1)

  def test_each_choice_of_strings_has_a_trace(self):
    factors = {'one': 1, 'two': 2}
    traced = batching.Traced(lambda a, name: factors[name] * a, [])
    for name in ('one', 'two', 'one', 'two'):
      self.assertAllEqual(traced(np.float32([3]), name), [3 * factors[name]])
    self.assertEqual(traced.tracing_count, 2)

  def test_what_is_not_finite_is_refused(self):
    traced = batching.Traced(lambda a: {'log': tf.math.log(a)}, [])
    with self.assertRaisesRegex(FloatingPointError, 'NaN or infinite'):
      traced(np.float32([1, 0]))


class BatchingTest(absltest.TestCase):
  def test_slices_cover_every_item_once(self):
    self.assertEqual(
      list(batching.slices(7, 3)), [slice(0, 3), slice(3, 6), slice(6, 7)]
    )
    self.assertEqual(list(batching.slices(0, 3)), [])

  def test_results_are_joined_in_order(self):
    sizes = []

    def function(a, b):
      sizes.append(len(a))
      return {'sum': a + b, 'first': a[:, :1]}

    a, b = np.arange(14).reshape(7, 2), np.ones([7, 1], int)
    result = batching.apply(function, a, b, size=3)
    self.assertEqual(sizes, [3, 3, 1])
    np.testing.assert_array_equal(result['sum'], a + b)
    np.testing.assert_array_equal(result['first'], a[:, :1])

  def test_no_rows_have_the_shape_of_rows(self):
    result = batching.apply(
      lambda a: np.repeat(a, 5, axis=1), np.zeros([0, 2], np.uint8)
    )
    self.assertEqual((result.shape, result.dtype), ((0, 10), np.uint8))


if __name__ == '__main__':
  absltest.main()
