"""Folders of avatars in front of clutter, clean but for what is planted."""

import functools
import pathlib

import numpy as np
from PIL import Image

from tf_twingan import faces, image_io
from tf_twingan.data.avatars import characters, drawing

SIDE = 128
COUNT = 24  # Images of a set; a quarter of them is held out.
DETECTOR = 'planted'
_SIGNATURE = (3, 141, 59)


class PlantedDetector(faces.FaceDetector):
  """Finds the boxes that `draw` wrote into the first pixels of an image."""

  def find(self, image):
    if tuple(image[0, 0]) != _SIGNATURE:
      return []
    scale = min(image.shape[:2]) / 100
    x, y, side = image[0, 1] * scale
    count = int(image[0, 2, 0])
    box = np.float32([x - side / 2, y - side / 2, x + side / 2, y + side / 2])
    eyes = np.float32([[x - side / 5, y], [x + side / 5, y]])
    mouth = np.float32([x, y + side / 4])
    return [faces.Face(box, 1.0, eyes, mouth)] * count


@functools.cache
def _avatar(style: str, number: int, size: int) -> np.ndarray:
  return drawing.draw(characters.character(number, False), style, size)


def draw(
  style: str,
  number: int,
  *,
  scale: float = 0.5,
  x: float = 0.5,
  y: float = 0.5,
  plain: bool = False,
  size: int = SIDE,
  faces_shown: int = 1,
) -> np.ndarray:
  """An avatar in front of clutter, uint8 [size, size, 3].

  Args:
    style: the avatar's art style.
    number: number of the character, which decides the clutter, too.
    scale: side of its face, as a share of the side.
    x: middle of the face from the left, likewise.
    y: middle of the face from the top, likewise.
    plain: whether the background is grey instead.
    size: side of the image in px.
    faces_shown: how many faces the detector finds.
  """
  rng = np.random.default_rng(number)
  clutter = rng.integers(60, 220, [7, 7, 3], np.uint8)
  canvas = Image.fromarray(clutter).resize(
    (size, size), Image.Resampling.BICUBIC
  )
  if plain:
    canvas = Image.new('RGB', (size, size), 'grey')
  side = round(scale * size)
  corner = (round(x * size - side / 2), round(y * size - side / 2))
  canvas.paste(Image.fromarray(_avatar(style, number, side)), corner)
  image = np.array(canvas)
  image[0, 0] = _SIGNATURE
  image[0, 1] = [round(100 * x), round(100 * y), round(100 * scale)]
  image[0, 2] = faces_shown
  return image


def write(
  folder: pathlib.Path, style: str, *, first: int = 0, **how
) -> dict[str, np.ndarray]:
  """Writes a set of `COUNT` avatars with a split of its own to test on.

  Args:
    folder: where to.
    style: the avatars' art style.
    first: number of the first character.
    **how: see `draw`.

  Returns:
    {path below the folder: image}.
  """
  images = {}
  for i in range(COUNT):
    name = f'{"test" if i % 4 == 3 else "train"}/{i:03}.png'
    images[name] = draw(style, first + i, **how)
    image_io.write_png(folder / name, images[name])
  return images
