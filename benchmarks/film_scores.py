"""How much translations of moving avatars flicker and change, and how sharp."""

import collections
import functools
from collections.abc import Callable

import numpy as np
from PIL import Image

from benchmarks import moving_avatars
from tf_twingan.metrics import flicker

NOISE = 3.0  # Standard deviation of that of noisy films, of 255 levels.
# All but sharpness are differences.
FLICKER, NOISY = 'flicker', 'flicker, noisy sources'
CHANGE, SHARPNESS = 'change over a film', 'sharpness'
NAMES = (FLICKER, NOISY, CHANGE, SHARPNESS)
# Translations are compared at so many times their size, as where they are
# pasted into a frame: the flow of so few pixels would be none.
_TIMES = 4
_SHOWN = 8  # Frames of a grid.


def film_scores(
  dataset: str,
  translate: Callable[[int, np.ndarray], np.ndarray],
  *,
  films: int,
  frames: int,
  side: int,
) -> tuple[dict[str, float], np.ndarray]:
  """Scores the translations of films, see `moving_avatars`.

  Args:
    dataset: `avatars:STYLE`, the style of the sources.
    translate: from the number of a film and its sources, uint8 [frames, side,
      side, 3], to their translations.
    films: number of films, each of another avatar.
    frames: number of frames of each.
    side: side of the frames in pixels, a power of two up to 64.

  Returns:
    {name: value x 1000}, and frames of the first film, uint8 RGB: sources above
    their translations.
  """
  values = collections.defaultdict(list)
  for number in range(films):
    film = functools.partial(
      moving_avatars.film, dataset, number, frames=frames
    )
    # Not as small, and without noise, so that the flow is right.
    large_sources = film(side=_TIMES * side)
    for name, noise in ((NOISY, NOISE), (FLICKER, 0.0)):
      outputs = translate(number, film(side=side, noise=noise))
      large = np.stack([_enlarged(output) for output in outputs])
      values[name].append(flicker.flicker(large, large_sources))
    stilled = moving_avatars.stilled(large, number).astype(np.float32) / 255
    values[CHANGE].append(np.abs(stilled - np.median(stilled, axis=0)).mean())
    values[SHARPNESS] += [flicker.gradient_energy(frame) for frame in outputs]
    if number == 0:
      shown = np.linspace(0, frames - 1, min(_SHOWN, frames)).astype(int)
      grid = np.concatenate(
        [np.concatenate(row[shown], axis=1) for row in (large_sources, large)]
      )
  return {n: 1000 * float(np.mean(v)) for n, v in values.items()}, grid


def _enlarged(image):
  width, height = (_TIMES * size for size in image.shape[1::-1])
  return np.asarray(
    Image.fromarray(image).resize((width, height), Image.Resampling.LANCZOS)
  )
