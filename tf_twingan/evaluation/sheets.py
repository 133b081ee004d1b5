"""Grids of pictures: drawn at random, the best and the worst by a score."""

from collections.abc import Mapping, Sequence
from typing import NamedTuple

import numpy as np

from tf_twingan import images as images_lib
from tf_twingan.evaluation import directions, measured, truth
from tf_twingan.metrics import memorizing

SHOWN = 8  # Pictures on a sheet.
_CELL = 96  # px


class Sheet(NamedTuple):
  """A grid of pictures.

  Attributes:
    caption: what it shows.
    picture: uint8 RGB [height, width, 3].
  """

  caption: str
  picture: np.ndarray


def draw(
  direction: directions.Direction,
  candidates: Mapping[str, directions.Candidate],
  scored: Mapping[str, measured.Measured],
  *,
  seed: int = 0,
) -> list[Sheet]:
  """Pictures drawn at random, then the best and the worst.

  Args:
    direction: what was translated.
    candidates: by name, without floors and ceilings; the first is the one that
      the best and the worst are picked by.
    scored: its scores.
    seed: of the draw.
  """
  rng = np.random.Generator(np.random.Philox(key=seed))
  random = rng.permutation(len(direction.sources))[:SHOWN]
  rows = _rows(direction, candidates)
  sheets = [Sheet('Drawn at random', _grid(rows, random))]
  first = next(iter(candidates))
  column = 'recall@1' if direction.twins else 'near training'
  order = scored[first].each[column].best_first()
  if not direction.twins:
    order = order[::-1]
  by = (
    'rank of the own counterpart, then error'
    if direction.twins
    else 'distance to the nearest training picture'
  )
  sheets += [
    Sheet(f'Best by {by}', _grid(rows, order[:SHOWN])),
    Sheet(f'Worst by {by}, worst first', _grid(rows, order[::-1][:SHOWN])),
  ]
  return sheets


def _rows(direction, candidates):
  rows = {'source': direction.sources}
  rows |= {name: c.translations for name, c in candidates.items()}
  first = next(iter(candidates.values()))
  if direction.twins:
    rows['true answer'] = direction.real
    nearest = truth.Scorer(direction).nearest(first.translations)
    rows['nearest true answer'] = direction.real[nearest]
  else:
    _, nearest = memorizing.nearest(first.translations, direction.training)
    rows['nearest in training'] = direction.training[nearest]
  return rows | dict(first.returned)


def _grid(rows: Mapping[str, np.ndarray], places: Sequence[int]) -> np.ndarray:
  return images_lib.contact_sheet(
    [[pictures[i] for i in places] for pictures in rows.values()],
    [str(i) for i in places],
    list(rows),
    cell=_CELL,
  )
