"""Photos with known faces: images of faces pasted onto large canvases."""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from PIL import Image

SIZE = (1500, 1000)
# How many faces, and how large: pixels of the pasted image's side.
FACES = (2, 6)
SIDES = (110, 300)
_TRIES = 200


class Composite(NamedTuple):
  """A canvas and the faces on it.

  Attributes:
    image: uint8 [height, width, 3].
    squares: [n, 4]: left, top, right and bottom of each pasted image.
  """

  image: np.ndarray
  squares: np.ndarray


def gradient(generator: np.random.Generator) -> Image.Image:
  """A canvas that blends four random colours."""
  corners = generator.integers(0, 256, (2, 2, 3), dtype=np.uint8)
  return Image.fromarray(corners).resize(SIZE, Image.Resampling.BICUBIC)


def noise(generator: np.random.Generator) -> Image.Image:
  """A canvas of random spots of 4, 16 or 64 pixels."""
  spot = int(generator.choice([4, 16, 64]))
  grid = (SIZE[1] // spot + 1, SIZE[0] // spot + 1, 3)
  spots = generator.integers(0, 256, grid, dtype=np.uint8)
  return Image.fromarray(spots).resize(SIZE, Image.Resampling.BICUBIC)


def photo(
  generator: np.random.Generator, photos: Sequence[np.ndarray]
) -> Image.Image:
  """A canvas that shows one of several photos, stretched."""
  chosen = photos[generator.integers(len(photos))]
  return Image.fromarray(chosen).resize(SIZE, Image.Resampling.BICUBIC)


def compose(
  generator: np.random.Generator,
  canvas: Image.Image,
  faces: Sequence[np.ndarray],
  largest_roll: float,
) -> Composite:
  """Pastes faces of random sizes where they do not touch.

  Args:
    generator: of all that is random.
    canvas: is drawn on.
    faces: square images to choose from.
    largest_roll: degrees; each face is turned by at most that.
  """
  squares: list[tuple[int, int, int, int]] = []
  for _ in range(generator.integers(FACES[0], FACES[1] + 1)):
    place = _free_place(generator, squares)
    if place is None:
      continue
    left, top, right, bottom = place
    face = Image.fromarray(faces[generator.integers(len(faces))])
    face = face.resize((right - left,) * 2, Image.Resampling.BICUBIC)
    face = face.rotate(
      generator.uniform(-largest_roll, largest_roll), Image.Resampling.BICUBIC
    )
    canvas.paste(face, (left, top))
    squares.append(place)
  return Composite(np.asarray(canvas), np.array(squares))


def _free_place(
  generator: np.random.Generator, taken: Sequence[tuple[int, int, int, int]]
) -> tuple[int, int, int, int] | None:
  for _ in range(_TRIES):
    side = int(generator.integers(SIDES[0], SIDES[1] + 1))
    x = int(generator.integers(0, SIZE[0] - side))
    y = int(generator.integers(0, SIZE[1] - side))
    if all(
      x + side <= left or x >= right or y + side <= top or y >= bottom
      for left, top, right, bottom in taken
    ):
      return x, y, x + side, y + side
  return None
