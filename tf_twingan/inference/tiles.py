"""Translates whole images of any size by overlapping tiles, without seams.

A model sees squares of one size. Tiles of that size cover the image, and where
they overlap, their translations are mixed: each weighs most in the middle of
its tile and nothing at its border, by the square of a sine (a raised cosine).
So a result changes smoothly from tile to tile, however much neighbouring
translations differ. The outer tiles reach beyond the image, into its
reflection, so what a network does at the borders of its images does not show.

An image is worked off in bands across its longer direction, so that beside the
image and the result there is only one band in memory.
"""

import itertools
import math
from collections.abc import Callable, Iterator, Sequence
from typing import Any, NamedTuple

import numpy as np
from PIL import Image

from tf_twingan import image_arrays, image_limits
from tf_twingan.inference import batching

OVERLAP = 2 / 3


def translate(
  translator: Any,
  image: np.ndarray,
  to: str,
  source: str | None = None,
  *,
  style: np.ndarray | None = None,
  tile: int | None = None,
  overlap: float = OVERLAP,
  upscale: Callable[[np.ndarray], np.ndarray] | None = None,
) -> np.ndarray:
  """Translates a whole image at its own size.

  Args:
    translator: a Translator, or anything with its `resolution` and `translate`.
    image: uint8 RGB [height, width, 3] of any size. One that is smaller than a
      tile is filled up by its reflection.
    to: name of the domain to translate to.
    source: name of the domain that the image belongs to; may be left out if
      the model has two.
    style: style code of the result, float [style_size]; see
      `Translator.translate`.
    tile: how many pixels of the image are one side of a tile. None takes the
      model's resolution, so that the model sees the image at its own size. With
      twice as many, say, it sees the image at half its size, and the result is
      enlarged again: tiles show more of what is in the image, and the result is
      less sharp.
    overlap: what neighbouring tiles have in common at least, as a share of
      their sides in (0, 0.9]. At 1/2, each place is in about 4 tiles, at 2/3 in
      9, at 3/4 in 16. Where what a network makes depends on the place in the
      tile, a grid remains, the fainter the more they overlap.
    upscale: an `upscaling.Upscaler` for the tiles' translations, or None.

  Returns:
    uint8 RGB [height, width, 3], or the `factor` of the upscaler times as high
    and wide.

  Raises:
    FloatingPointError: the network gives NaN, as its training diverged.
    ValueError: an argument is wrong.
  """
  image = _checked(image)
  height, width = image.shape[:2]
  resolution = translator.resolution
  factor = getattr(upscale, 'factor', 1)
  seen = _resized(
    image, *seen_size(height, width, resolution, tile=tile, factor=factor)
  )
  # Not all that has a `translate` knows styles.
  codes = {} if style is None else {'style': np.reshape(style, [-1])}

  def function(tiles: np.ndarray) -> np.ndarray:
    translated = translator.translate(tiles, to, source, **codes)
    return translated if upscale is None else upscale(translated)

  result = apply(function, seen, resolution, overlap=overlap)
  factor = len(result) // len(seen)
  return _resized(result, factor * height, factor * width)


def seen_size(
  height: int,
  width: int,
  resolution: int,
  *,
  tile: int | None = None,
  factor: int = 1,
) -> tuple[int, int]:
  """Height and width of an image at which its tiles have the resolution.

  Args:
    height: of the image.
    width: of the image.
    resolution: of the model.
    tile: see `translate`.
    factor: of the upscaler.

  Raises:
    ValueError: `tile` is no size, or the image or its result would be too
      large for the memory; says what to do.
  """
  if tile is None:
    tile = resolution
  if tile < 1:
    raise ValueError(f'tiles cannot have {tile} px; give 1 or more')
  seen = [max(1, round(n * resolution / tile)) for n in (height, width)]
  if tile < resolution and seen[0] * seen[1] > image_limits.MAX_PIXELS:
    raise ValueError(
      f'in tiles of {tile} px, its {width}x{height} px are enlarged to '
      f'{seen[1]}x{seen[0]} for a model of {resolution} px, over the limit of '
      f'{image_limits.MAX_PIXELS} pixels; choose larger tiles'
    )
  if factor**2 * height * width > image_limits.MAX_STORED_PIXELS:
    raise ValueError(
      f'{factor} times as large, its {width}x{height} px are over the limit of '
      f'{image_limits.MAX_STORED_PIXELS} pixels; enlarge it less'
    )
  # With small tiles, what is enlarged is larger than its result.
  if factor**2 * seen[0] * seen[1] > image_limits.MAX_STORED_PIXELS:
    raise ValueError(
      f'in tiles of {tile} px and {factor} times as large, its '
      f'{width}x{height} px are enlarged to {factor * seen[1]}x'
      f'{factor * seen[0]}, over the limit of '
      f'{image_limits.MAX_STORED_PIXELS} pixels; choose larger tiles or '
      'enlarge it less'
    )
  return seen[0], seen[1]


def _checked(image: np.ndarray) -> np.ndarray:
  image = image_arrays.check_image(image)
  if not image.size:
    raise ValueError(f'The image has no pixels: it is {list(image.shape)}.')
  return image


def _resized(image: np.ndarray, height: int, width: int) -> np.ndarray:
  if image.shape[:2] == (height, width):
    return image
  resized = Image.fromarray(image).resize(
    (width, height), Image.Resampling.LANCZOS
  )
  return np.asarray(resized)


