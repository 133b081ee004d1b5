"""Characters of the avatar twins: the factors that an image shows.

A character is a small record of factors (hair, skin, expression, pose,
background) that follows from its number alone. Art styles draw the same record
(see `drawing.py`), so two images with one number are a true pair. As in the
Twin-GAN article (Li, 2018) the natural domain knows natural hair only, the
anime-like ones vivid hair, too.
"""

import dataclasses
from collections.abc import Mapping, Sequence
from typing import TypeVar

import numpy as np

T = TypeVar('T')

NATURAL_HAIR = {
  'black': '2a2527',
  'dark_brown': '4a2f27',
  'brown': '74442c',
  'chestnut': '94512f',
  'auburn': 'a8452a',
  'copper': 'c8702f',
  'dark_blond': 'b48a52',
  'blond': 'e0bc72',
}
VIVID_HAIR = {
  'blue': '3b63d8',
  'sky': '58b4ee',
  'teal': '1fa59a',
  'green': '4cab45',
  'purple': '8548c4',
  'pink': 'f178ae',
  'red': 'd92f40',
  'orange': 'f58220',
}
SKIN = ('fadcc4', 'f1c3a0', 'e3ae88', 'cf9a74', 'b98058', '8f5c3e')
# Sixteen hues of one lightness and saturation (78 %, 62 %), without those of
# skin. They are easy to tell apart, yet lie close enough together that a
# background alone does not identify a character among a hundred.
BACKGROUND = (
  'e7eaa4',
  'd1eaa4',
  'bbeaa4',
  'a5eaa4',
  'a4eab9',
  'a4eacf',
  'a4eae5',
  'a4d8ea',
  'a4c2ea',
  'a4acea',
  'b2a4ea',
  'c8a4ea',
  'dea4ea',
  'eaa4df',
  'eaa4c9',
  'eaa4b3',
)
CLOTHES = ('1c2a66', '14472c', '7a1222', '3a1c66', 'f4f4f4', '15161c')

HAIR_SHAPES = ('cropped', 'combed', 'curly', 'bob', 'long', 'wavy', 'bun')
MOUTHS = ('smile', 'open', 'sad')
EYES = ('open', 'closed')
FACINGS = ('left', 'right')

GLASSES_SHARE = 0.25
CLOSED_EYES_SHARE = 0.2
VIVID_SHARE = 0.04
MAX_TILT = 12.0  # degrees
SCALE_RANGE = (0.85, 1.1)
MAX_SHIFT_X = 6.0  # percent of the image
MAX_SHIFT_Y = 5.0


@dataclasses.dataclass(frozen=True)
class Character:
  """The factors of one character; colours are six hex digits.

  Attributes:
    number: the number that everything else follows from.
    hair_color: one of `NATURAL_HAIR` or `VIVID_HAIR`.
    hair_shape: one of `HAIR_SHAPES`.
    skin_color: one of `SKIN`.
    clothes_color: one of `CLOTHES`.
    background_color: one of `BACKGROUND`.
    glasses: whether glasses are worn.
    mouth: one of `MOUTHS`.
    eyes: one of `EYES`.
    facing: the side of the image that the face looks to.
    tilt: degrees clockwise.
    scale: size of the head relative to the default.
    x: shift to the right in percent of the image.
    y: shift downwards in percent of the image.
  """

  number: int = 0
  hair_color: str = NATURAL_HAIR['brown']
  hair_shape: str = 'combed'
  skin_color: str = SKIN[1]
  clothes_color: str = CLOTHES[0]
  background_color: str = BACKGROUND[0]
  glasses: bool = False
  mouth: str = 'smile'
  eyes: str = 'open'
  facing: str = 'right'
  tilt: float = 0.0
  scale: float = 1.0
  x: float = 0.0
  y: float = 0.0


def _pick(options: Sequence[T], uniform: float) -> T:
  return options[int(uniform * len(options))]


def _between(low: float, high: float, uniform: float) -> float:
  return round(low + (high - low) * uniform, 2)


def character(number: int, vivid: bool = False) -> Character:
  """Describes the character of a number.

  Args:
    number: any integer from 0 on; nothing else decides the result.
    vivid: let `VIVID_SHARE` of the numbers have vivid hair. All other factors
      are those of the same number with `vivid=False`.

  Returns:
    The character, the same in every process and on every machine.
  """
  if number < 0:
    raise ValueError(f'A character has a number from 0 on, got {number}.')
  # Plain uniform doubles are the part of NumPy's generators that stays the
  # same between releases, so every choice is made from them here.
  uniform = np.random.Generator(np.random.Philox(key=number)).random(15)
  hair = list(NATURAL_HAIR.values())
  hair_choice = uniform[0]
  if vivid and uniform[13] < VIVID_SHARE:
    hair, hair_choice = list(VIVID_HAIR.values()), uniform[14]
  return Character(
    number=number,
    hair_color=_pick(hair, hair_choice),
    hair_shape=_pick(HAIR_SHAPES, uniform[1]),
    skin_color=_pick(SKIN, uniform[2]),
    clothes_color=_pick(CLOTHES, uniform[3]),
    background_color=_pick(BACKGROUND, uniform[4]),
    glasses=bool(uniform[5] < GLASSES_SHARE),
    mouth=_pick(MOUTHS, uniform[6]),
    eyes='closed' if uniform[7] < CLOSED_EYES_SHARE else 'open',
    facing=_pick(FACINGS, uniform[8]),
    tilt=_between(-MAX_TILT, MAX_TILT, uniform[9]),
    scale=_between(*SCALE_RANGE, uniform[10]),
    x=_between(-MAX_SHIFT_X, MAX_SHIFT_X, uniform[11]),
    y=_between(-MAX_SHIFT_Y, MAX_SHIFT_Y, uniform[12]),
  )


def attributes(factors: Mapping[str, np.ndarray]) -> dict[str, list[str]]:
  """Describes avatars by columns of text, hair by the names of its colours.

  Args:
    factors: arrays by attribute of `Character`, see `avatar_dataset.load`.

  Returns:
    {factor: a value for each avatar}, without the number.
  """
  hair = {color: name for name, color in (NATURAL_HAIR | VIVID_HAIR).items()}
  columns = {}
  for name, values in factors.items():
    texts = [str(value) for value in values]
    if values.dtype == bool:
      texts = [text.lower() for text in texts]
    columns[name] = texts
  columns.pop('number', None)
  if 'hair_color' in columns:
    columns['hair_color'] = [hair[color] for color in columns['hair_color']]
  return columns


def identity_vectors(factors: Mapping[str, np.ndarray]) -> np.ndarray:
  """Describes who avatars are: hair colour, hair shape and skin, each one-hot.

  These are what every style shows and no pose, expression or mirroring changes.
  They are also the labels that the avatars were drawn from, so what is trained
  by them is no longer trained by images alone.

  Args:
    factors: arrays by attribute of `Character`, see `avatar_dataset.load`.

  Returns:
    float32 [n, 29].
  """
  values = {
    'hair_color': (*NATURAL_HAIR.values(), *VIVID_HAIR.values()),
    'hair_shape': HAIR_SHAPES,
    'skin_color': SKIN,
  }
  one_hot = [factors[n][:, None] == np.array(v) for n, v in values.items()]
  return np.concatenate(one_hot, axis=1).astype(np.float32)
