"""Near-duplicates are grouped by their hashes, as comparing all pairs does."""

import numpy as np
from absl.testing import absltest

from tf_twingan.data.prepare import near_duplicates


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


if __name__ == '__main__':
  absltest.main()
