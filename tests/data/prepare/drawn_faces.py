"""Drawn faces at known places, what finds their marks again, and textures."""

import numpy as np
from PIL import Image

from tf_twingan.face_detectors import base

# Places of the marks in an upright face of size 1, and their colours.
EYES = np.array([[0.35, 0.3], [0.7, 0.33]])
MOUTH = np.array([0.5, 0.75])
_COLOURS = ((255, 0, 0), (0, 0, 255), (0, 255, 0))


def draw(
  size: tuple[int, int],
  centre: tuple[float, float] = (50, 50),
  scale: float = 100,
  roll: float = 0,
) -> tuple[np.ndarray, base.Face]:
  """Draws a photo with soft coloured dots for the eyes and the mouth.

  Args:
    size: height and width of the photo.
    centre: (x, y) of the middle of the face.
    scale: size of the face, px.
    roll: degrees by which it is turned clockwise about its centre.

  Returns:
    uint8 [height, width, 3], on grey grains; and the face.
  """
  angle = np.radians(roll)
  turn = np.array(
    [[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]]
  )
  places = np.concatenate([EYES, MOUTH[None]]) - 0.5
  places = scale * places @ turn.T + centre
  x, y = np.meshgrid(np.arange(size[1]) + 0.5, np.arange(size[0]) + 0.5)
  # A texture with edges, so that it does not count as blurred.
  grain = max(3, round(scale / 40))
  count = [length // grain + 1 for length in size]
  cells = np.random.default_rng(0).uniform(90, 140, count)
  cells = np.kron(cells, np.ones([grain, grain]))[: size[0], : size[1]]
  photo = np.repeat(cells[..., None], 3, axis=2)
  for place, colour in zip(places, _COLOURS):
    distance = np.hypot(x - place[0], y - place[1])
    share = np.exp(-((distance / (0.04 * scale)) ** 2))[..., None]
    photo += share * (np.array(colour) - photo)
  box = np.array([*places.min(axis=0), *places.max(axis=0)], np.float32)
  face = base.Face(box, 0.9, np.float32(places[:2]), np.float32(places[2]))
  return np.rint(photo).astype(np.uint8), face


def find_marks(image: np.ndarray) -> np.ndarray:
  """Where the dots are: float64 [3, 2], left eye, right eye, mouth."""
  values = image.astype(np.float64)
  x, y = np.meshgrid(
    np.arange(image.shape[1]) + 0.5, np.arange(image.shape[0]) + 0.5
  )
  places = []
  for channel in (0, 2, 1):
    others = np.delete(values, channel, axis=2).max(axis=2)
    weight = np.maximum(values[..., channel] - others - 40, 0)
    places.append([np.average(x, None, weight), np.average(y, None, weight)])
  return np.array(places)


def fur(side: int = 256) -> np.ndarray:
  """Details of every size, each as strong as the next."""
  random = np.random.default_rng(0)
  total = np.zeros([side, side, 3])
  size = 4
  while size <= side:
    part = random.normal(120, 25, [size, size, 3]).clip(0, 255)
    layer = Image.fromarray(part.astype(np.uint8)).resize(
      (side, side), Image.Resampling.BICUBIC
    )
    total += np.asarray(layer, np.float64) - 120
    size *= 2
  return (120 + total / 2).clip(0, 255).astype(np.uint8)