def apply(
  function: Callable[[np.ndarray], np.ndarray],
  image: np.ndarray,
  side: int,
  *,
  overlap: float = OVERLAP,
) -> np.ndarray:
  """Applies a function of squares to an image of any size.

  Args:
    function: of uint8 [n, side, side, 3] to uint8 [n, k * side, k * side, 3],
      where k is a whole number, always the same.
    image: uint8 RGB [height, width, 3].
    side: of the squares, px.
    overlap: see `translate`.

  Returns:
    uint8 RGB [k * height, k * width, 3].

  Raises:
    ValueError: the image is none, or the overlap out of its range.
  """
  image = _checked(image)
  if not 0 < overlap <= 0.9:
    raise ValueError(f'Tiles cannot overlap by {overlap}; give 0.1 to 0.9.')
  if image.shape[1] <= image.shape[0]:
    return _from_above(function, image, side, overlap)

  def of_transposed(tiles: np.ndarray) -> np.ndarray:
    return function(np.ascontiguousarray(tiles.swapaxes(1, 2))).swapaxes(1, 2)

  result = _from_above(of_transposed, image.swapaxes(0, 1), side, overlap)
  return result.swapaxes(0, 1)


def _from_above(
  function: Callable[[np.ndarray], np.ndarray],
  image: np.ndarray,
  side: int,
  overlap: float,
) -> np.ndarray:
  """Does what `apply` does, in bands of all of the image's width."""
  height, width = image.shape[:2]
  tops, lefts = _starts(height, side, overlap), _starts(width, side, overlap)
  outputs = _outputs(function, image, side, tops, lefts)
  first = next(outputs)
  outputs = itertools.chain([first], outputs)
  factor = len(first) // side
  rows = list(_parts(tops, height, side, overlap, factor))
  columns = list(_parts(lefts, width, side, overlap, factor))
  # In memory as the image is: what `apply` gives is contiguous.
  result = np.empty_like(image, shape=[factor * height, factor * width, 3])
  # Sums of the rows from `done` on, in which tiles may still be added.
  tallest = max(len(row.weights) for row in rows)
  done, sums = 0, np.zeros([tallest, *result.shape[1:]], np.float32)
  for row, below in itertools.zip_longest(rows, rows[1:]):
    for column in columns:
      output = next(outputs)[row.inside, column.inside]
      weights = row.weights[:, None, None] * column.weights[:, None]
      sums[: len(weights), column.place] += weights * output
    end = below.place.start if below else len(result)
    result[done:end] = np.rint(sums[: end - done])
    sums = np.concatenate(
      [sums[end - done :], np.zeros_like(sums[: end - done])]
    )
    done = end
  return result


def _starts(length: int, side: int, overlap: float) -> list[int]:
  """Where tiles begin along one direction, evenly spread.

  The first one begins before the image and the last one ends behind it, so that
  no border of a tile is that of the image. Where the image is not longer than a
  tile, there is one, around its middle.
  """
  if length <= side:
    return [(length - side) // 2]
  beyond = side // 4
  spare = length + 2 * beyond - side
  steps = math.ceil(spare / max(1, math.floor(side * (1 - overlap))))
  return [round(spare * step / steps) - beyond for step in range(steps + 1)]


def _outputs(
  function: Callable[[np.ndarray], np.ndarray],
  image: np.ndarray,
  side: int,
  tops: Sequence[int],
  lefts: Sequence[int],
) -> Iterator[np.ndarray]:
  """What the function gives for each tile, row by row."""
  places = itertools.product(tops, lefts)
  while part := list(itertools.islice(places, batching.BATCH_SIZE)):
    yield from function(
      np.stack([_cut(image, top, left, side) for top, left in part])
    )


def _cut(image: np.ndarray, top: int, left: int, side: int) -> np.ndarray:
  """A tile; what lies beyond the image is its reflection."""
  height, width = image.shape[:2]
  return image[
    np.ix_(_reflected(top, side, height), _reflected(left, side, width))
  ]


def _reflected(start: int, side: int, length: int) -> np.ndarray:
  """The pixels of a tile in one direction."""
  places = np.arange(start, start + side) % (2 * length)
  return np.minimum(places, 2 * length - 1 - places)


class _Part(NamedTuple):
  """What a tile gives to the result, in one direction.

  Attributes:
    inside: the pixels of the tile that lie in the image.
    place: where these lie in the result.
    weights: float32, for each of these; those of all tiles add up to 1.
  """

  inside: slice
  place: slice
  weights: np.ndarray


def _parts(
  starts: Sequence[int], length: int, side: int, overlap: float, factor: int
) -> Iterator[_Part]:
  """What each tile gives in one direction, where all are `factor` as large."""
  side, length = factor * side, factor * length
  distances = np.arange(side) + 0.5
  distances = np.minimum(distances, distances[::-1])
  rise = np.minimum(distances / (min(overlap, 0.5) * side), 1)
  weights = np.sin(np.pi / 2 * rise) ** 2
  total, parts = np.zeros(length), []
  for start in starts:
    first, last = max(0, -factor * start), min(side, length - factor * start)
    inside = slice(first, last)
    place = slice(factor * start + first, factor * start + last)
    total[place] += weights[inside]
    parts.append((inside, place))
  for inside, place in parts:
    share = weights[inside] / total[place]
    yield _Part(inside, place, share.astype(np.float32))
