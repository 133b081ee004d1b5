"""Art styles of the avatars: which variants of a DiceBear style show a factor.

The tables name parts of the public SVG styles in `dicebear-styles`; `drawing`
applies them. `docs/avatar_twins.md` says how the art was changed and under
which licences.
"""

import collections
import dataclasses
import functools
from collections.abc import Mapping
from typing import Any

from tf_twingan.data.avatars import characters

_ALWAYS_VISIBLE = frozenset(
  {
    'hair_color',
    'hair_shape',
    'skin_color',
    'background_color',
    'mouth',
    'eyes',
    'facing',
    'tilt',
    'scale',
    'x',
    'y',
  }
)


@dataclasses.dataclass(frozen=True)
class ArtStyle:
  """How a style shows the factors, in the style's own names and units.

  Attributes:
    vivid: whether its training characters may have vivid hair, as in anime.
    center: the point of the SVG that lies in the middle of the image.
    span: width and height of the image in units of the SVG.
    faces: the side that faces look to before any flip.
    fixed: {component: variant} of the components that show no factor.
    hair: {component: variant} for each hair shape.
    mouth: variant for each mouth.
    eyes: variant for each state of the eyes.
    glasses: {component: variant} of glasses; None where there are none.
    eyes_with_glasses: variant of the eyes that wears glasses, if glasses are
      no component of their own.
    clothes: name of the colour of the clothes; None where there are none.
    turn: SVG transform that turns a straight face to its side.
    turned: names of the components that `turn` moves.
    behind: SVG elements that lie behind all others.
    without: masked groups that are left out, by the mask that they name.
    hair_fills: fixed colours in the SVG that the hair's colour replaces.
  """

  vivid: bool
  center: tuple[float, float]
  span: float
  faces: str
  fixed: Mapping[str, str]
  hair: Mapping[str, Mapping[str, str]]
  mouth: Mapping[str, str]
  eyes: Mapping[str, str]
  glasses: Mapping[str, str] | None = None
  eyes_with_glasses: str | None = None
  clothes: str | None = None
  turn: str = ''
  turned: frozenset[str] = frozenset()
  behind: tuple[Mapping[str, Any], ...] = ()
  without: tuple[str, ...] = ()
  hair_fills: tuple[str, ...] = ()

  @functools.cached_property
  def components(self) -> dict[str, set[str]]:
    """The variants that are used of each component that is used."""
    used = collections.defaultdict(set)
    for choice in (self.fixed, self.glasses or {}, *self.hair.values()):
      for component, variant in choice.items():
        used[component].add(variant)
    used['mouth'].update(self.mouth.values())
    used['eyes'].update(self.eyes.values())
    if self.eyes_with_glasses:
      used['eyes'].add(self.eyes_with_glasses)
    return dict(used)

  @functools.cached_property
  def visible_factors(self) -> frozenset[str]:
    """The factors, attributes of `characters.Character`, that can be seen.

    With glasses, `eyes` cannot be seen where `eyes_with_glasses` is set.
    """
    glasses = self.glasses or self.eyes_with_glasses
    return _ALWAYS_VISIBLE.union(
      ['glasses'] if glasses else [],
      ['clothes_color'] if self.clothes else [],
    )


def _hair(*variants: str) -> dict[str, dict[str, str]]:
  return {
    shape: {'hair': variant}
    for shape, variant in zip(characters.HAIR_SHAPES, variants, strict=True)
  }


def _mouth(*variants: str) -> dict[str, str]:
  return dict(zip(characters.MOUTHS, variants, strict=True))


def _eyes(*variants: str) -> dict[str, str]:
  return dict(zip(characters.EYES, variants, strict=True))


