"""What a translated cut-out covers of its photo, and with which colours.

A model that was trained on people before plain colours gives such images. Its
plain colour must not come into the photo, whose own background shall be seen,
and neither shall what stands out of the photo's subject behind the translated
one, whose hair, say, is shorter. So three layers are put over each other: the
photo; where its subject is, the background's colours around it, filled in; and
the translated subject.

The translated subject is what differs from the plain colour, and what lies
well inside of the photo's subject, where the same colour is a shirt or an eye.
"""

from typing import NamedTuple

import numpy as np
from PIL import Image, ImageFilter

# Differences to the plain colour, of 255: background up to the first, subject
# from the second on. Networks give colours that are even within a few steps.
_BACKGROUND, _SUBJECT = 14, 44
# How far the photo's subject is shrunk to its core and grown to be hidden, and
# how wide the outline of the translated one is, as shares of the side.
_CORE, _HIDDEN, _OUTLINE = 0.08, 0.05, 0.05
_LEAST = 1e-3


class Layers(NamedTuple):
  """What is put over the photo.

  Attributes:
    image: uint8 RGB [size, size, 3].
    coverage: float32 [size, size] in [0, 1], how much of each pixel is put.
  """

  image: np.ndarray
  coverage: np.ndarray


def separate(
  translated: np.ndarray, photo: np.ndarray, alpha: np.ndarray
) -> Layers:
  """Separates a translated subject from the plain colour behind it.

  Args:
    translated: uint8 RGB [size, size, 3], before one colour.
    photo: uint8 RGB [size, size, 3], what it will cover.
    alpha: float [n, n] in [0, 1], the opacity of the photo's subject.
  """
  size = len(translated)
  before = _resized(alpha, size)
  subject, own = _unmixed(translated, before)
  hidden = _grown(before, _HIDDEN)
  filled = _fill(photo, 1 - hidden)
  coverage = subject + (1 - subject) * hidden
  weight = (subject / np.maximum(coverage, _LEAST))[..., None]
  mixed = filled + weight * (own - filled)
  return Layers(np.rint(np.clip(mixed, 0, 255)).astype(np.uint8), coverage)


def _unmixed(
  translated: np.ndarray, before: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
  """The opacity of a translated subject, and its own colours.

  At its outline it is mixed with the plain colour. How far follows from the
  subject's colours next to it: the mixture lies between the two.
  """
  behind = before < _LEAST
  if not behind.any():
    return np.ones_like(before), np.asarray(translated, np.float32)
  colour = np.median(translated[behind], axis=0).astype(np.float32)
  off = translated - colour
  differing = np.abs(off).max(axis=-1)
  differing = (differing - _BACKGROUND) / (_SUBJECT - _BACKGROUND)
  differing = np.clip(differing, 0, 1).astype(np.float32)
  inner = np.maximum(_shrunk(differing, _OUTLINE), _shrunk(before, _CORE))
  nearby = _fill(translated, inner)
  way = nearby - colour
  share = (off * way).sum(-1) / np.maximum((way**2).sum(-1), _SUBJECT**2)
  alpha = np.maximum(inner, differing * np.clip(share, 0, 1))
  return alpha, nearby + alpha[..., None] ** 2 * (translated - nearby)


def _shrunk(mask: np.ndarray, share: float) -> np.ndarray:
  return 1 - _grown(1 - mask, share)


def _grown(mask: np.ndarray, share: float) -> np.ndarray:
  """A mask, wider by a share of its side, with a soft border."""
  pixels = max(1, round(share * len(mask)))
  padded = np.pad(mask, pixels, mode='edge')
  image = Image.fromarray(np.rint(255 * padded).astype(np.uint8))
  image = image.filter(ImageFilter.MaxFilter(2 * pixels + 1))
  image = image.filter(ImageFilter.BoxBlur(pixels / 2))
  inner = np.asarray(image)[pixels:-pixels, pixels:-pixels]
  return np.maximum(inner.astype(np.float32) / 255, mask)


def _fill(image: np.ndarray, known: np.ndarray) -> np.ndarray:
  """An image whose unknown pixels continue the known ones around them.

  By a pyramid (Gortler et al., 1996, "The Lumigraph", section 3.4): weighted
  means of ever more pixels, of which each pixel takes the finest there is.

  Args:
    image: uint8 RGB [size, size, 3].
    known: float [size, size] in [0, 1].

  Returns:
    float32 [size, size, 3].
  """
  weighted = image * known[..., None].astype(np.float32)
  levels = [np.concatenate([weighted, known[..., None]], axis=-1)]
  while len(levels[-1]) > 1:
    levels.append(_resized(levels[-1], (len(levels[-1]) + 1) // 2))
  result = _divided(levels[-1])
  for index, level in reversed(list(enumerate(levels[:-1]))):
    # Above the finest, a pixel stands for four or more. One of four that is
    # known suffices, or colours of the far side of the image come in.
    certain = np.clip(level[..., 3:] * (4 if index else 1), 0, 1)
    coarse = _resized(result, len(level))
    result = coarse + certain * (_divided(level) - coarse)
  return result


def _divided(level: np.ndarray) -> np.ndarray:
  return level[..., :3] / np.maximum(level[..., 3:], _LEAST)


def _resized(values: np.ndarray, size: int) -> np.ndarray:
  """Square arrays of floats, of any number of channels, in another size."""
  if len(values) == size:
    return values
  channels = values.reshape(*values.shape[:2], -1)
  resized = [
    Image.fromarray(np.float32(channels[..., channel])).resize(
      (size, size), Image.Resampling.BILINEAR
    )
    for channel in range(channels.shape[-1])
  ]
  return np.stack(resized, axis=-1).reshape(size, size, *values.shape[2:])
