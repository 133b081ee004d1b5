"""Memorization: how close translations are to training images.

The distance of a translation is that to its nearest training image of the
target domain (L2 over pixels or features). Real images that were held out show
which distances are normal:

  ratio = median distance of translations / median distance of held-out ones
  share = share of translations no farther than the 1st percentile of held-out

A translator that reproduces training images gets a ratio of 0, the floor, and a
share of 1; new real images get about 1 and about 0.01. The ratio has no
ceiling: far above 1, translations are unlike the domain, which is another
fault. A blurrer can get a ratio below 1, as smooth images are nearer to all
others; so look at the nearest images, whose indices are returned, before
concluding that it memorizes.

Comparing generated images with held-out ones follows Meehan, Chaudhuri and
Dasgupta (2020, "A Non-Parametric Test to Detect Data-Copying in Generative
Models"), who test the two sets of distances by ranks, cell by cell.
"""

from collections.abc import Iterator
from typing import NamedTuple

import numpy as np


class Memorization(NamedTuple):
  """How close translations are to training images.

  Attributes:
    ratio: ratio of the median distances, in [0, inf).
    share: share of the translations no farther than `threshold`, in [0, 1].
    threshold: the 1st percentile of the distances of held-out images.
    indices: int [n]: the nearest training image of each translation, the
      first of equals.
    distances: float64 [n]: L2 distance to that training image.
  """

  ratio: float
  share: float
  threshold: float
  indices: np.ndarray
  distances: np.ndarray


def measure(
  translations: np.ndarray,
  *,
  training: np.ndarray,
  held_out: np.ndarray,
  max_elements: int = 2**24,
) -> Memorization:
  """Compares distances to the training set with those of held-out images.

  Args:
    translations: uint8 or float [n, d] or [n, ...], then flattened.
    training: [m, ...]: images (or features) of the target domain that the
      translator was trained on, in the range of the translations.
    held_out: [k, ...]: real images of the same domain that it never saw.
    max_elements: largest number of float64 values in one temporary array; the
      default is 128 MiB.

  Returns:
    Ratio, share, and the nearest training images.

  Raises:
    ValueError: the shapes do not fit, something is empty, or most held-out
      images are in the training set.
  """
  distances, indices = nearest(
    translations, training, max_elements=max_elements
  )
  held_out_distances, _ = nearest(held_out, training, max_elements=max_elements)
  usual = np.median(held_out_distances)
  if usual == 0:
    raise ValueError(
      f'{np.count_nonzero(held_out_distances == 0)} of '
      f'{len(held_out_distances)} held-out images are in the training set; '
      'hold out others.'
    )
  threshold = np.percentile(held_out_distances, 1)
  return Memorization(
    ratio=float(np.median(distances) / usual),
    # Not "nearer than": with a few duplicates among the held-out images the
    # threshold is 0, and a reproduced image still has to count.
    share=float(np.mean(distances <= threshold)),
    threshold=float(threshold),
    indices=indices,
    distances=distances,
  )


def nearest(
  images: np.ndarray, training: np.ndarray, *, max_elements: int = 2**24
) -> tuple[np.ndarray, np.ndarray]:
  """The nearest training image of each image.

  Args:
    images: uint8 or float [n, ...].
    training: [m, ...], of the same shape from the second axis on.
    max_elements: largest number of float64 values in one temporary array.

  Returns:
    Their L2 distances, float64 [n], and indices, int [n].

  Raises:
    ValueError: the shapes do not fit, or something is empty.
  """
  if images.shape[1:] != training.shape[1:]:
    raise ValueError(
      f'images {images.shape} and training {training.shape} differ from '
      'the second axis on; give both at the same resolution.'
    )
  if not len(images) or not len(training):
    raise ValueError(
      f'{len(images)} images and {len(training)} in training; give at '
      'least one of each.'
    )
  size = max(1, int(np.prod(images.shape[1:])))
  # Both a block of images and a matrix of distances stay below the limit.
  block = max(1, min(max_elements // size, int(max_elements**0.5)))
  centre = _centre(training)
  distances = np.empty(len(images))
  indices = np.empty(len(images), np.int64)
  for start, rows in _blocks(images, block):
    closest = _nearest_of_block(rows, training, block, centre)
    indices[start : start + len(rows)] = closest
    for offset, index in enumerate(closest):
      neighbour = np.asarray(training[index], np.float64).reshape(-1)
      # By differences, as the expanded square leaves a copy a rounding error.
      distances[start + offset] = np.linalg.norm(rows[offset] - neighbour)
  return distances, indices


def _centre(training):
  """Mean of the training images; of whole numbers, a whole number.

  Differences of whole numbers are exact, and so images that are equally near
  stay equally near.
  """
  mean = training.mean(axis=0, dtype=np.float64).reshape(-1)
  return np.rint(mean) if np.issubdtype(training.dtype, np.integer) else mean


def _nearest_of_block(rows, training, block, centre):
  # Far from the origin, the expanded square would lose the digits that matter.
  rows = rows - centre
  best = np.full(len(rows), np.inf)
  indices = np.zeros(len(rows), np.int64)
  for start, others in _blocks(training, block):
    others = others - centre
    # |a - b|^2 without |a|^2, which no comparison needs.
    squares = np.square(others).sum(axis=1) - 2 * rows @ others.T
    local = squares.argmin(axis=1)
    values = np.take_along_axis(squares, local[:, None], axis=1)[:, 0]
    nearer = values < best
    best[nearer], indices[nearer] = values[nearer], start + local[nearer]
  return indices


def _blocks(images: np.ndarray, block: int) -> Iterator[tuple[int, np.ndarray]]:
  for start in range(0, len(images), block):
    part = np.asarray(images[start : start + block], np.float64)
    yield start, part.reshape(len(part), -1)
