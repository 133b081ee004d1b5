"""Draws a photo of avatars, and translates it: an image of docs/photos.md.

Drawn portraits hang on a wall, and avatars stand before it, at several sizes
and rolls. Their faces are found by the detector that the shipped model names,
as by `translate --model=avatar_twins --faces=all`; how many is printed.
"""

import pathlib

import numpy as np
from absl import app, flags
from PIL import Image, ImageDraw

from benchmarks import avatar_scenes
from tf_twingan import image_io, inference
from tf_twingan.data.avatars import characters, drawing

_OUTPUT = flags.DEFINE_string(
  'output', 'docs/images/photo_of_avatars.jpg', 'Before above after, a JPEG.'
)
_PHOTO = flags.DEFINE_string(
  'photo', None, 'Where to write the photo alone, too, a PNG.'
)
_SIZE = (1200, 620)
# Number of the character, side, centre and degrees clockwise.
_PORTRAITS = (
  (7, 210, 150, 170, -8),
  (3, 270, 470, 190, 5),
  (9, 170, 760, 140, 14),
  (10, 240, 1040, 190, -5),
)
_PEOPLE = (
  (0, 260, 250, 495, -10),
  (6, 200, 590, 520, 24),
  (11, 300, 860, 475, 4),
)


def photo() -> np.ndarray:
  """The photo: uint8 [height, width, 3]."""
  width, height = _SIZE
  corners = np.uint8([[[214, 222, 226], [232, 222, 206]]] * 2)
  corners[1] -= 46
  wall = Image.fromarray(corners).resize(_SIZE, Image.Resampling.BICUBIC)
  canvas = ImageDraw.Draw(wall)
  for x in range(0, width, 100):
    canvas.line([(x, 0), (x, height)], (204, 208, 206), 2)
  for number, side, x, y, roll in _PORTRAITS:
    picture = Image.fromarray(
      drawing.draw(
        characters.character(number), avatar_scenes.STYLE, avatar_scenes.DRAWN
      )
    ).convert('RGBA')
    framed = Image.new(
      'RGBA',
      (avatar_scenes.DRAWN + 60, avatar_scenes.DRAWN + 60),
      (250, 250, 246),
    )
    framed.paste(picture, (30, 30))
    avatar_scenes.put(wall, framed, side, x, y, roll)
  for number, side, x, y, roll in _PEOPLE:
    avatar_scenes.put(wall, avatar_scenes.cut_out(number), side, x, y, roll)
  return np.asarray(wall)


def main(argv) -> None:
  """Writes the images."""
  del argv
  before = photo()
  translator = inference.Translator.from_pretrained('avatar_twins')
  photographs = inference.Photographs(translator)
  found = photographs.find(before, 'photo').images
  print(f'{len(found)} of {len(_PORTRAITS) + len(_PEOPLE)} faces found')
  after = photographs.translate(before)
  if _PHOTO.value:
    image_io.write_png(_PHOTO.value, before)
  pathlib.Path(_OUTPUT.value).parent.mkdir(parents=True, exist_ok=True)
  gap = np.full([10, *before.shape[1:]], 255, np.uint8)
  both = Image.fromarray(np.concatenate([before, gap, after]))
  both.save(_OUTPUT.value, quality=88)


if __name__ == '__main__':
  app.run(main)
