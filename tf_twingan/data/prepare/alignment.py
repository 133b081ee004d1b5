"""Aligns a face to a template: similarity transform, warp, padding.

A similarity transform turns, scales and moves, and does nothing else, so that
faces keep their shape. It is the least-squares one of Umeyama, "Least-squares
estimation of transformation parameters between two point patterns", 1991. In
the plane, and without mirroring, it has a short form in complex numbers.

Places in an image are continuous: (0, 0) is the outer corner of the upper left
pixel, whose centre is (0.5, 0.5), and (width, height) is the corner opposite.
Detectors give eyes and boxes so, and matrices map such places.
"""

import math
from collections.abc import Sequence
from typing import Annotated, Literal

import numpy as np
import pydantic
from PIL import Image, ImageFilter

from tf_twingan import faces, json_files

_Share = Annotated[float, pydantic.Field(gt=0, lt=1)]
Place = Annotated[tuple[_Share, _Share], json_files.FromList]

# Where it shrinks the photo, the square is sampled at so many times its
# resolution first.
_OVERSAMPLING = 2
# Pixels of the photo that the filters need beyond the square.
_BORDER = 4
# Rows of it that are mixed at once.
_BAND = 64


class Template(json_files.FrozenModel):
  """Where the parts of a face come to lie at margin 0.

  Places are (x, y) as shares of the square's side, from its upper left corner.
  At margin 0 the square goes from the brow to the chin.

  Attributes:
    eyes: the eye at the left of the image, and the one at the right.
    mouth: the middle of the mouth.
  """

  eyes: Annotated[tuple[Place, Place], json_files.FromList] = (
    (0.3, 0.42),
    (0.7, 0.42),
  )
  mouth: Place = (0.5, 0.84)


def matrix(
  face: faces.Face, template: Template, margin: float, resolution: int
) -> np.ndarray:
  """The similarity transform that puts a face where the template has it.

  It fits the eyes and the mouth; the eyes alone, where there is no mouth; and
  where there are no eyes, it puts the face's box upon the square of margin 0.

  Args:
    face: a `faces.Face`.
    template: where the parts of the face shall lie.
    margin: what is around the face on every side, as a share of its size.
    resolution: side of the square in pixels.

  Returns:
    float64 [2, 3]: a place (x, y) in the photo lies at matrix @ (x, y, 1) of
    the square.

  Raises:
    ValueError: the places are not finite, or all the same.
  """
  if face.eyes is None:
    left, top, right, bottom = map(float, face.box)
    centre = complex(left + right, top + bottom) / 2
    half = max(right - left, bottom - top) / 2
    places, wanted = [centre - half, centre + half], [0.5j, 1 + 0.5j]
  else:
    places = [complex(*eye) for eye in face.eyes]
    wanted = [complex(*eye) for eye in template.eyes]
    if face.mouth is not None:
      places.append(complex(*face.mouth))
      wanted.append(complex(*template.mouth))
  middle = 0.5 + 0.5j
  wanted = [
    resolution * (middle + (place - middle) / (1 + 2 * margin))
    for place in wanted
  ]
  return _similarity(places, wanted)


def _similarity(places: list[complex], wanted: list[complex]) -> np.ndarray:
  """The transform a * place + b with the least sum of squared distances."""
  from_mean = sum(places) / len(places)
  to_mean = sum(wanted) / len(wanted)
  spread = sum(abs(place - from_mean) ** 2 for place in places)
  if not 0 < spread < math.inf:
    raise ValueError(
      f'no transform follows from the places {places}; they must be finite '
      'and differ'
    )
  a = (
    sum(
      (place - from_mean).conjugate() * (goal - to_mean)
      for place, goal in zip(places, wanted)
    )
    / spread
  )
  b = to_mean - a * from_mean
  return np.array([[a.real, -a.imag, b.real], [a.imag, a.real, b.imag]])


def scale(matrix: np.ndarray) -> float:
  """How many pixels of the square one pixel of the photo becomes."""
  return math.hypot(matrix[0, 0], matrix[1, 0])


def roll(matrix: np.ndarray) -> float:
  """How far the head is tilted in the photo, degrees; clockwise is positive."""
  return -math.degrees(math.atan2(matrix[1, 0], matrix[0, 0]))


def inverse(matrix: np.ndarray) -> np.ndarray:
  """The transform back: float64 [2, 3], from the square to the photo."""
  # By hand: the same bits from every linear algebra library.
  (a, b, x), (c, d, y) = matrix
  turn = np.array([[d, -b], [-c, a]]) / (a * d - b * c)
  shift = -(turn[:, 0] * x + turn[:, 1] * y)
  return np.column_stack([turn, shift])


def compose(second: np.ndarray, first: np.ndarray) -> np.ndarray:
  """The transform that does `first` and then `second`: float64 [2, 3]."""
  return np.column_stack(
    [second[:, :2] @ first[:, :2], second[:, :2] @ first[:, 2] + second[:, 2]]
  )


def apply(matrix: np.ndarray, places: np.ndarray) -> np.ndarray:
  """Maps places [n, 2]; returns float64 [n, 2]."""
  return np.asarray(places, np.float64) @ matrix[:, :2].T + matrix[:, 2]


