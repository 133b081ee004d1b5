"""Near-duplicates are grouped by their hashes, as comparing all pairs does."""

import io

import numpy as np
from absl.testing import absltest
from PIL import Image

from tests.data.audit import planted_sets
from tf_twingan.data.prepare import near_duplicates, options


def groups_of_all_pairs(hashes: np.ndarray, distance: int) -> list[list[int]]:
  """What `groups` returns, by comparing every image with every other."""
  bits = np.unpackbits(hashes, axis=1).astype(int)
  near = (bits[:, None] != bits[None]).sum(axis=2) <= distance
  while True:
    further = near @ near
    if np.array_equal(further, near):
      break
    near = further
  found = {tuple(np.flatnonzero(row)) for row in near}
  return sorted(list(map(int, group)) for group in found if len(group) > 1)


class GroupsTest(absltest.TestCase):
  def test_groups_are_those_of_all_pairs(self):
    random = np.random.default_rng(0)
    hashes = random.integers(0, 256, [30, 8], np.uint8)
    # Chains of copies, each with a few bits flipped; some bits twice.
    for _ in range(60):
      copy = hashes[random.integers(len(hashes))].copy()
      for bit in random.integers(0, 64, random.integers(0, 9)):
        copy[bit // 8] ^= 1 << (bit % 8)
      hashes = np.vstack([hashes, copy])
    texts = [row.tobytes().hex() for row in hashes]
    for distance in (0, 1, 4, 7):
      with self.subTest(distance):
        expected = groups_of_all_pairs(hashes, distance)
        self.assertNotEmpty(expected)
        self.assertEqual(near_duplicates.groups(texts, distance), expected)

  def test_none_and_one_have_no_groups(self):
    self.assertEqual(near_duplicates.groups([], 4), [])
    self.assertEqual(near_duplicates.groups(['00' * 8], 4), [])


class FingerprintTest(absltest.TestCase):
  def setUp(self):
    super().setUp()
    # The hardest case: drawn alike, in one place, before one backdrop.
    self.images = [
      planted_sets.draw('adventurer', number, plain=True)
      for number in range(40)
    ]
    self.distance = options.Options(faces='none').duplicate_distance

  def groups(self, images):
    return near_duplicates.groups(
      list(map(near_duplicates.fingerprint, images)), self.distance
    )

  def test_different_people_before_one_backdrop_are_no_duplicates(self):
    self.assertEmpty(self.groups(self.images))

  def test_saved_and_resized_copies_are_found(self):
    def saved(image):
      stream = io.BytesIO()
      image.save(stream, 'JPEG', quality=40)
      return Image.open(stream).convert('RGB')

    wholes = list(map(Image.fromarray, self.images))
    changed = [
      *map(saved, wholes[:10]),
      *(whole.resize((90, 90)) for whole in wholes[10:20]),
      *(whole.convert('L').convert('RGB') for whole in wholes[20:30]),
    ]
    self.assertEqual(
      self.groups(self.images + list(map(np.asarray, changed))),
      [[number, 40 + number] for number in range(30)],
    )


if __name__ == '__main__':
  absltest.main()
