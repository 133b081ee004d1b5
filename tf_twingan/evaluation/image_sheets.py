"""Grids of images: random ones, and the best and worst by each metric."""

from collections.abc import Callable, Mapping, Sequence
from typing import NamedTuple

import numpy as np

from tf_twingan import image_grids
from tf_twingan.evaluation import (
  candidates,
  metric,
  names,
  paired_scores,
  robustness_scores,
  tasks,
)
from tf_twingan.metrics import memorization

COLUMNS = 8  # Images in a row; of the best and the worst, half each.
_CELL = 96  # px


class ImageSheet(NamedTuple):
  """A grid of images.

  Attributes:
    caption: what the grid shows.
    image: uint8 RGB [height, width, 3].
  """

  caption: str
  image: np.ndarray


def make(
  task: tasks.Task,
  rows: Mapping[str, candidates.Candidate],
  scores: metric.CandidateScores,
  *,
  seed: int = 0,
) -> list[ImageSheet]:
  """Shows random images, then the best and worst by every metric.

  Args:
    task: what was translated.
    rows: {name of the row: candidate}, without baselines; the first is the one
      whose best and worst images are shown.
    scores: scores of the first candidate.
    seed: seed of the random choice.
  """
  rng = np.random.Generator(np.random.Philox(key=seed))
  indices = rng.permutation(len(task.sources))[:COLUMNS]
  first = next(iter(rows.values()))
  images = {'source': task.sources}
  images |= {name: c.translations for name, c in rows.items()}
  if task.has_ground_truth:
    images[names.GROUND_TRUTH] = task.real
  sheets = [
    ImageSheet(
      'Chosen at random',
      _grid(
        images | dict(first.reproduced), indices, [f'no. {i}' for i in indices]
      ),
    )
  ]
  evidence = _evidence(task, first)
  for column, per_image in scores.per_image.items():
    order = per_image.best_first()
    # Where all images score alike, none is the best or the worst.
    if len(np.unique(np.asarray(per_image.values)[order])) < 2:
      continue
    half = min(COLUMNS // 2, len(order) // 2)
    indices = [*order[:half], *order[::-1][:half]]
    ranks = [
      f'{kind} {i + 1}' for kind in ('best', 'worst') for i in range(half)
    ]
    headers = [
      f'{rank}: {float(per_image.values[index]):.3g}'
      for rank, index in zip(ranks, indices)
    ]
    more = evidence[column]() if column in evidence else {}
    sheets.append(
      ImageSheet(
        f'Best and worst by {column}', _grid(images | more, indices, headers)
      )
    )
  return sheets


def _evidence(
  task: tasks.Task, candidate: candidates.Candidate
) -> dict[str, Callable[[], dict[str, np.ndarray]]]:
  """{column: function of the rows that explain an image's score}."""

  def nearest_target():
    nearest = paired_scores.nearest_targets(candidate.translations, task)
    return {'nearest ground truth': task.real[nearest]}

  def nearest_training():
    _, nearest = memorization.nearest(candidate.translations, task.training)
    return {'nearest in training': task.training[nearest]}

  def other_background():
    return {
      'source, recoloured': task.recolored.sources,
      'its translation': candidate.of_recolored,
    }

  return {
    'recall@1': nearest_target,
    'near training': nearest_training,
    'turned': lambda: {'of the mirrored source': candidate.of_mirrored},
    **{m.name: other_background for m in robustness_scores.BACKGROUND_LEAKS},
  }


def _grid(
  rows: Mapping[str, np.ndarray],
  indices: Sequence[int],
  headers: Sequence[str],
) -> np.ndarray:
  return image_grids.contact_sheet(
    [[images[i] for i in indices] for images in rows.values()],
    headers,
    list(rows),
    cell=_CELL,
  )
