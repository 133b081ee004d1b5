"""Near-duplicates: fingerprints of images, and groups of those that agree.

A fingerprint is a perceptual hash of 256 bits: the signs of the lowest
frequencies of the brightness, which saving, resizing and brightening hardly
change. The 64 bits that are common for photos of anything are too few here:
two people before one backdrop, framed alike, may differ in 4 of them, which is
what a resize changes.

Groups are found without comparing every image with every other: where two
hashes differ in at most d bits, at least one of d + 1 parts of them is equal
(Norouzi, Punjani and Fleet, "Fast search in Hamming space with multi-index
hashing", 2012), so that only images that share a part are compared.
"""

import collections
from collections.abc import Iterator, Sequence

import numpy as np
from PIL import Image

_SIDE = 64
_KEPT = 16
# Pairs that are compared at once.
_PAIRS = 2**20
_BIT_COUNTS = np.array([bin(byte).count('1') for byte in range(256)], np.uint8)


def fingerprint(image: np.ndarray) -> str:
  """What near-duplicates have nearly in common, as hex digits.

  Args:
    image: uint8 RGB [height, width, 3].
  """
  small = Image.fromarray(image).convert('L').resize((_SIDE, _SIDE))
  places = np.arange(_SIDE) + 0.5
  waves = np.cos(np.pi / _SIDE * np.outer(np.arange(_KEPT), places))
  low = waves @ np.asarray(small, np.float64) @ waves.T
  bits = low > np.median(low.ravel()[1:])
  return np.packbits(bits).tobytes().hex()


def groups(fingerprints: Sequence[str], distance: int) -> list[list[int]]:
  """Groups of images that repeat one another, directly or through others.

  Args:
    fingerprints: of the images, see `fingerprint`.
    distance: in how many bits near-duplicates may differ.

  Returns:
    The indices of the images in each group of two or more, in order.
  """
  by_hash = collections.defaultdict(list)
  for index, text in enumerate(fingerprints):
    by_hash[text].append(index)
  texts = list(by_hash)
  if not texts:
    return []
  hashes = np.stack([np.frombuffer(bytes.fromhex(t), np.uint8) for t in texts])
  parents = list(range(len(texts)))

  def root(index: int) -> int:
    while parents[index] != index:
      parents[index] = parents[parents[index]]
      index = parents[index]
    return index

  for first, second in _close_pairs(hashes, distance):
    parents[root(second)] = root(first)
  members: dict[int, list[int]] = collections.defaultdict(list)
  for index, text in enumerate(texts):
    members[root(index)] += by_hash[text]
  return sorted(sorted(group) for group in members.values() if len(group) > 1)


def _close_pairs(
  hashes: np.ndarray, distance: int
) -> Iterator[tuple[int, int]]:
  """Pairs of hashes, uint8 [n, bytes], that differ in at most `distance`."""
  bits = np.unpackbits(hashes, axis=1)
  for part in np.array_split(bits, distance + 1, axis=1):
    keys = np.packbits(part, axis=1)
    order = np.lexsort(keys.T)
    changes = np.any(keys[order][1:] != keys[order][:-1], axis=1)
    for run in np.split(order, np.flatnonzero(changes) + 1):
      rows = max(1, _PAIRS // len(run))
      for start in range(0, len(run) if len(run) > 1 else 0, rows):
        some = run[start : start + rows]
        differing = hashes[some][:, None] ^ hashes[run][None, :]
        counts = _BIT_COUNTS[differing].sum(axis=2, dtype=np.uint16)
        for i, j in np.argwhere(counts <= distance):
          if some[i] < run[j]:
            yield int(some[i]), int(run[j])
