"""Colours of a translated square that agree with the photo around it.

Where the mask begins, the square is moved by its difference to the photo, and
inside by a membrane that hangs from there: what is left of the difference is
smooth, so no edge shows. Poisson image editing (Pérez et al., 2003) does that
with the Poisson equation, whose membrane reaches the middle of the square and
would take the colours of a face from what is around it. The screened one
(Bhat et al., 2008, "Fourier analysis of the 2D screened Poisson equation for
gradient domain problems"),

  laplacian(c) = c / reach^2 inside, c = photo - square outside,

falls off within `_REACH` and leaves the middle as it was translated.
"""

import numpy as np
from PIL import Image

from tf_twingan import image_arrays

GRID = 32  # Cells a side: a smooth membrane needs no more.
_REACH = 0.1  # As a share of the side.
_STEPS = 100
_SEEN = 0.15  # Of the mask: below, what is put hardly shows.
# Full range luma and colour differences of ITU-R BT.601.
_YCBCR = np.array(
  [
    [0.299, 0.587, 0.114],
    [-0.168736, -0.331264, 0.5],
    [0.5, -0.418688, -0.081312],
  ]
)
_LEAST_DEVIATION = 4.0  # Of 255: less is an even colour.
_MOST_STRETCH = 1.5


def harmonize(
  square: np.ndarray,
  photo: np.ndarray,
  mask: np.ndarray,
  coverage: np.ndarray | None = None,
) -> np.ndarray:
  """Moves the colours near the border of a square to those of the photo.

  Args:
    square: uint8 RGB [size, size, 3].
    photo: uint8 RGB [size, size, 3], what the square will cover.
    mask: float [GRID, GRID] in [0, 1], how much of the square will be seen.
    coverage: float [size, size] in [0, 1], the same of each pixel; what is
      little seen has little say about its neighbours.

  Returns:
    uint8 RGB [size, size, 3]: where the mask begins, the photo's colours, up to
    what is finer than a cell; the square's own in the middle.
  """
  change = _cells(photo) - _cells(square)
  if coverage is not None:
    opacity = Image.fromarray(np.asarray(coverage, np.float32))
    cells = opacity.resize((GRID, GRID), Image.Resampling.BOX)
    change *= np.asarray(cells)[..., None]
  membrane = _membrane(change, mask < _SEEN)
  size = len(square)
  smooth = np.stack(
    [
      Image.fromarray(membrane[..., channel].astype(np.float32)).resize(
        (size, size), Image.Resampling.BICUBIC
      )
      for channel in range(3)
    ],
    axis=-1,
  )
  return np.rint(np.clip(square + smooth, 0, 255)).astype(np.uint8)


def _cells(square: np.ndarray) -> np.ndarray:
  """A square as float64 [GRID, GRID, 3]."""
  image = Image.fromarray(image_arrays.check_image(square))
  if image.size != (GRID, GRID):
    image = image.resize((GRID, GRID), Image.Resampling.LANCZOS)
  return np.asarray(image, np.float64)


def _membrane(change: np.ndarray, holds: np.ndarray) -> np.ndarray:
  """Solves the screened Poisson equation.

  Args:
    change: float64 [n, n, channels].
    holds: bool [n, n], the cells whose change is given; all others follow.

  Returns:
    float64 [n, n, channels].
  """
  result = change.copy()
  inner = ~holds
  inner[[0, -1]] = inner[:, [0, -1]] = False
  result[inner] = 0
  share = 1 / (4 + (_REACH * len(change)) ** -2)
  # By Jacobi's method. Screening makes it fast: what is farther away than a
  # few times the reach does not count.
  for _ in range(_STEPS):
    around = share * (
      result[:-2, 1:-1]
      + result[2:, 1:-1]
      + result[1:-1, :-2]
      + result[1:-1, 2:]
    )
    result[1:-1, 1:-1] = np.where(
      inner[1:-1, 1:-1, None], around, result[1:-1, 1:-1]
    )
  return result


def match_colours(
  square: np.ndarray,
  photo: np.ndarray,
  strength: float = 1.0,
  coverage: np.ndarray | None = None,
) -> np.ndarray:
  """Gives a square the mean and the contrast that the photo has in its place.

  As Reinhard et al., 2001, "Color Transfer between Images", here for each
  channel of luma and colour differences.

  Args:
    square: uint8 RGB [size, size, 3].
    photo: uint8 RGB [size, size, 3], what the square will cover.
    strength: 0 for no change, 1 for the whole one.
    coverage: float [size, size] in [0, 1], what of both counts; all by default.

  Returns:
    uint8 RGB [size, size, 3].
  """
  weights = np.ones(square.shape[:2]) if coverage is None else coverage
  if not np.any(weights):
    return square
  values, wanted = (
    np.asarray(image, np.float64) @ _YCBCR.T for image in (square, photo)
  )
  mean, deviation = _statistics(values, weights)
  goal, goal_deviation = _statistics(wanted, weights)
  stretch = np.maximum(goal_deviation, _LEAST_DEVIATION) / np.maximum(
    deviation, _LEAST_DEVIATION
  )
  stretch = np.clip(stretch, 1 / _MOST_STRETCH, _MOST_STRETCH)
  moved = values + strength * ((values - mean) * stretch + goal - values)
  return np.rint(np.clip(moved @ np.linalg.inv(_YCBCR).T, 0, 255)).astype(
    np.uint8
  )


def _statistics(values, weights):
  """Weighted mean and deviation of each channel."""
  weights = np.broadcast_to(weights[..., None], values.shape)
  mean = np.average(values, (0, 1), weights)
  return mean, np.sqrt(np.average((values - mean) ** 2, (0, 1), weights))
