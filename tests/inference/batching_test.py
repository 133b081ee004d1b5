"""Batches: every row once, in order, and a shape for no rows at all."""

import numpy as np
from absl.testing import absltest

from tf_twingan.inference import batching


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
