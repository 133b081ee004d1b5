"""What is put behind a cut-out subject: its colour, and how the two are joined.

Pixels at the outline mix the subject with what was behind it. Put as they are
before another colour, they become a halo. So the subject's own colours are
estimated there first, from its surroundings (Forte, 2021, "Approximate Fast
Foreground Colour Estimation"): with I the image and a the opacity,

  F = mean(a I) / mean(a), the colours of the subject around each pixel
  B = mean((1 - a) I) / mean(1 - a), those of what is behind it
  foreground = F + w (I - a F - (1 - a) B)

where the means run over a box around the pixel; once over a large one, and then
over a small one, with F taken of the first foreground. The weight w is a there;
here it is a / (a^2 + (1 - a)^2), of the smallest changes of F and B that make
the mixture I. On avatars, where the right result is known, that errs less.
"""

import colorsys
import re

import numpy as np
from PIL import ImageColor

from tf_twingan import errors, files

# Besides these, any colour as '#rrggbb'.
KINDS = ('keep', 'plain', 'random')
# The faces whose heads and shoulders can be cut out, see `cutout`.
_FACES = ('human',)
# As transparent images are read.
_PLAIN = (255, 255, 255)
# Random colours are light enough to look like a backdrop, and pale enough to
# differ from the vivid hair of drawings.
_SATURATION, _VALUE = (0.05, 0.4), (0.5, 0.95)
# Radius of the boxes, as a share of the side: the large one reaches beyond what
# a mask is wrong by, the small one covers the outline.
_LARGE, _SMALL = 1 / 12, 1 / 64
# Of how many random colours the one that fits a subject is taken, from which
# opacity on a pixel counts as the subject's, and up to which difference, of
# 255, one passes for the background.
_CHOICE, _OPAQUE, _ALIKE = 16, 0.9, 44
_LEAST = 1e-6  # Of a sum of opacities: below, it is rounding.


def parse(text: str) -> str:
  """Reads what a user typed.

  Args:
    text: one of KINDS, a colour's name, or '#rgb' or '#rrggbb'.

  Returns:
    One of KINDS, or '#rrggbb' in small letters.

  Raises:
    ValueError: it is neither.
  """
  if text in KINDS:
    return text
  try:
    red, green, blue = ImageColor.getrgb(text)[:3]
  except ValueError:
    known = (*KINDS, *ImageColor.colormap)
    raise ValueError(
      f'{errors.printable(text)!r} is no background; use {", ".join(KINDS)}, '
      'a colour such as #80c0ff or a name such as lightgray'
      f'{errors.did_you_mean(text, known)}'
    ) from None
  return f'#{red:02x}{green:02x}{blue:02x}'


def check(background: str, faces: str) -> None:
  """Raises ValueError unless this background can be put behind these faces.

  Args:
    background: see `parse`.
    faces: name of a detector, or 'none'.
  """
  if background != 'keep' and faces not in _FACES:
    raise ValueError(
      f'{background} needs people who can be cut out, but faces is '
      f'{errors.printable(faces)}: nothing that ships here cuts out drawings, '
      'animals or whole images; use background keep, or faces human for photos '
      'of people'
    )


def color(background: str, name: str = '', index: int = 0) -> np.ndarray:
  """The colour of a background.

  Args:
    background: 'plain', 'random', or '#rrggbb'.
    name: name of the photo, from which a random colour follows.
    index: number of the face in the photo, from which it follows, too.

  Returns:
    uint8 [3].

  Raises:
    ValueError: `background` is nothing of the kind.
  """
  if background == 'plain':
    return np.array(_PLAIN, np.uint8)
  if background == 'random':
    # A null byte is in no name. Bytes that are not UTF-8 are in some.
    key = f'{name}\0{index}'.encode('utf-8', 'surrogateescape')
    hue, saturation, value = (
      int(files.sha256(key)[8 * i : 8 * i + 8], 16) / 2**32 for i in range(3)
    )
    rgb = colorsys.hsv_to_rgb(
      hue, _between(saturation, _SATURATION), _between(value, _VALUE)
    )
    return np.rint(255 * np.array(rgb)).astype(np.uint8)
  if not re.fullmatch('#[0-9a-f]{6}', background):
    raise ValueError(f'{background!r} is no colour; use #rrggbb')
  return np.frombuffer(bytes.fromhex(background[1:]), np.uint8)


