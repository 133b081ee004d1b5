"""Merges boxes of the same face: weighted non-maximum suppression."""

import numpy as np


def overlaps(box: np.ndarray, boxes: np.ndarray) -> np.ndarray:
  """Intersection over union of a box and each of others.

  Args:
    box: [4]: left, top, right, bottom.
    boxes: [n, 4].

  Returns:
    float64 [n] in [0, 1].
  """
  shared = intersections(box, boxes)
  union = _area(box) + _area(boxes) - shared
  return shared / np.maximum(union, 1e-12)


def contained(box: np.ndarray, boxes: np.ndarray) -> np.ndarray:
  """The share of the smaller of two boxes that lies in the other, [n]."""
  smaller = np.minimum(_area(box), _area(boxes))
  return intersections(box, boxes) / np.maximum(smaller, 1e-12)


def intersections(box: np.ndarray, boxes: np.ndarray) -> np.ndarray:
  """The areas that a box shares with others, [n]."""
  sides = np.minimum(box[2:], boxes[:, 2:]) - np.maximum(box[:2], boxes[:, :2])
  return np.prod(np.maximum(sides, 0), axis=1)


def groups(
  boxes: np.ndarray, scores: np.ndarray, *, least_overlap: float
) -> list[np.ndarray]:
  """Groups boxes around the best ones.

  Args:
    boxes: [n, 4].
    scores: [n].
    least_overlap: intersection over union with the best box of a group, from
      which on a box belongs to it.

  Returns:
    Indices of each group, its best box first; the best group first.
  """
  waiting = np.argsort(-scores, kind='stable')
  found = []
  while len(waiting):
    near = overlaps(boxes[waiting[0]], boxes[waiting]) >= least_overlap
    near[0] = True
    found.append(waiting[near])
    waiting = waiting[~near]
  return found


def apart(
  boxes: np.ndarray,
  scores: np.ndarray,
  *,
  most_overlap: float,
  most_contained: float,
) -> list[int]:
  """The best boxes of which no two show the same face.

  Args:
    boxes: [n, 4].
    scores: [n].
    most_overlap: intersection over union that two boxes may have.
    most_contained: share of a box that may lie in another one. A window that
      cuts a face off gives a small box in it.

  Returns:
    Indices, the best first.
  """
  kept: list[int] = []
  for index in np.argsort(-scores, kind='stable'):
    others = boxes[kept].reshape(-1, 4)
    if (overlaps(boxes[index], others) <= most_overlap).all() and (
      contained(boxes[index], others) <= most_contained
    ).all():
      kept.append(int(index))
  return kept


def _area(boxes: np.ndarray) -> np.ndarray:
  return np.prod(np.maximum(boxes[..., 2:] - boxes[..., :2], 0), axis=-1)
