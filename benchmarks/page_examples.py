"""Draws the avatars that the page of the server offers to try it with.

Held-out characters of the two styles that the shipped model knows, and a group
of three, whose faces are found one by one.
"""

import pathlib

import numpy as np
from absl import app
from PIL import Image

from benchmarks import avatar_scenes
from tf_twingan.data.avatars import characters, drawing

FOLDER = (
  pathlib.Path(__file__).resolve().parent.parent
  / 'tf_twingan/serving/page/examples'
)
# Domain of the shipped model: its style, and numbers of characters.
_PORTRAITS = {
  'photo': (avatar_scenes.STYLE, (34, 36, 33)),
  'anime': ('lorelei', (24, 11, 3, 32)),
}
_SIDE = 256
_GROUP_SIZE = (960, 540)
_WALL = '#cfdbe6'
# Number of the character, side, centre and degrees clockwise.
_GROUP = (
  (33, 470, 185, 315, 0),
  (36, 410, 770, 345, 0),
  (34, 430, 485, 335, 0),
)
_QUALITY = 80


def group() -> np.ndarray:
  """Three before a plain wall: uint8 [height, width, 3]."""
  wall = Image.new('RGB', _GROUP_SIZE, _WALL)
  for number, side, x, y, roll in _GROUP:
    avatar_scenes.put(wall, avatar_scenes.cut_out(number), side, x, y, roll)
  return np.asarray(wall)


def main(argv) -> None:
  """Writes the files."""
  del argv
  images = {'group': group()}
  for domain, (style, numbers) in _PORTRAITS.items():
    for place, number in enumerate(numbers, 1):
      images[f'{domain}_{place}'] = drawing.draw(
        characters.character(number), style, _SIDE
      )
  FOLDER.mkdir(exist_ok=True)
  for name, image in images.items():
    path = FOLDER / f'{name}.webp'
    Image.fromarray(image).save(path, quality=_QUALITY, method=6)
    print(f'{path.name}: {path.stat().st_size:,} bytes')


if __name__ == '__main__':
  app.run(main)
