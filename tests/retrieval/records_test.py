"""An index's images in several shards: numbers, names, samples, vectors."""

import tempfile

import numpy as np
from absl.testing import absltest

from tf_twingan.retrieval import records, storage


class RecordsTest(absltest.TestCase):
  def setUp(self):
    super().setUp()
    self.files = storage.Storage(tempfile.mkdtemp())
    self.records = records.Records(self.files, [])
    # The value of each image's pixels is its number.
    for domain, source, numbers in (
      ('anime', 'x', range(0, 3)),
      ('photo', 'x', range(3, 5)),
      ('anime', 'y', range(5, 9)),
    ):
      self.records.append(
        domain,
        source,
        [f'{n}.png' for n in numbers],
        [np.full([8, 8, 3], n, np.uint8) for n in numbers],
      )

  def test_numbers_find_their_image(self):
    again = records.Records(self.files, self.records.shards)
    for opened in (self.records, again):
      self.assertLen(opened, 9)
      for number in range(9):
        self.assertEqual(opened.image(number).mean(), number)
        self.assertEqual(opened.find(number).name, f'{number}.png')
      self.assertEqual(opened.find(6), records.Record(6, '6.png', 'y', 'anime'))
      self.assertEqual(opened.count('anime'), 7)
      self.assertEqual(opened.count('cat'), 0)
      self.assertEqual(opened.names('anime', 'x'), {'0.png', '1.png', '2.png'})
      self.assertEqual(opened.names('photo', 'y'), set())

  def test_a_sample_is_spread_over_the_domain(self):
    def numbers(size):
      return self.records.sample('anime', size)[:, 0, 0, 0].tolist()

    self.assertEqual(numbers(2), [0, 8])
    self.assertEqual(numbers(4), [0, 2, 6, 8])
    self.assertEqual(numbers(100), [0, 1, 2, 5, 6, 7, 8])

  def test_vectors(self):
    for place, start in ((0, 0), (2, 5)):
      count = self.records.shards[place].count
      rows = np.arange(start, start + count, dtype=np.float32)
      self.records.set_vectors(place, np.stack([rows, -rows], 1), 'key')
    parts = list(self.records.vectors('anime'))
    self.assertLen(parts, 2)
    for numbers, vectors in parts:
      np.testing.assert_array_equal(numbers, vectors[:, 0])
    [(numbers, _)] = self.records.vectors('anime', after=3)
    self.assertEqual(numbers.tolist(), [5, 6, 7, 8])
    np.testing.assert_array_equal(
      self.records.lookup(np.array([7, 0])), [[7, -7], [0, 0]]
    )


if __name__ == '__main__':
  absltest.main()