STYLES: dict[str, ArtStyle] = {
  'toon-head': ArtStyle(
    vivid=False,
    center=(384, 346),
    span=720,
    faces='right',
    fixed={
      'body': 'body',
      'head': 'head',
      'clothes': 'tShirt',
      'eyebrows': 'neutral',
    },
    hair={
      'cropped': {'hair': 'undercut'},
      'combed': {'hair': 'sideComed'},
      'curly': {'hair': 'spiky'},
      'bob': {'hair': 'sideComed', 'rearHair': 'neckHigh'},
      'long': {'hair': 'sideComed', 'rearHair': 'longStraight'},
      'wavy': {'hair': 'sideComed', 'rearHair': 'longWavy'},
      'bun': {'hair': 'bun'},
    },
    mouth=_mouth('smile', 'laugh', 'sad'),
    eyes=_eyes('happy', 'humble'),
    clothes='clothes',
    # About 6 % of the image to the side, narrowed to stay on the head.
    turn='matrix(.9 0 0 1 78 0)',
    turned=frozenset({'mouth', 'eyes', 'eyebrows'}),
  ),
  'personas': ArtStyle(
    vivid=False,
    center=(32, 28.6),
    span=51.5,
    faces='right',
    fixed={'clothes': 'squared', 'nose': 'smallRound'},
    hair=_hair(
      'fade',
      'shortCombover',
      'curlyHighTop',
      'bobCut',
      'extraLong',
      'long',
      'straightBun',
    ),
    mouth=_mouth('smile', 'bigSmile', 'frown'),
    eyes=_eyes('open', 'sleep'),
    eyes_with_glasses='glasses',
    clothes='clothing',
    turn='matrix(.92 0 0 1 5.8 0)',
    turned=frozenset({'mouth', 'eyes', 'nose'}),
    # The shirt ends at the canvas; a moved image shows more of it.
    behind=(
      {
        'name': 'path',
        'type': 'element',
        'attributes': {
          'd': 'M14 60H50V90H14Z',
          'fill': {'type': 'color', 'name': 'clothing'},
        },
      },
    ),
    # Highlights that, isolated by their mask, blend as plain white and
    # would pale the skin and the hair of this style alone.
    without=('url(#personas-a)', 'url(#hairCurlyHighTop-a)'),
    hair_fills=('#F55D81',),
  ),
  'adventurer': ArtStyle(
    vivid=True,
    center=(368, 366),
    span=742,
    faces='left',
    fixed={'head': 'default', 'eyebrows': 'variant10'},
    hair=_hair(
      'short04', 'short10', 'short03', 'long21', 'long05', 'long09', 'long10'
    ),
    mouth=_mouth('variant22', 'variant25', 'variant19'),
    eyes=_eyes('variant25', 'variant20'),
    glasses={'glasses': 'variant02'},
  ),
  'lorelei': ArtStyle(
    vivid=True,
    center=(496, 440),
    span=860,
    faces='right',
    fixed={'head': 'variant03', 'eyebrows': 'variant05', 'nose': 'variant01'},
    hair=_hair(
      'variant47',
      'variant08',
      'variant05',
      'variant23',
      'variant15',
      'variant35',
      'variant38',
    ),
    mouth=_mouth('happy02', 'happy05', 'sad05'),
    eyes=_eyes('variant21', 'variant19'),
    glasses={'glasses': 'variant04'},
  ),
  'big-smile': ArtStyle(
    vivid=False,
    center=(252, 226),
    span=540,
    faces='right',
    fixed={'head': 'base'},
    hair=_hair(
      'shavedHead',
      'shortHair',
      'curlyShortHair',
      'bangs',
      'straightHair',
      'wavyBob',
      'bunHair',
    ),
    mouth=_mouth('kawaii', 'openedSmile', 'unimpressed'),
    eyes=_eyes('normal', 'sleepy'),
    glasses={'accessories': 'glasses'},
  ),
}


def get_style(name: str) -> ArtStyle:
  """Returns the style of a name; raises ValueError if there is none."""
  if name not in STYLES:
    raise ValueError(
      f'No art style {name!r}; choose one of {", ".join(STYLES)}.'
    )
  return STYLES[name]
