"""Pastes a translated square back into the photo that it was cut out of.

The inverse of the transform that cut it out leads back. A mask that fades out
towards the border of the square joins the two, and what it does not cover is
not touched: not one byte of it changes. `seams` makes the colours agree where
they meet.
"""

import functools
import math

import numpy as np
from PIL import Image

from tf_twingan import image_arrays
from tf_twingan.data.prepare import alignment
from tf_twingan.inference import seams

FEATHER = 0.14
# Of a square's mask one would see the corners, so it has none: their radius, as
# a share of the side.
_CORNER = 0.5
_BORDER = 2  # Pixels that the filter needs beyond the square.
_PIXELS = 2**18  # Of the photo at once: as floats, all would fill the memory.


def paste(
  photo: np.ndarray,
  translated: np.ndarray,
  matrix: np.ndarray,
  resolution: int,
  *,
  feather: float = FEATHER,
  harmonize: bool = True,
  match_colours: float = 0.0,
  coverage: np.ndarray | None = None,
) -> None:
  """Pastes one square into a photo, which is changed.

  Args:
    photo: uint8 RGB [height, width, 3], writable.
    translated: uint8 RGB [size, size, 3], of any size.
    matrix: float [2, 3], from places in the photo to places in the square of
      `resolution` pixels, see `data.prepare.alignment`.
    resolution: side of the square that the matrix leads to, px.
    feather: width of the border in which the two are mixed, as a share of the
      square's side, in (0, 0.5].
    harmonize: whether the colours near the border are moved to the photo's.
    match_colours: how far the square's colours as a whole are moved to those
      that the photo has in its place, in [0, 1].
    coverage: float [size, size] in [0, 1], how much of each pixel is put over
      the photo; all of it, where there is none.

  Raises:
    ValueError: an array is no such array, or a number is out of its range.
  """
  image_arrays.check_image(photo)
  translated = image_arrays.check_image(translated)
  check(feather, match_colours)
  size = len(translated)
  rows, columns = _box(matrix, resolution, photo.shape)
  if not (rows and columns):
    return
  if harmonize or match_colours:
    replaced = alignment.warp(photo, matrix * (size / resolution), size)
    if match_colours:
      translated = seams.match_colours(
        translated, replaced, match_colours, coverage
      )
    if harmonize:
      mask = _mask_of_cells(feather)
      translated = seams.harmonize(translated, replaced, mask, coverage)
  source = _Square(translated, coverage, matrix / resolution)
  band = max(1, _PIXELS // len(columns))
  for top in range(rows.start, rows.stop, band):
    part = range(top, min(top + band, rows.stop))
    weight = _mask(matrix / resolution, part, columns, feather)
    pixels, opacity = source.look(part, columns)
    weight = (weight * opacity)[..., None]
    here = photo[part.start : part.stop, columns.start : columns.stop]
    mixed = here + weight * (pixels - here)
    here[...] = np.where(weight > 0, np.rint(mixed), here).astype(np.uint8)


def check(feather: float, match_colours: float) -> None:
  """Raises ValueError unless `paste` takes these numbers."""
  if not 0 < feather <= 0.5:
    raise ValueError(f'feather is {feather}; give a share in (0, 0.5]')
  if not 0 <= match_colours <= 1:
    raise ValueError(
      f'match_colours is {match_colours}; give a share in [0, 1]'
    )


def _box(matrix, resolution, shape) -> tuple[range, range]:
  """The rows and columns of the photo that a square may cover."""
  corners = np.array([[0, 0], [1, 0], [1, 1], [0, 1]]) * resolution
  places = alignment.apply(alignment.inverse(matrix), corners)
  height, width = shape[:2]
  left, top = np.floor(np.clip(places.min(axis=0), 0, [width, height]))
  right, bottom = np.ceil(np.clip(places.max(axis=0), 0, [width, height]))
  return range(int(top), int(bottom)), range(int(left), int(right))


def _mask(
  to_unit: np.ndarray, rows: range, columns: range, feather: float
) -> np.ndarray:
  """How much of each pixel the square covers: 0 outside, 1 in the middle.

  Args:
    to_unit: from the photo to the square of side 1.
    rows: of the photo.
    columns: of the photo.
    feather: as a share of the side.

  Returns:
    float32 [rows, columns].
  """
  x = np.arange(columns.start, columns.stop, dtype=np.float32) + 0.5
  y = np.arange(rows.start, rows.stop, dtype=np.float32)[:, None] + 0.5
  (a, b, c), (d, e, f) = to_unit.astype(np.float32)
  # Distance to the round corner's centre, then to the border.
  across = np.abs(a * x + b * y + c - 0.5) - (0.5 - _CORNER)
  down = np.abs(d * x + e * y + f - 0.5) - (0.5 - _CORNER)
  outside = np.hypot(np.maximum(across, 0), np.maximum(down, 0))
  depth = _CORNER - outside - np.minimum(np.maximum(across, down), 0)
  share = np.clip(depth / np.float32(feather), 0, 1)
  return share**2 * (3 - 2 * share)


@functools.cache
def _mask_of_cells(feather: float) -> np.ndarray:
  """The mask as `seams.harmonize` takes it."""
  scale = np.array([[1, 0, 0], [0, 1, 0]]) / seams.GRID
  cells = range(seams.GRID)
  return _mask(scale, cells, cells, feather)


class _Square:
  """The translated square as the photo shows it, a part at a time."""

  def __init__(self, pixels, coverage, to_unit):
    # A square that is smaller in the photo is made smaller first.
    scale = alignment.scale(to_unit)  # Sides of the square a pixel of it.
    size = max(1, min(len(pixels), math.ceil(1 / scale)))
    channels = [Image.fromarray(pixels)]
    if coverage is not None:
      opacity = np.rint(255 * np.clip(coverage, 0, 1)).astype(np.uint8)
      channels.append(Image.fromarray(opacity))
    self._images = []
    for image in channels:
      if size < len(pixels):
        image = image.resize((size, size), Image.Resampling.LANCZOS)
      values = np.asarray(image)
      pads = [[_BORDER, _BORDER]] * 2 + [[0, 0]] * (values.ndim - 2)
      self._images.append(Image.fromarray(np.pad(values, pads, mode='edge')))
    self._matrix = to_unit * size
    self._matrix[:, 2] += _BORDER

  def look(self, rows: range, columns: range):
    """Pixels float32 [rows, columns, 3], and opacities, 1 or an array."""
    matrix = self._matrix.copy()
    matrix[:, 2] += matrix[:, :2] @ (columns.start, rows.start)
    seen = [
      np.asarray(
        image.transform(
          (len(columns), len(rows)),
          Image.Transform.AFFINE,
          tuple(matrix.ravel()),
          Image.Resampling.BICUBIC,
        ),
        np.float32,
      )
      for image in self._images
    ]
    return seen[0], seen[1] / 255 if len(seen) > 1 else np.float32(1)
