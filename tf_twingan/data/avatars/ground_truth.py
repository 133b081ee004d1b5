"""Ground truth of avatars: masks of hair and background, colours, factors.

Avatar twins show one described character in several styles, so the target of a
translation comes with masks: hair is what changes when only the hair's colour
does, and plain background is where an image has exactly the colour of the
character's background.
"""

import dataclasses
from typing import NamedTuple

import numpy as np

from tf_twingan import image_arrays
from tf_twingan.data.avatars import art_styles, characters
from tf_twingan.data.sources import registry

# Two colours that no drawing has, far from each other.
_MARKERS = ('00ff00', 'ff00ff')
_CHANGED = 120  # Of 255: a pixel that is hair for the most part.

HAIR_COLORS = np.array(
  [
    list(bytes.fromhex(color))
    for color in (
      *characters.NATURAL_HAIR.values(),
      *characters.VIVID_HAIR.values(),
    )
  ]
)
# The first so many are natural, from dark to light.
NATURAL_COUNT = len(characters.NATURAL_HAIR)


class GroundTruth(NamedTuple):
  """What is known of the first held-out images of one style.

  Attributes:
    hair: int [n]: index of the character's hair colour in `HAIR_COLORS`.
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
    training: {factor: [m]}: values of the training images, in order.
    held_out: {factor: [n]}: values of the held-out images, in order.
    shared: names of the factors that both styles show.
    hidden: names of the factors that only one of the styles shows.
  """

  training: dict[str, np.ndarray]
  held_out: dict[str, np.ndarray]
  shared: frozenset[str]
  hidden: frozenset[str]


def is_known(first: str, second: str) -> bool:
  """Whether held-out images of two datasets are pairs with a ground truth.

  Two styles of avatars are, in the same order. Masks do not follow a crop, so
  cropped avatars count as images without ground truth.
  """
  return all(map(_has_masks, (first, second)))


def _has_masks(dataset: str) -> bool:
  parsed = registry.parse(dataset)
  return parsed.has_ground_truth and parsed.framing.crop == 1


def describe(dataset: str, resolution: int, count: int) -> GroundTruth:
  """Finds the hair and the background of held-out images.

  Args:
    dataset: `avatars:STYLE`, without a crop.
    resolution: side of the masks in pixels, 4 to 64.
    count: number of images, the first of the test split.

  Raises:
    ValueError: the dataset is no style of avatars, or the resolution is higher
      than that of the avatars.
  """
  # Here, as elsewhere below: drawing needs packages that folders do without.
  from tf_twingan.data.avatars import avatar_dataset

  if not _has_masks(dataset):
    raise ValueError(
      f'{dataset}: only uncropped avatars have known factors; write '
      'avatars:STYLE.'
    )
  style = registry.parse(dataset).what
  registry.check_resolution(resolution)
  if resolution > avatar_dataset.IMAGE_SIZE:
    raise ValueError(
      f'{dataset}: masks are known up to {avatar_dataset.IMAGE_SIZE} px, not '
      f'at {resolution} px; lower the resolution.'
    )
  people = [
    characters.character(number)
    for number in avatar_dataset.numbers(style, 'test', count)
  ]
  marked = [
    _draw(
      [dataclasses.replace(p, hair_color=marker) for p in people],
      style,
      resolution,
    ).astype(int)
    for marker in _MARKERS
  ]
  colors = [c.tolist() for c in HAIR_COLORS]
  plain = np.array([_rgb(p.background_color) for p in people])
  return GroundTruth(
    hair=np.array([colors.index(_rgb(p.hair_color)) for p in people]),
    hair_masks=np.abs(marked[0] - marked[1]).max(axis=-1) > _CHANGED,
    # Of a marked drawing: hair could have the background's very colour.
    background_masks=(marked[0] == plain[:, None, None]).all(axis=-1),
  )


def factors(
  target: str, source: str, *, training: int, held_out: int
) -> Factors:
  """The factors of characters, and which of them a translation could keep.

  Args:
    target: `avatars:STYLE`, the dataset of the domain translated to.
    source: `avatars:STYLE`, the dataset of the domain translated from.
    training: number of characters in the target's training split.
    held_out: number of characters in the test split.
  """
  from tf_twingan.data.avatars import avatar_dataset

  style, other = (registry.parse(d).what for d in (target, source))
  vivid = art_styles.STYLES[style].vivid
  target_shows, source_shows = (
    art_styles.STYLES[s].visible_factors for s in (style, other)
  )
  names = [field.name for field in dataclasses.fields(characters.Character)]

  def values(split: str, count: int) -> dict[str, np.ndarray]:
    people = [
      characters.character(number, vivid and split == 'train')
      for number in avatar_dataset.numbers(style, split, count)
    ]
    return {
      name: np.array([getattr(p, name) for p in people]) for name in names
    }

  return Factors(
    values('train', training),
    values('test', held_out),
    shared=target_shows & source_shows,
    hidden=target_shows ^ source_shows,
  )


def on_other_backgrounds(
  dataset: str, resolution: int, count: int
) -> np.ndarray:
  """Held-out images with nothing but the background's colour changed.

  Args:
    dataset: `avatars:STYLE`, without a crop.
    resolution: side of the images in pixels, 4 to 64.
    count: number of images, the first of the test split.

  Returns:
    uint8 [count, resolution, resolution, 3].
  """
  from tf_twingan.data.avatars import avatar_dataset

  style = registry.parse(dataset).what
  colors = characters.BACKGROUND
  people = []
  for number in avatar_dataset.numbers(style, 'test', count):
    person = characters.character(number)
    # Half of the hues away.
    index = colors.index(person.background_color) + len(colors) // 2
    other = colors[index % len(colors)]
    people.append(dataclasses.replace(person, background_color=other))
  return _draw(people, style, resolution)


def _rgb(color):
  return list(bytes.fromhex(color))


def _draw(people, style, resolution):
  from tf_twingan.data.avatars import avatar_dataset, drawing

  full = np.stack(
    [drawing.draw(p, style, avatar_dataset.IMAGE_SIZE) for p in people]
  )
  return image_arrays.downsample(full, resolution)