def unlike(image: np.ndarray, alpha: np.ndarray) -> np.ndarray:
  """The random colour that the fewest pixels of a subject are like.

  Args:
    image: uint8 RGB [height, width, 3].
    alpha: float [height, width], the opacity of the subject, in [0, 1].

  Returns:
    uint8 [3], one of 16 that are always the same.
  """
  subject = image[alpha > _OPAQUE].astype(np.int16)
  colours = [color('random', index=index) for index in range(_CHOICE)]
  alike = [
    np.count_nonzero(np.abs(subject - colour).max(axis=-1) < _ALIKE)
    for colour in colours
  ]
  return colours[int(np.argmin(alike))]


def _between(share: float, limits: tuple[float, float]) -> float:
  return limits[0] + share * (limits[1] - limits[0])


def foreground(image: np.ndarray, alpha: np.ndarray) -> np.ndarray:
  """Estimates the subject's own colours where it is mixed with what is behind.

  Args:
    image: uint8 RGB [height, width, 3].
    alpha: float [height, width], the opacity of the subject, in [0, 1].

  Returns:
    float64 RGB [height, width, 3], in [0, 255]: the image's own colours where
    the opacity is 0 or 1.
  """
  result = np.asarray(image, np.float64)
  pixels = result.copy()
  opaque = np.asarray(alpha, np.float64)
  edge = np.nonzero((opaque > 0) & (opaque < 1))
  mixed = opaque[edge][:, None]
  behind = _sums(pixels, 1 - opaque)
  for share in (_LARGE, _SMALL):
    radius = max(1, round(share * max(image.shape[:2])))
    inner = _means(_sums(result, opaque), edge, radius)
    outer = _means(behind, edge, radius)
    rest = pixels[edge] - mixed * inner - (1 - mixed) * outer
    weight = mixed / (mixed**2 + (1 - mixed) ** 2)
    result[edge] = np.clip(inner + weight * rest, 0, 255)
  return result


def _sums(values, weights):
  """Sums of weighted values and of weights from the upper left corner.

  Args:
    values: float64 [height, width, channels].
    weights: float64 [height, width].

  Returns:
    float64 [height + 1, width + 1, channels + 1], the weights' last.
  """
  weights = weights[..., None]
  weighted = np.concatenate([weights * values, weights], axis=-1)
  return np.pad(weighted, ((1, 0), (1, 0), (0, 0))).cumsum(0).cumsum(1)


def _means(sums, places, radius):
  """Weighted means over the boxes around places, as far as the image goes.

  Args:
    sums: see `_sums`.
    places: rows and columns of the places.
    radius: the boxes reach so many pixels to each side.

  Returns:
    float64 [places, channels].
  """
  top, left = (np.maximum(place - radius, 0) for place in places)
  bottom, right = (
    np.minimum(place + radius + 1, length - 1)
    for place, length in zip(places, sums.shape)
  )
  total = (
    sums[bottom, right]
    - sums[top, right]
    - sums[bottom, left]
    + sums[top, left]
  )
  return total[:, :-1] / np.maximum(total[:, -1:], _LEAST)


def join(
  image: np.ndarray, alpha: np.ndarray, background: np.ndarray
) -> np.ndarray:
  """Puts the subject of an image before a colour.

  Args:
    image: uint8 RGB [height, width, 3].
    alpha: float [height, width], the opacity of the subject, in [0, 1].
    background: uint8 [3].

  Returns:
    uint8 RGB [height, width, 3]: the image's pixels where the subject is
    opaque, the colour where it is not.
  """
  opaque = np.asarray(alpha, np.float64)[..., None]
  mixed = opaque * foreground(image, alpha) + (1 - opaque) * background
  return np.rint(mixed).astype(np.uint8)
