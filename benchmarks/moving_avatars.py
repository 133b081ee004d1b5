"""Films of avatars that move a little, made of stills, so that all is known.

An avatar turns, shifts and grows to and fro as a face does in the square that
follows it through a film. It is drawn large, moved there, and made small, so
that every frame is as sharp as a still; in each style of avatars the same
character moves in the same way.
"""

import functools
import math

import numpy as np
from PIL import Image

from tf_twingan import image_arrays
from tf_twingan.data.sources import registry

_DRAWN_SIDE = 256
# How far it moves either way, and in how many frames to and fro.
_TURN, _TURN_FRAMES = 3.0, 37  # Degrees.
_GROWTH, _GROWTH_FRAMES = 0.03, 31
_SHIFT, _SHIFT_FRAMES = 0.03, ([23], [29])  # Of the side; right and down.
# What is always inside of a film is cut off by so much on every side.
_BORDER = 0.125


def film(
  dataset: str, number: int, *, frames: int, side: int, noise: float = 0.0
) -> np.ndarray:
  """The frames of one film.

  Args:
    dataset: `avatars:STYLE`.
    number: of the character in the test split; decides the motion, too.
    frames: number of frames.
    side: side of the frames in pixels, a power of two up to 256.
    noise: standard deviation of the noise of each frame, in levels of 255.

  Returns:
    uint8 [frames, side, side, 3].
  """
  large = _warp(_still(dataset, number)[None], _motion(number, frames))
  small = image_arrays.downsample(large, side)
  if noise:
    random = np.random.default_rng(number)
    noisy = small + random.normal(0, noise, small.shape)
    small = np.clip(np.rint(noisy), 0, 255).astype(np.uint8)
  return small


def stilled(frames: np.ndarray, number: int) -> np.ndarray:
  """Undoes the motion of a film: what moves along with it stands still.

  Args:
    frames: uint8 [frames, side, side, 3], a film or translations of one.
    number: of the film.

  Returns:
    uint8 [frames, n, n, 3], what all frames show.
  """
  motion = _motion(number, len(frames))
  side = frames.shape[1]
  edge = round(_BORDER * side)
  moved = _warp(frames, np.linalg.inv(motion))
  return moved[:, edge:-edge, edge:-edge]


@functools.cache
def _still(dataset: str, number: int) -> np.ndarray:
  originals = registry.parse(dataset).originals()
  held_out = [n for n in originals.names if originals.splits[n] == 'test']
  return originals.read(held_out[number])


def _motion(number: int, frames: int) -> np.ndarray:
  """Where the avatar comes from: float64 [frames, 3, 3].

  Of coordinates around the middle, in shares of the side.
  """
  phases = np.random.default_rng(number).uniform(0, 2 * math.pi, [4, 1])
  periods = np.array([[_TURN_FRAMES], [_GROWTH_FRAMES], *_SHIFT_FRAMES])
  turn, growth, right, down = np.sin(
    2 * math.pi * np.arange(frames) / periods + phases
  )
  angle, scale = np.radians(_TURN * turn), 1 + _GROWTH * growth
  cosine, sine = scale * np.cos(angle), scale * np.sin(angle)
  zero, one = np.zeros(frames), np.ones(frames)
  rows = [
    [cosine, -sine, _SHIFT * right],
    [sine, cosine, _SHIFT * down],
    [zero, zero, one],
  ]
  return np.linalg.inv(np.moveaxis(np.array(rows), -1, 0))


def _warp(images: np.ndarray, motion: np.ndarray) -> np.ndarray:
  """Warps one image, or each its own way; the border goes on outwards."""
  side = images.shape[1]
  edge = side // 4
  padded = np.pad(
    images, [[0, 0], [edge, edge], [edge, edge], [0, 0]], mode='edge'
  )
  width = side + 2 * edge
  to_pixels = np.array([[side, 0, width / 2], [0, side, width / 2], [0, 0, 1]])
  matrices = to_pixels @ motion @ np.linalg.inv(to_pixels)
  warped = [
    Image.fromarray(padded[index % len(images)]).transform(
      (width, width),
      Image.Transform.AFFINE,
      tuple(matrix[:2].ravel()),
      Image.Resampling.BICUBIC,
    )
    for index, matrix in enumerate(matrices)
  ]
  return np.stack(warped)[:, edge:-edge, edge:-edge]
