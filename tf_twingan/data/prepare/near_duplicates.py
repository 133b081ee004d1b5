"""Near-duplicates: fingerprints of images, and groups of those that agree.

A fingerprint holds the lowest frequencies of the brightness, as perceptual
hashes do (Zauner, "Implementation and benchmarking of perceptual image hash
functions", 2010), of the whole image and of what two narrow crops leave of it.
Their strength is kept beside their sign: people before one backdrop, framed
alike, have nearly all signs in common. Frequencies are weighed as much as their
kind is weaker in photos, so that fine ones count as much as coarse ones.

How far two images are apart is one less the correlation of these values, in
percent, of the nearest two of their crops, mirrored or not: a mirrored copy is
a copy, as trainings mirror images. Unrelated images are about 100 apart.

Of all pairs the coarsest frequencies alone are compared, by matrix products.
An index would save nothing: what is near may be 30 degrees apart in 64
dimensions of about the same weight, no few of which keep most images away from
each other.
"""

import collections
from collections.abc import Iterator, Sequence

import numpy as np
from PIL import Image

_SIDE = 64  # px, at which frequencies are taken.
_KEPT = 16  # The lowest frequencies of each direction.
_COARSE = 8  # Those by which all pairs are compared.
# What is cut off on each side, as a share of it. In between, and a little
# beyond, images still correlate.
_CROPS = (0.0, 0.012, 0.024)
# Strength is kept up to that of the average frequency, in steps.
_STEPS = 7
# The coarse frequencies of whole images, of which no crop is cut off, may be so
# many times as far apart.
_SLACK = 1.5
# Rows and columns of a block of pairs, and pairs that are looked at closely.
_BLOCK = 512
_PAIRS = 4096

_PLACES = np.arange(_SIDE) + 0.5
_WAVES = np.cos(np.pi / _SIDE * np.outer(np.arange(_KEPT), _PLACES))
_DOWN, _ACROSS = np.divmod(np.arange(_KEPT**2), _KEPT)
_WEIGHTS = np.hypot(_DOWN, _ACROSS)
_MIRROR = np.where(_ACROSS % 2, -1, 1).astype(np.float32)
_IS_COARSE = (_DOWN < _COARSE) & (_ACROSS < _COARSE)


def fingerprint(image: np.ndarray) -> str:
  """What near-duplicates have nearly in common, as hex digits.

  Args:
    image: uint8 RGB [height, width, 3].
  """
  grey = Image.fromarray(image).convert('L')
  codes = [_code(grey, crop) for crop in _CROPS]
  nibbles = np.concatenate(codes).astype(np.uint8)
  return (nibbles[0::2] * 16 + nibbles[1::2]).tobytes().hex()


def _code(grey: Image.Image, crop: float) -> np.ndarray:
  """Values from 1 to 15, 8 for nothing, of the lowest frequencies."""
  width, height = grey.size
  small = grey.resize(
    (_SIDE, _SIDE),
    Image.Resampling.BOX if crop == 0 else Image.Resampling.BILINEAR,
    box=(crop * width, crop * height, (1 - crop) * width, (1 - crop) * height),
    reducing_gap=3.0,
  )
  values = (_WAVES @ np.asarray(small, np.float64) @ _WAVES.T).ravel()
  values *= _WEIGHTS  # The mean of the brightness has none.
  strength = np.sqrt(np.mean(values**2))
  # Less than what rounding to whole levels gives is nothing.
  if strength < _SIDE:
    return np.full(len(values), _STEPS + 1)
  return np.rint(_STEPS * np.clip(values / strength, -1, 1)) + _STEPS + 1


