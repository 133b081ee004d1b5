"""The split: whole groups, by names alone, and as the input has it."""

import unicodedata

from absl.testing import absltest

from tf_twingan.data.prepare import splits
from tf_twingan.data.sources import base

PHOTOS = [f'{number}.jpg' for number in range(1000)]


class SplitsTest(absltest.TestCase):
  def assign(self, photos, groups=(), own=None):
    return splits.assign(photos, groups, own or [None] * len(photos))

  def test_a_tenth_is_held_out(self):
    assigned = self.assign(PHOTOS)
    self.assertBetween(assigned.count('test'), 80, 120)
    self.assertEqual(assigned.count('train') + assigned.count('test'), 1000)

  def test_it_depends_on_the_names_alone(self):
    assigned = dict(zip(PHOTOS, self.assign(PHOTOS)))
    others = self.assign([*reversed(PHOTOS), 'new.jpg'])[:-1]
    self.assertEqual(dict(zip(reversed(PHOTOS), others)), assigned)

  def test_groups_and_faces_of_a_photo_stay_together(self):
    photos = [p for p in PHOTOS for _ in range(2)]
    groups = [[i, i + 501] for i in range(0, 400, 3)]
    assigned = self.assign(photos, groups)
    for first, second in zip(assigned[::2], assigned[1::2]):
      self.assertEqual(first, second)
    for first, second in groups:
      self.assertEqual(assigned[first], assigned[second])
    self.assertIn('test', assigned)

  def test_the_first_name_of_a_group_decides(self):
    fractions = {p: base.hash_fraction(p) for p in PHOTOS}
    other, held_out = [p for p in PHOTOS if fractions[p] < 0.1][:2]
    kept = next(p for p in PHOTOS if fractions[p] > 0.1 and p < held_out)
    for photos in ([held_out, kept, other], [kept, held_out, other]):
      found = self.assign(photos, [[0, 1]])
      self.assertEqual(found, ['train', 'train', 'test'])

  def test_one_group_at_least_is_held_out_of_two(self):
    kept = [p for p in PHOTOS if base.hash_fraction(p) > 0.5][:5]
    self.assertEqual(self.assign(kept).count('test'), 1)
    self.assertEqual(self.assign(kept, [[0, 1, 2, 3, 4]]), ['train'] * 5)

  def test_a_split_of_the_input_is_kept(self):
    own = ['test', 'train', 'train', None]
    photos = ['test/a', 'train/b', 'train/c', 'd']
    self.assertEqual(
      self.assign(photos, [[0, 1]], own)[:3], ['test', 'train', 'train']
    )
    # One without a split follows those that it belongs to.
    self.assertEqual(self.assign(photos, [[0, 3]], own)[3], 'test')
    self.assertEqual(self.assign(photos, [[1, 3]], own)[3], 'train')

  def test_names_that_a_mac_spells_otherwise(self):
    photos = [f'\u00e9{number}.jpg' for number in range(1000)]
    decomposed = [unicodedata.normalize('NFD', photo) for photo in photos]
    # An accented name and one without it change places in the other spelling.
    plain = [f'f{number}.jpg' for number in range(1000)]
    groups = [[i, i + 1000] for i in range(1000)]
    composed = self.assign(photos + plain, groups)
    others = self.assign(decomposed + plain, groups)
    self.assertEqual(sum(a != b for a, b in zip(composed, others)), 0)

  def test_names_of_any_bytes(self):
    self.assertLen(self.assign(['a\udcff', 'b']), 2)


if __name__ == '__main__':
  absltest.main()
