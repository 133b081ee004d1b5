"""Grids of images: drawn at random, and the best and worst by each score."""

from collections.abc import Callable, Mapping, Sequence
from typing import NamedTuple

import numpy as np

from tf_twingan import image_grids
from tf_twingan.evaluation import (
  backgrounds,
  directions,
  measurements,
  paired_scores,
)
from tf_twingan.metrics import memorization

SHOWN = 8  # Images on a sheet, at random; of the best and worst, half each.
_CELL = 96  # px


class Sheet(NamedTuple):
  """A grid of images.

  Attributes:
    caption: what it shows.
    image: uint8 RGB [height, width, 3].
  """

  caption: str
  image: np.ndarray


def draw(
  direction: directions.Direction,
  candidates: Mapping[str, directions.Candidate],
  scored: Mapping[str, measurements.Measured],
  *,
  seed: int = 0,
) -> list[Sheet]:
  """Images drawn at random, then the best and worst by every single score.

  Args:
    direction: what was translated.
    candidates: by name, without floors and ceilings; the first is the one that
      the best and the worst are picked by.
    scored: its scores.
    seed: of the draw.
  """
  rng = np.random.Generator(np.random.Philox(key=seed))
  random = rng.permutation(len(direction.sources))[:SHOWN]
  rows = {'source': direction.sources}
  rows |= {name: c.translations for name, c in candidates.items()}
  if direction.twins:
    rows['true answer'] = direction.real
  name, first = next(iter(candidates.items()))
  headers = [f'no. {i}' for i in random]
  sheets = [
    Sheet(
      'Drawn at random', _grid(rows | dict(first.returned), random, headers)
    )
  ]
  evidence = _evidence(direction, first)
  for column, each in scored[name].each.items():
    order = each.best_first()
    # Where all fare alike, none is best or worst.
    if len(np.unique(np.asarray(each.values)[order])) < 2:
      continue
    half = min(SHOWN // 2, len(order) // 2)
    places = [*order[:half], *order[::-1][:half]]
    kinds = [
      f'{kind} {i + 1}' for kind in ('best', 'worst') for i in range(half)
    ]
    headers = [
      f'{kind}: {float(each.values[place]):.3g}'
      for kind, place in zip(kinds, places)
    ]
    more = evidence.get(column)
    sheets.append(
      Sheet(
        f'Best and worst by {column}',
        _grid(rows | (more() if more else {}), places, headers),
      )
    )
  return sheets


def _evidence(
  direction: directions.Direction, candidate: directions.Candidate
) -> dict[str, Callable[[], dict[str, np.ndarray]]]:
  """{column: what gives the rows that show why an image got its score}."""

  def nearest_answer():
    nearest = paired_scores.PairedScorer(direction).nearest(
      candidate.translations
    )
    return {'nearest true answer': direction.real[nearest]}

  def nearest_training():
    _, nearest = memorization.nearest(
      candidate.translations, direction.training
    )
    return {'nearest in training': direction.training[nearest]}

  def other_background():
    return {
      'source, recoloured': direction.recolored.sources,
      'its translation': candidate.of_recolored,
    }

  return {
    'recall@1': nearest_answer,
    'near training': nearest_training,
    'turned': lambda: {'of the mirrored source': candidate.of_mirrored},
    **dict.fromkeys(backgrounds.COLUMNS, other_background),
  }


def _grid(
  rows: Mapping[str, np.ndarray],
  places: Sequence[int],
  headers: Sequence[str],
) -> np.ndarray:
  return image_grids.contact_sheet(
    [[images[i] for i in places] for images in rows.values()],
    headers,
    list(rows),
    cell=_CELL,
  )
