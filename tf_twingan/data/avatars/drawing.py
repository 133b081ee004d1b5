"""Draws a character in one of five DiceBear art styles.

Each style is a public SVG style of `dicebear-styles`, changed in three ways so
that drawings of one character are twins: its canvas is moved and resized until
the skulls of all styles lie on each other; parts that no factor controls
(beards, jewellery, varying eyebrows) are taken out or fixed; and styles that
look straight ahead get their face shifted sideways, so that "facing" can be
seen in all of them. `resvg` turns the SVG into pixels.
"""

import collections
import copy
import dataclasses
import functools
import importlib.resources
import io
import json
from collections.abc import Mapping
from typing import Any

import dicebear
import numpy as np
import resvg_py
from PIL import Image

from tf_twingan.data.avatars import characters


@dataclasses.dataclass(frozen=True)
class ArtStyle:
  """How a style draws the factors, in the style's own names and units.

  Attributes:
    vivid: anime-like: its training characters may have vivid hair.
    center: the point of the drawing that lies in the image's middle.
    span: units of the drawing that fill the image.
    faces: where the drawing looks before any flip.
    fixed: variant of each part that shows no factor.
    hair: options for each hair shape.
    mouth: variant for each mouth.
    eyes: variant for each state of the eyes.
    glasses: options for glasses; None where the style has none.
    eyes_with_glasses: eyes' variant that is glasses, if they are no own part.
    clothes: name of the clothes' colour, if there are clothes.
    turn: transform that turns a straight face to its side ...
    turned: ... and the components that it moves.
    behind: SVG elements drawn behind all others.
    without: masked groups that are left out, by the mask they name.
    hair_fills: fixed colours that take the hair's instead.
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
    """The variants in use of each component that is drawn at all."""
    used = collections.defaultdict(set)
    for choice in (self.fixed, self.glasses or {}, *self.hair.values()):
      for component, variant in choice.items():
        used[component].add(variant)
    used['mouth'].update(self.mouth.values())
    used['eyes'].update(self.eyes.values())
    if self.eyes_with_glasses:
      used['eyes'].add(self.eyes_with_glasses)
    return dict(used)


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

_SHARED = frozenset(
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

# The factors that can be seen in each style. Personas draws glasses instead
# of eyes: with glasses, `eyes` cannot be seen there.
EXPRESSES: dict[str, frozenset[str]] = {
  name: _SHARED
  | ({'glasses'} if art.glasses or art.eyes_with_glasses else set())
  | ({'clothes_color'} if art.clothes else set())
  for name, art in STYLES.items()
}


def _art(style: str) -> ArtStyle:
  if style not in STYLES:
    raise ValueError(
      f'No art style {style!r}; choose one of {", ".join(STYLES)}.'
    )
  return STYLES[style]


def definition(style: str) -> dict[str, Any]:
  """Reads a style as its artist published it.

  Args:
    style: a key of `STYLES`.

  Returns:
    The decoded DiceBear definition: `meta`, `canvas`, `components`, `colors`.
  """
  _art(style)
  source = importlib.resources.files('dicebear_styles') / f'{style}.json'
  return json.loads(source.read_text('utf-8'))


def _adapt(elements: list[dict[str, Any]], art: ArtStyle) -> list[Any]:
  """Leaves out, recolours and turns elements as `art` says, at any depth."""
  kept = []
  for element in elements:
    element = copy.copy(element)
    attributes = element.get('attributes') or {}
    if attributes.get('mask') in art.without:
      continue
    if attributes.get('fill') in art.hair_fills:
      element['attributes'] = {
        **attributes,
        'fill': {'type': 'color', 'name': 'hair'},
      }
    if 'children' in element:
      element['children'] = _adapt(element['children'], art)
    if element['type'] == 'component':
      if element['name'] not in art.components:
        continue
      if element['name'] in art.turned:
        element = _group(art.turn, [element])
    kept.append(element)
  return kept


def _group(transform: str, children: list[Any]) -> dict[str, Any]:
  return {
    'name': 'g',
    'type': 'element',
    'attributes': {'transform': transform},
    'children': children,
  }


@functools.cache
def _prepared(style: str) -> dicebear.Style:
  """The style with its head in the common place and only the drawn parts."""
  art = _art(style)
  data = definition(style)
  components = {}
  for name, used in art.components.items():
    component = dict(data['components'][name])
    # DiceBear checks a style at length, so it gets no variant without a use.
    component['variants'] = {
      variant: {**content, 'elements': _adapt(content['elements'], art)}
      for variant, content in component['variants'].items()
      if variant in used
    }
    components[name] = component
  # A canvas of `span` units around `center`: flip, scale and rotation, which
  # DiceBear applies around the canvas's middle, then move all styles alike.
  offset_x, offset_y = (art.span / 2 - c for c in art.center)
  elements = [*art.behind, *_adapt(data['canvas']['elements'], art)]
  data['canvas'] = {
    'width': art.span,
    'height': art.span,
    'elements': [_group(f'translate({offset_x:g} {offset_y:g})', elements)],
  }
  data['components'] = components
  return dicebear.Style(data)


def options(character: characters.Character, style: str) -> dict[str, Any]:
  """The DiceBear options that show a character in a style."""
  art = _art(style)
  variants = {
    **art.hair[character.hair_shape],
    'mouth': art.mouth[character.mouth],
    'eyes': art.eyes[character.eyes],
  }
  if character.glasses:
    variants.update(art.glasses or {})
    if art.eyes_with_glasses:
      variants['eyes'] = art.eyes_with_glasses
  result = {
    'backgroundColor': character.background_color,
    'hairColor': character.hair_color,
    'skinColor': character.skin_color,
    'scale': character.scale,
    'rotate': character.tilt,
    'translateX': character.x,
    'translateY': character.y,
    'flip': 'none' if character.facing == art.faces else 'horizontal',
  }
  if art.clothes:
    result[f'{art.clothes}Color'] = character.clothes_color
  for name in art.components.keys() - art.fixed.keys():
    if name in variants:
      result[f'{name}Variant'] = variants[name]
    result[f'{name}Probability'] = 100 if name in variants else 0
  return result


def draw(
  character: characters.Character, style: str, size: int = 64
) -> np.ndarray:
  """Draws a character.

  Args:
    character: what to draw; factors that are not in `EXPRESSES[style]` leave
      no trace.
    style: a key of `STYLES`.
    size: width and height in pixels.

  Returns:
    uint8 [size, size, 3].
  """
  avatar = dicebear.Avatar(
    _prepared(style), {**options(character, style), 'size': size}
  )
  # Without fonts: no image holds text, and looking for a system's fonts at
  # each call takes longer than drawing.
  png = resvg_py.svg_to_bytes(
    svg_string=avatar.to_string(),
    width=size,
    height=size,
    skip_system_fonts=True,
  )
  with Image.open(io.BytesIO(bytes(png))) as image:
    return np.asarray(image.convert('RGB'))
