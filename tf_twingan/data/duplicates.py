"""Copies among decoded images: held out and trained on, or trained on twice.

Published splits and downloaded folders hold copies under other names. Scores
of a held-out image that a model was trained on say little.
"""

import collections
import hashlib

import numpy as np


def count(held_out: np.ndarray, images: np.ndarray) -> int:
  """How many of the held-out images equal one of the others, to the last pixel.

  Args:
    held_out: uint8 [n, height, width, 3].
    images: uint8 [m, height, width, 3]; few bytes of each are read, as they may
      be on a disk.
  """
  middle = held_out.shape[1] // 2
  alike = collections.defaultdict(set)
  for index, row in enumerate(held_out[:, middle]):
    alike[row.tobytes()].add(index)
  found: set[int] = set()
  for image in images:
    for index in alike.get(image[middle].tobytes(), set()) - found:
      if np.array_equal(image, held_out[index]):
        found.add(index)
  return len(found)


def within(images: np.ndarray) -> list[tuple[int, int]]:
  """Which images equal an earlier one, to the last pixel.

  Args:
    images: uint8 [n, height, width, 3]; few bytes of each are read, as they may
      be on a disk.

  Returns:
    The index of each, and that of the first image that it equals.
  """
  middle = images.shape[1] // 2
  alike = collections.defaultdict(list)
  for index, image in enumerate(images):
    alike[hash(image[middle].tobytes())].append(index)
  found = []
  for indices in alike.values():
    firsts: dict[bytes, int] = {}
    for index in indices if len(indices) > 1 else ():
      first = firsts.setdefault(_digest(images[index]), index)
      if first != index:
        found.append((index, first))
  return sorted(found)


def _digest(image: np.ndarray) -> bytes:
  return hashlib.sha256(image.tobytes()).digest()