def inside(
  matrix: np.ndarray, photo_size: Sequence[int], resolution: int
) -> float:
  """The share of the square that lies in the photo.

  Args:
    matrix: from the photo to the square.
    photo_size: height and width of the photo.
    resolution: side of the square in pixels.
  """
  height, width = photo_size
  polygon = list(_corners(matrix, resolution))
  for normal, offset in (
    ((1, 0), 0),
    ((-1, 0), width),
    ((0, 1), 0),
    ((0, -1), height),
  ):
    kept = []
    depths = [np.dot(normal, corner) + offset for corner in polygon]
    for index, (corner, depth) in enumerate(zip(polygon, depths)):
      before, depth_before = polygon[index - 1], depths[index - 1]
      if (depth >= 0) != (depth_before >= 0):
        share = depth / (depth - depth_before)
        kept.append(corner + share * (before - corner))
      if depth >= 0:
        kept.append(corner)
    polygon = kept
  if not polygon:
    return 0.0
  x, y = np.transpose(polygon)
  area = abs(np.sum(x * np.roll(y, 1) - y * np.roll(x, 1))) / 2
  return float(min(1.0, area * scale(matrix) ** 2 / resolution**2))


def _corners(matrix: np.ndarray, resolution: int) -> np.ndarray:
  corners = np.array([[0, 0], [1, 0], [1, 1], [0, 1]]) * resolution
  return apply(inverse(matrix), corners)


def warp(
  photo: np.ndarray,
  matrix: np.ndarray,
  resolution: int,
  padding: Literal['reflect', 'blur'] = 'blur',
) -> np.ndarray:
  """Cuts the square out of a photo, anti-aliased where it shrinks.

  Args:
    photo: uint8 RGB [height, width, 3].
    matrix: from places in the photo to places in the square.
    resolution: side of the square in pixels.
    padding: what is put where the square leaves the photo: its reflection, or
      its reflection with a blur that grows with the distance, as that of FFHQ
      (Karras et al., 2019, "A style-based generator architecture", appendix A).

  Returns:
    uint8 RGB [resolution, resolution, 3].
  """
  height, width = photo.shape[:2]
  oversampling = _OVERSAMPLING if scale(matrix) < 1 else 1
  shrink = min(1.0, oversampling * scale(matrix))
  corners = _corners(matrix, resolution)
  border = math.ceil(_BORDER / shrink)
  left, top = np.floor(corners.min(axis=0)).astype(int) - border
  right, bottom = np.ceil(corners.max(axis=0)).astype(int) + border
  # At least one pixel, also of a photo that the square does not touch.
  x0, y0 = np.clip(left, 0, width - 1), np.clip(top, 0, height - 1)
  x1, y1 = np.clip(right, x0 + 1, width), np.clip(bottom, y0 + 1, height)
  part = Image.fromarray(np.ascontiguousarray(photo[y0:y1, x0:x1]))
  if shrink < 1:
    size = [max(1, round(length * shrink)) for length in part.size]
    part = part.resize(size, Image.Resampling.LANCZOS, reducing_gap=1.5)
  x_scale, y_scale = part.size[0] / (x1 - x0), part.size[1] / (y1 - y0)
  pads = np.ceil(
    [
      [(y0 - top) * y_scale, (bottom - y1) * y_scale],
      [(x0 - left) * x_scale, (right - x1) * x_scale],
    ]
  )
  pads = np.maximum(pads, 0).astype(int)
  canvas = np.pad(np.asarray(part), [*pads, [0, 0]], mode='reflect')
  if padding == 'blur' and np.any(pads):
    canvas = _blur_outwards(canvas, pads, resolution * shrink / scale(matrix))
  # From the square, oversampled, to the canvas.
  back = inverse(matrix)
  back[:, :2] /= oversampling
  back[:, 2] -= x0, y0
  back *= [[x_scale], [y_scale]]
  back[:, 2] += pads[1, 0], pads[0, 0]
  side = oversampling * resolution
  large = Image.fromarray(canvas).transform(
    (side, side),
    Image.Transform.AFFINE,
    tuple(back.ravel()),
    Image.Resampling.BICUBIC,
  )
  return np.asarray(
    large.resize((resolution, resolution), Image.Resampling.LANCZOS)
  )


def _blur_outwards(
  canvas: np.ndarray, pads: np.ndarray, side: float
) -> np.ndarray:
  """Blurs what is padded, the more the farther it is from the photo.

  Args:
    canvas: uint8 RGB [height, width, 3].
    pads: pixels padded, [[above, below], [left, right]].
    side: side of the square in pixels of the canvas.
  """
  distances = []
  for length, (before, after) in zip(canvas.shape, pads):
    centres = np.arange(length) + 0.5
    beyond = np.maximum(before - centres, centres - (length - after))
    distances.append(np.maximum(beyond, 0) / side)
  image = Image.fromarray(canvas)
  blurred = [
    (radius, start, np.asarray(_blur(image, radius * side)))
    for radius, start in ((0.02, 0.0), (0.08, 0.04))
  ]
  result = canvas.copy()
  # In bands, as floats of all of a large canvas would take much memory.
  for top in range(0, len(canvas), _BAND):
    band = slice(top, top + _BAND)
    distance = np.hypot(distances[0][band, None], distances[1][None, :])
    if not distance.any():
      continue
    mixed = canvas[band].astype(np.float32)
    for radius, start, image_of_radius in blurred:
      weight = np.clip((distance - start) / (2 * radius), 0, 1)[..., None]
      mixed += weight.astype(np.float32) * (image_of_radius[band] - mixed)
    result[band] = np.rint(mixed)
  return result


def _blur(image: Image.Image, radius: float) -> Image.Image:
  """Blurs an image; the radius is in pixels."""
  # Strong blur looks the same at a smaller size, and is faster there.
  factor = max(1, int(radius / 4))
  small = image.reduce(factor).filter(ImageFilter.GaussianBlur(radius / factor))
  return small.resize(image.size, Image.Resampling.BILINEAR)
