"""Sources on other backgrounds, where the background is known or estimated.

Of twins it is known. Of any other images it is estimated: a background is
what can be reached from the upper edge of the image without leaving the
colour that prevails there, a flood fill (Smith, 1979, "Tint Fill") from the
upper edge and the upper halves of both sides, as portraits are cut off below.
That finds backgrounds of about one colour, flat or shaded, and those of
transparent images, which are read on white. It is an estimate: a subject of
its background's colour is taken for background as far as the colour reaches,
and of an image in clutter no background is found. An image counts only where
most of the upper edge is of one colour, and background neither covers the
middle nor nearly everything or nothing; the share of those that count is told.

The found background is moved, in every channel, by the same step towards the
middle of the range, so that it stays a colour, keeps its shading, and changes
equally much in every image.
"""

from typing import NamedTuple

import numpy as np

# What the tables call the leak, of known and of estimated backgrounds.
COLUMNS = ('background leak', 'background leak, estimated')

_TOLERANCE = 24  # Of 255, in every channel: shading, and what JPEG does.
_STEP = 96  # Of 255.
_FEWEST_ALIKE = 0.6  # Of the upper edge.
_LEAST, _MOST = 0.1, 0.8  # Of the image.
_MOST_IN_THE_MIDDLE = 0.02  # Of the middle, a quarter as wide and high.
_FRINGE = 16  # The 16th part of the side.


class Recolored(NamedTuple):
  """Sources of which nothing but the background is changed.

  Attributes:
    sources: uint8 [n, resolution, resolution, 3].
    subjects: bool [n, resolution, resolution]: where translations should stay
      as they are; nowhere in images that do not count.
    backgrounds: likewise, where they may follow; None for all the rest.
    real: the true answers on the other backgrounds; None if not known.
    is_estimated: whether the masks are.
  """

  sources: np.ndarray
  subjects: np.ndarray
  backgrounds: np.ndarray | None = None
  real: np.ndarray | None = None
  is_estimated: bool = False

  @property
  def found(self) -> float:
    """Share of the sources that count."""
    return float(self.subjects.any(axis=(1, 2)).mean())

  @property
  def column(self) -> str:
    """What the tables call the leak."""
    return COLUMNS[self.is_estimated]


def estimate(sources: np.ndarray) -> Recolored:
  """Estimates where the background is, and gives it another colour.

  Args:
    sources: uint8 [n, resolution, resolution, 3].

  Returns:
    The changed images. A fringe around each background, a 16th of the side,
    belongs to neither mask: edges mix both colours there, and a translation's
    outline is not quite its source's. Images in which no background is found
    are as they were.
  """
  size = sources.shape[1]
  values = sources.astype(np.int16)
  edge = np.zeros([size, size], bool)
  edge[0] = edge[: size // 2, 0] = edge[: size // 2, -1] = True
  color = np.median(values[:, edge], axis=1)[:, None, None]
  alike = (np.abs(values - color) <= _TOLERANCE).all(axis=-1)
  background = _flooded(alike & edge, alike)
  share = background.mean(axis=(1, 2))
  inner = size * 3 // 8
  middle = background[:, size // 4 : -inner, inner:-inner]
  counts = (
    (alike[:, edge].mean(axis=1) >= _FEWEST_ALIKE)
    & (share >= _LEAST)
    & (share <= _MOST)
    & (middle.mean(axis=(1, 2)) <= _MOST_IN_THE_MIDDLE)
  )
  background &= counts[:, None, None]
  step = np.where(color < 128, _STEP, -_STEP).astype(np.int16)
  changed = np.clip(values + step, 0, 255).astype(np.uint8)
  near = background
  for _ in range(max(1, size // _FRINGE)):
    near = _grown(near)
  return Recolored(
    np.where(background[..., None], changed, sources),
    subjects=~near & counts[:, None, None],
    backgrounds=background,
    is_estimated=True,
  )


def _flooded(start, within):
  """All of `within` that a path inside it joins to `start`."""
  reached, area = start, -1
  while area != (area := np.count_nonzero(reached)):
    reached = _grown(reached) & within
  return reached


def _grown(masks):
  """Masks and the four neighbours of each of their pixels."""
  grown = masks.copy()
  grown[:, 1:] |= masks[:, :-1]
  grown[:, :-1] |= masks[:, 1:]
  grown[:, :, 1:] |= masks[:, :, :-1]
  grown[:, :, :-1] |= masks[:, :, 1:]
  return grown