def _codes(fingerprints: Sequence[str]) -> np.ndarray:
  """The values of fingerprints, int8 [n, crops, frequencies] around 0."""
  data = bytes.fromhex(''.join(fingerprints))
  pairs = np.frombuffer(data, np.uint8).reshape(len(fingerprints), -1)
  nibbles = np.stack([pairs // 16, pairs % 16], axis=2).astype(np.int8)
  return nibbles.reshape(len(fingerprints), len(_CROPS), -1) - (_STEPS + 1)


def distance(one: str, other: str) -> float:
  """How far two images are apart, in percent, from 0 to 200.

  Args:
    one: fingerprint of an image.
    other: that of another image.
  """
  first, second = _codes([one, other])
  return round(float(_distances(first[None], second[None])[0]), 3)


def _distances(first: np.ndarray, second: np.ndarray) -> np.ndarray:
  """The distances of pairs, float32 [n], of codes int8 [n, ...]."""
  coarse = [_unit(codes[:, 0, _IS_COARSE]) for codes in (first, second)]
  first, second = _unit(first), _unit(second)
  result = np.full(len(first), np.inf, np.float32)
  for mirror in (np.ones_like(_MIRROR), _MIRROR):
    alike = np.max(
      [
        np.einsum('nf,ncf->nc', whole * mirror, crops).max(axis=1)
        for whole, crops in ((first[:, 0], second), (second[:, 0], first))
      ],
      axis=0,
    )
    roughly = (coarse[0] * mirror[_IS_COARSE] * coarse[1]).sum(axis=1)
    apart = np.maximum(1 - alike, (1 - roughly) / _SLACK)
    result = np.minimum(result, 100 * apart)
  # Equal images are not apart by what float32 rounds.
  return np.round(result, 3)


def _unit(codes: np.ndarray) -> np.ndarray:
  """Codes as float32 of length 1, or 0 where there is nothing."""
  values = codes.astype(np.float32)
  length = np.linalg.norm(values, axis=-1, keepdims=True)
  return values / np.maximum(length, 1e-6)


def groups(fingerprints: Sequence[str], distance: float) -> list[list[int]]:
  """Groups of images that repeat one another, directly or through others.

  Args:
    fingerprints: of the images, see `fingerprint`.
    distance: how far near-duplicates may be apart, in percent.

  Returns:
    The indices of the images in each group of two or more, in order.
  """
  by_text = collections.defaultdict(list)
  for index, text in enumerate(fingerprints):
    by_text[text].append(index)
  texts = list(by_text)
  if not texts:
    return []
  codes = _codes(texts)
  labels = np.arange(len(texts))
  for first, second in _candidates(codes, distance):
    for start in range(0, len(first), _PAIRS):
      i, j = first[start : start + _PAIRS], second[start : start + _PAIRS]
      apart = labels[i] != labels[j]
      i, j = i[apart], j[apart]
      near = _distances(codes[i], codes[j]) <= distance
      for one, other in zip(i[near], j[near]):
        labels[labels == labels[other]] = labels[one]
  members: dict[int, list[int]] = collections.defaultdict(list)
  for label, text in zip(labels.tolist(), texts):
    members[label] += by_text[text]
  return sorted(sorted(group) for group in members.values() if len(group) > 1)


def _candidates(
  codes: np.ndarray, distance: float
) -> Iterator[tuple[np.ndarray, np.ndarray]]:
  """Pairs of which the coarse frequencies are near, indices block by block.

  A mirror changes the sign of those that are odd across. So the product with
  the image or with its mirror, whichever is larger, is that of the even ones
  and the magnitude of that of the odd ones, each of which is computed once.
  """
  coarse = _unit(codes[:, 0, _IS_COARSE])
  is_even = _MIRROR[_IS_COARSE] > 0
  even = np.ascontiguousarray(coarse[:, is_even])
  odd = np.ascontiguousarray(coarse[:, ~is_even])
  # What is near is compared again, exactly; here it must not be lost by what
  # sums in float32 differ.
  least = 1 - _SLACK * distance / 100 - 1e-4
  # One row more, as sums of what lies whole pages apart take far longer.
  memory = np.empty([2 * _BLOCK + 1, _BLOCK], np.float32)
  for top in range(0, len(coarse), _BLOCK):
    rows = slice(top, top + _BLOCK)
    for left in range(top, len(coarse), _BLOCK):
      columns = slice(left, left + _BLOCK)
      height, width = len(even[rows]), len(even[columns])
      alike = memory[:height, :width]
      of_odd = memory[-height:, :width]
      np.matmul(even[rows], even[columns].T, out=alike)
      np.matmul(odd[rows], odd[columns].T, out=of_odd)
      alike += np.abs(of_odd, out=of_odd)
      near = np.flatnonzero(alike.max(axis=1) >= least)
      first, second = np.nonzero(alike[near] >= least)
      first, second = near[first] + top, second + left
      once = first < second
      yield first[once], second[once]
