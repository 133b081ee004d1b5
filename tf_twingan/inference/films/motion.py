"""How a face moved from one frame to the next: a similarity transform by flow.

Between detections, which take long, a face is followed by the optical flow of a
window around it. The similarity transform that fits the flow inside of the
face's box is robust against what moves otherwise there: hands, hair and
background. Both frames are shown at about the same small size whatever the
film's, so that it takes milliseconds for 4K, too.
"""

import numpy as np

from tf_twingan import extras, optical_flow
from tf_twingan.data.prepare import alignment

IDENTITY = np.array([[1.0, 0.0, 0.0], [0.0, 1.0, 0.0]])

# The middle part of the box that counts: flow is smooth, so that at its edge
# it is mixed with that of the background.
_INNER = 0.8
# Side of the window, in sides of the box, and in pixels at which it is seen.
_WINDOW, _SIDE = 2.0, 96
# The least share of the box that both frames must show, and the least
# correlation of what they show there.
_LEAST_VISIBLE, _LEAST_CORRELATION = 0.4, 0.6
_ROUNDS = 4  # Of reweighting.
# Residual, in pixels of the small window, at which a pixel counts half.
_HALF_WEIGHT = 0.5


def follow(
  before: np.ndarray, after: np.ndarray, box: np.ndarray
) -> np.ndarray | None:
  """Where a face has moved.

  Args:
    before: frame, uint8 RGB [height, width, 3].
    after: the next frame, of the same shape.
    box: [4]: left, top, right and bottom of the face in the first frame.

  Returns:
    float64 [2, 3], from places in the first frame to places in the second, as
    `alignment` has them, exactly `IDENTITY` where nothing changed; None where
    the flow does not tell.
  """
  left, top, right, bottom = map(float, box)
  middle = np.array([left + right, top + bottom]) / 2
  half = _WINDOW * max(right - left, bottom - top) / 2
  height, width = before.shape[:2]
  x0, y0 = np.maximum(np.floor(middle - half), 0).astype(int)
  x1, y1 = np.minimum(np.ceil(middle + half), [width, height]).astype(int)
  if min(x1 - x0, y1 - y0) < optical_flow.SMALLEST_SIDE:
    return None
  windows = before[y0:y1, x0:x1], after[y0:y1, x0:x1]
  if np.array_equal(*windows):
    return IDENTITY
  small, scale = _small(windows, max(x1 - x0, y1 - y0))
  forth, back = optical_flow.flow(*small), optical_flow.flow(*small[::-1])
  seen = optical_flow.visible(forth, back)
  y, x = np.mgrid[: seen.shape[0], : seen.shape[1]] + 0.5
  places = x / scale[0] + x0 + 1j * (y / scale[1] + y0)
  x_off, y_off = places.real - middle[0], places.imag - middle[1]
  inside = (np.abs(x_off) < _INNER * (right - left) / 2) & (
    np.abs(y_off) < _INNER * (bottom - top) / 2
  )
  if not inside.any() or seen[inside].mean() < _LEAST_VISIBLE:
    return None
  chosen = inside & seen
  if _correlation(small[0], optical_flow.warp(small[1], forth), chosen) < (
    _LEAST_CORRELATION
  ):
    return None
  moved = places + forth[..., 0] / scale[0] + 1j * forth[..., 1] / scale[1]
  return _robust_similarity(
    places[chosen], moved[chosen], _HALF_WEIGHT / min(scale)
  )


def _small(
  windows: tuple[np.ndarray, np.ndarray], side: int
) -> tuple[list[np.ndarray], tuple[float, float]]:
  """Windows at about `_SIDE` pixels, and the scales of x and y."""
  with extras.needed('video'):
    import cv2
  height, width = windows[0].shape[:2]
  shape = [
    max(optical_flow.SMALLEST_SIDE, round(length * _SIDE / side))
    for length in (width, height)
  ]
  filters = cv2.INTER_AREA if side > _SIDE else cv2.INTER_LINEAR
  small = [cv2.resize(w, shape, interpolation=filters) for w in windows]
  return small, (shape[0] / width, shape[1] / height)


def _correlation(
  first: np.ndarray, second: np.ndarray, chosen: np.ndarray
) -> float:
  """Of the chosen pixels' brightness; 1 where both are of one colour."""
  greys = [
    image[chosen].mean(axis=-1, dtype=np.float64) for image in (first, second)
  ]
  a, b = (grey - grey.mean() for grey in greys)
  lengths = np.sqrt(np.sum(a * a) * np.sum(b * b))
  return float(np.sum(a * b) / lengths) if lengths > 0 else 1.0


def _robust_similarity(
  places: np.ndarray, moved: np.ndarray, half_weight: float
) -> np.ndarray | None:
  """The similarity transform of most points: least squares, reweighted."""
  weights = np.ones(len(places))
  for _ in range(_ROUNDS):
    total = weights.sum()
    from_mean = np.sum(weights * places) / total
    to_mean = np.sum(weights * moved) / total
    centred = places - from_mean
    spread = np.sum(weights * (centred.real**2 + centred.imag**2))
    if not spread > 0:
      return None
    turn = np.sum(weights * centred.conj() * (moved - to_mean)) / spread
    shift = to_mean - turn * from_mean
    residual = np.abs(turn * places + shift - moved)
    weights = 1 / (1 + (residual / half_weight) ** 2)
  return np.array(
    [[turn.real, -turn.imag, shift.real], [turn.imag, turn.real, shift.imag]]
  )


def blend(
  one: np.ndarray, other: np.ndarray, share: float, resolution: int
) -> np.ndarray:
  """A transform between two that lead from a frame to a square.

  Size, tilt and the place of the square's middle in the frame are blended, so
  that it stays a similarity transform.

  Args:
    one: float64 [2, 3].
    other: float64 [2, 3].
    share: of the other one, in [0, 1].
    resolution: side of the square in pixels.

  Returns:
    float64 [2, 3]; exactly `one` where both are equal.
  """
  if np.array_equal(one, other):
    return one
  middle = np.full([1, 2], resolution / 2)
  centres = [
    alignment.apply(alignment.inverse(matrix), middle)[0]
    for matrix in (one, other)
  ]
  first, second = (complex(m[0, 0], m[1, 0]) for m in (one, other))
  ratio = second / first
  turn = first * abs(ratio) ** share * np.exp(1j * share * np.angle(ratio))
  centre = centres[0] + share * (centres[1] - centres[0])
  matrix = np.array([[turn.real, -turn.imag], [turn.imag, turn.real]])
  return np.column_stack([matrix, middle[0] - matrix @ centre])


def distance(one: np.ndarray, other: np.ndarray, resolution: int) -> float:
  """How far two squares lie apart in a frame, in sides of the first one."""
  corners = np.array([[0, 0], [1, 0], [1, 1], [0, 1]]) * float(resolution)
  apart = (
    alignment.apply(alignment.compose(one, alignment.inverse(other)), corners)
    - corners
  )
  return float(np.hypot(*apart.T).mean()) / resolution
