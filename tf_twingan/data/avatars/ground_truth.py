"""What is known of held-out twins: where hair and background are, which hair.

Avatar twins draw one described character in several styles, so their true
answers come with masks: hair is what changes when only the hair's colour does,
and plain background is where an image has exactly the character's own.
"""

import dataclasses
from typing import NamedTuple

import numpy as np

from tf_twingan import image_arrays
from tf_twingan.data.avatars import avatar_dataset, characters, drawing
from tf_twingan.data.sources import registry

# Two colours that no drawing has, far apart.
_MARKERS = ('00ff00', 'ff00ff')
_CHANGED = 120  # Of 255: a pixel that is hair for the most part.

HAIR = np.array(
  [
    list(bytes.fromhex(color))
    for color in (
      *characters.NATURAL_HAIR.values(),
      *characters.VIVID_HAIR.values(),
    )
  ]
)
NATURAL = len(characters.NATURAL_HAIR)  # The first so many, dark to light.


class Twins(NamedTuple):
  """The truth about the first held-out characters, in one style.

  Attributes:
    hair: int [n]: place of the character's hair colour in `HAIR`.
    hair_masks: bool [n, resolution, resolution]: where the style shows hair.
    background_masks: bool [n, resolution, resolution]: where the style shows
      nothing but plain background.
  """

  hair: np.ndarray
  hair_masks: np.ndarray
  background_masks: np.ndarray


class Factors(NamedTuple):
  """The factors of a style's characters, by attribute of `Character`.

  Attributes:
    training: {factor: [m]}: of its training images, in order.
    held_out: {factor: [n]}: of its held-out ones.
    shared: those factors that both styles show.
    hidden: those that the other, or this one, does not show.
  """

  training: dict[str, np.ndarray]
  held_out: dict[str, np.ndarray]
  shared: frozenset[str]
  hidden: frozenset[str]


def are_twins(first: str, second: str) -> bool:
  """Whether held-out images of two sources show the same characters.

  Two styles of avatars do, in the same order. A crop is not followed here, so
  cropped ones count as images without known answers.
  """
  for source in (first, second):
    scheme, _, options = registry.parse(source)
    if scheme != 'avatars' or options['crop'] != 1:
      return False
  return True


def describe(source: str, resolution: int, count: int) -> Twins:
  """Draws what tells hair from background.

  Args:
    source: `avatars:STYLE`, without a crop.
    resolution: side of the masks, px; 4 to 64.
    count: the first so many characters of the test split.

  Returns:
    The truth about them.

  Raises:
    ValueError: the source is no style of avatars, or the resolution is higher
      than avatars are drawn.
  """
  scheme, style, options = registry.parse(source)
  if scheme != 'avatars' or options['crop'] != 1:
    raise ValueError(
      f'{source}: only uncropped avatars have known factors; write '
      'avatars:STYLE.'
    )
  registry.check_resolution(resolution)
  if resolution > avatar_dataset.IMAGE_SIZE:
    raise ValueError(
      f'{source}: masks are known up to {avatar_dataset.IMAGE_SIZE} px, not at '
      f'{resolution} px; lower the resolution.'
    )
  people = [
    characters.character(number)
    for number in avatar_dataset.numbers(style, 'test', count)
  ]
  marked = [
    _drawn(
      [dataclasses.replace(p, hair_color=marker) for p in people],
      style,
      resolution,
    ).astype(int)
    for marker in _MARKERS
  ]
  colors = [c.tolist() for c in HAIR]
  plain = np.array([_rgb(p.background_color) for p in people])
  return Twins(
    hair=np.array([colors.index(_rgb(p.hair_color)) for p in people]),
    hair_masks=np.abs(marked[0] - marked[1]).max(axis=-1) > _CHANGED,
    # Of a marked drawing: hair could have the background's very colour.
    background_masks=(marked[0] == plain[:, None, None]).all(axis=-1),
  )


def factors(
  target: str, source: str, *, training: int, held_out: int
) -> Factors:
  """The factors of twins, and which of them a translation could keep.

  Args:
    target: `avatars:STYLE`, the style drawn.
    source: `avatars:STYLE`, the style translated from.
    training: characters of the target's training split.
    held_out: of the test split.
  """
  (_, style, _), (_, other, _) = registry.parse(target), registry.parse(source)
  vivid = drawing.STYLES[style].vivid
  shown = [drawing.EXPRESSES[s] for s in (style, other)]
  names = [field.name for field in dataclasses.fields(characters.Character)]

  def of(split: str, count: int) -> dict[str, np.ndarray]:
    people = [
      characters.character(number, vivid and split == 'train')
      for number in avatar_dataset.numbers(style, split, count)
    ]
    return {
      name: np.array([getattr(p, name) for p in people]) for name in names
    }

  shared = shown[0] & shown[1]
  return Factors(
    of('train', training),
    of('test', held_out),
    frozenset(shared),
    frozenset((shown[0] | shown[1]) - shared),
  )


def on_other_backgrounds(
  source: str, resolution: int, count: int
) -> np.ndarray:
  """Held-out images with nothing but the background's colour changed.

  Args:
    source: `avatars:STYLE`, without a crop.
    resolution: side of the images, px; 4 to 64.
    count: the first so many characters of the test split.

  Returns:
    uint8 [count, resolution, resolution, 3].
  """
  _, style, _ = registry.parse(source)
  colors = characters.BACKGROUND
  people = []
  for number in avatar_dataset.numbers(style, 'test', count):
    person = characters.character(number)
    # Half of the hues away.
    place = colors.index(person.background_color) + len(colors) // 2
    other = colors[place % len(colors)]
    people.append(dataclasses.replace(person, background_color=other))
  return _drawn(people, style, resolution)


def _rgb(color):
  return list(bytes.fromhex(color))


def _drawn(people, style, resolution):
  full = np.stack(
    [drawing.draw(p, style, avatar_dataset.IMAGE_SIZE) for p in people]
  )
  return image_arrays.downsample(full, resolution)
