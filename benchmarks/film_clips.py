"""Clips whose motion is known: a camera that moves over drawn avatars."""

from typing import NamedTuple

import numpy as np
from PIL import Image, ImageDraw

from tf_twingan.data.avatars import characters, drawing
from tf_twingan.data.prepare import alignment

SIZE = (640, 360)  # Width and height of a frame.
SIDE = 190  # Of an avatar in the scene, px.
STYLE = 'toon-head'
_SCENE = (1100, 620)
_SHOT = 5.0  # Seconds of a whole movement of the camera.
# Middles of the avatars in the scene.
_PLACES = ((400, 290), (690, 330))


class Clip(NamedTuple):
  """A film whose motion is known.

  Attributes:
    frames: uint8 RGB [height, width, 3] each.
    times: of each frame, seconds.
    cuts: indices of frames that begin another shot.
    squares: for each frame, [n, 2, 3]: from the frame to the square of side 1
      of each avatar.
  """

  frames: list[np.ndarray]
  times: list[float]
  cuts: list[int]
  squares: list[np.ndarray]

  def regions(self, share: float = 0.8) -> list[np.ndarray]:
    """The middle parts of all avatars: bool [height, width] a frame."""
    height, width = self.frames[0].shape[:2]
    x, y = np.meshgrid(np.arange(width) + 0.5, np.arange(height) + 0.5)
    places = np.stack([x.ravel(), y.ravel()], axis=1)
    regions = []
    for matrices in self.squares:
      inside = np.zeros(len(places), bool)
      for matrix in matrices:
        off = np.abs(alignment.apply(matrix, places) - 0.5)
        inside |= (off < share / 2).all(axis=1)
      regions.append(inside.reshape(height, width))
    return regions


def make(
  numbers: tuple[tuple[int, ...], ...],
  *,
  seconds: float = 10.0,
  rate: int = 25,
  noise: float = 4.0,
  seed: int = 0,
) -> Clip:
  """Draws a clip: one shot for each group of avatars, in which a camera moves.

  It pans and zooms, in every other shot the other way.

  Args:
    numbers: of the characters of each shot, at most two.
    seconds: of the whole clip.
    rate: frames a second.
    noise: standard deviation of the sensor's noise, in levels of 255.
    seed: of noise and backgrounds.
  """
  generator = np.random.Generator(np.random.Philox(key=seed))
  count = round(seconds * rate)
  clip = Clip([], [], [], [])
  for shot, group in enumerate(numbers):
    scene = _scene(generator, group)
    first = shot * count // len(numbers)
    last = (shot + 1) * count // len(numbers)
    if shot:
      clip.cuts.append(first)
    for index in range(first, last):
      # At the same speed in a clip of any length.
      progress = (index - first) / rate / _SHOT
      camera = _camera(progress if shot % 2 == 0 else 1 - progress)
      frame = np.asarray(
        scene.transform(
          SIZE,
          Image.Transform.AFFINE,
          tuple(camera.ravel()),
          Image.Resampling.BICUBIC,
        )
      )
      grain = generator.normal(0, noise, frame.shape) if noise else 0
      clip.frames.append(
        np.clip(np.rint(frame + grain), 0, 255).astype(np.uint8)
      )
      clip.times.append(index / rate)
      clip.squares.append(_squares(camera, len(group)))
  return clip


def _scene(
  generator: np.random.Generator, group: tuple[int, ...]
) -> Image.Image:
  """A wall of blended colours and drawn shapes, with the avatars on it."""
  colours = generator.integers(90, 200, (4, 6, 3), dtype=np.uint8)
  scene = Image.fromarray(colours).resize(_SCENE, Image.Resampling.BICUBIC)
  draw = ImageDraw.Draw(scene)
  for _ in range(60):
    x, y = generator.integers(0, _SCENE[0]), generator.integers(0, _SCENE[1])
    radius = int(generator.integers(8, 40))
    colour = tuple(int(c) for c in generator.integers(60, 220, 3))
    draw.ellipse((x - radius, y - radius, x + radius, y + radius), fill=colour)
  for number, (x, y) in zip(group, _PLACES):
    avatar = drawing.draw(characters.character(number), STYLE, SIDE)
    scene.paste(Image.fromarray(avatar), (x - SIDE // 2, y - SIDE // 2))
  return scene


def _camera(progress: float) -> np.ndarray:
  """float64 [2, 3], from places in the frame to places in the scene."""
  # Moves sideways as a hand does: to and fro, on a slow way.
  middle = np.array([500 + 90 * progress, 305 + 20 * np.sin(9 * progress)])
  zoom = 1.0 + 0.3 * progress
  turn = np.eye(2) / zoom
  return np.column_stack([turn, middle - turn @ (np.array(SIZE) / 2)])


def _squares(camera: np.ndarray, count: int) -> np.ndarray:
  """From the frame to each avatar's square of side 1."""
  matrices = []
  for x, y in _PLACES[:count]:
    matrix = camera / SIDE
    matrix[:, 2] -= (np.array([x, y]) - SIDE // 2) / SIDE
    matrices.append(matrix)
  return np.array(matrices)
