"""Photos of avatars: cut out of their backgrounds, and put on a wall."""

import dataclasses

import numpy as np
from PIL import Image

from tf_twingan.data.avatars import characters, drawing

STYLE = 'toon-head'
DRAWN = 512  # px; then made smaller.


def cut_out(number: int) -> Image.Image:
  """An avatar without its background, of mode RGBA."""
  black, white = (
    drawing.draw(
      dataclasses.replace(
        characters.character(number), background_color=colour
      ),
      STYLE,
      DRAWN,
    ).astype(float)
    for colour in ('000000', 'ffffff')
  )
  alpha = 1 - (white - black).mean(axis=-1, keepdims=True) / 255
  pixels = np.concatenate(
    [black / np.maximum(alpha, 1e-3), 255 * alpha], axis=-1
  )
  return Image.fromarray(np.rint(pixels.clip(0, 255)).astype(np.uint8))


def put(
  wall: Image.Image, image: Image.Image, side: int, x: int, y: int, roll: float
) -> None:
  """Puts an image on a wall, of a side and around a point, turned."""
  small = image.resize((side, side), Image.Resampling.LANCZOS)
  turned = small.rotate(-roll, Image.Resampling.BICUBIC, expand=True)
  wall.paste(turned, (x - turned.width // 2, y - turned.height // 2), turned)
