"""An index's images in several shards: numbers, names, samples, vectors."""

import tempfile

import numpy as np
from absl.testing import absltest

from tf_twingan.retrieval import records, storage


class RecordsTest(absltest.TestCase):
  def setUp(self):
    super().setUp()
    self.files = storage.Storage(tempfile.mkdtemp())
    self.records = records.Records(self.files, [], 8)
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
    again = records.Records(self.files, self.records.shards, 8)
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

  def test_those_that_stay_keep_their_numbers(self):
    for place in range(3):
      count = self.records.shards[place].count
      self.records.set_vectors(place, np.ones([count, 2], np.float32), 'key')
    self.records.remove([1, 6])
    self.records.remove([3, 4, 5])
    again = records.Records(self.files, self.records.shards, 8)
    for opened in (self.records, again):
      self.assertLen(opened, 4)
      self.assertEqual([r.number for r in opened.all()], [0, 2, 7, 8])
      self.assertEqual(opened.numbers('anime').tolist(), [0, 2, 7, 8])
      self.assertEqual(opened.numbers('anime', 3).tolist(), [0, 2, 7])
      self.assertEqual(opened.count('photo'), 0)
      for number in (0, 2, 7, 8):
        self.assertEqual(opened.image(number).mean(), number)
        self.assertEqual(opened.find(number).name, f'{number}.png')
        self.assertTrue(opened.holds(number, 'anime'))
        self.assertFalse(opened.holds(number, 'photo'))
      for number in (-1, 1, 3, 4, 5, 6, 9):
        self.assertFalse(opened.holds(number, 'anime'))
        with self.assertRaisesRegex(KeyError, f'of number {number}'):
          opened.find(number)
      self.assertEqual(
        [numbers.tolist() for numbers, _ in opened.vectors('anime')],
        [[0, 2], [7, 8]],
      )
    again.append('photo', 'x', ['new'], [np.zeros([8, 8, 3], np.uint8)])
    self.assertEqual(again.find(9).name, 'new')

  def test_stamps_are_kept_and_changed(self):
    images = [np.zeros([8, 8, 3], np.uint8)] * 2
    self.records.append('photo', 'z', ['a', 'b'], images, ['1', None])
    self.records.set_stamps('photo', 'z', {'b': '2'})
    again = records.Records(self.files, self.records.shards, 8)
    stamps = {r.name: r.stamp for r in again.all('photo', 'z')}
    self.assertEqual(stamps, {'a': '1', 'b': '2'})
    self.assertFalse(again.set_stamps('photo', 'z', {'a': '1'}))
    self.assertIsNone(self.records.find(3).stamp)

  def test_lengths_that_differ_are_named(self):
    shard = self.records.shards[0].model_copy(update={'count': 2})
    with self.assertRaisesRegex(ValueError, 'holds 3 lines, .* hold 2'):
      records.Records(self.files, [shard], 8)
    shard = self.records.shards[0]
    opened = records.Records(self.files, [shard], 16)
    with self.assertRaisesRegex(
      ValueError, r'pictures.npy is damaged .*hold \[3, 16, 16, 3\]'
    ):
      opened.image(0)


if __name__ == '__main__':
  absltest.main()
