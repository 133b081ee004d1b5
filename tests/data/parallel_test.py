"""Calls in threads: all results, in order, errors among them."""

import itertools

from absl.testing import absltest

from tf_twingan.data import parallel


class ParallelTest(absltest.TestCase):
  def results(self, function, items):
    return parallel.results(
      function, items, count=0, description='testing', chunk=2
    )

  def test_results_and_errors_come_in_order(self):
    found = dict(
      self.results(lambda n: 6 // n if n else int('x'), zip('abc', (1, 0, 3)))
    )
    self.assertEqual(list(found), ['a', 'b', 'c'])
    self.assertEqual((found['a'], found['c']), (6, 2))
    self.assertIsInstance(found['b'], ValueError)

  def test_other_errors_are_raised(self):
    with self.assertRaises(KeyError):
      list(self.results({}.__getitem__, [('a', 1)]))

  def test_no_more_is_taken_than_a_chunk_needs(self):
    endless = ((str(n), n) for n in itertools.count())
    self.assertEqual(next(self.results(lambda n: n, endless)), ('0', 0))


if __name__ == '__main__':
  absltest.main()
